// A calendar that programs subscribe to: over HTTP, read as they read it.
import { createHash } from 'node:crypto';
import ICAL from 'ical.js';
import t, { type Test } from 'tap';
import { asIdentity } from '../../src/api/identity.ts';
import { createChime } from '../../src/client/chime.ts';
import { jwtConfig, startApi } from '../support/api.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

async function setUp(test: Test, locale = 'en') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-11-20T15:00:00Z');
  await attemptsOf(database).register(['remind']);
  const ann = await person(database, defaultTenant, 'ann');
  const { userId } = ann;
  await database.rows('update chime.users set locale = $2, timezone = $3 where id = $1', [
    userId,
    locale,
    'Europe/Berlin',
  ]);
  const chime = createChime({ pool: database.pool });
  const api = await startApi(test, database);
  const feed = await chime.calendarFeeds.create({ user: 'ann' });
  return { database, now, chime, ann, userId: userId as string, feed, ...api };
}

/** The events of a calendar, as a program reads them. */
function read(text: string) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  return {
    calendar,
    events: calendar.getAllSubcomponents('vevent').map((component) => new ICAL.Event(component)),
  };
}

const long = `Ревью, "план"; a\\b\nдве строки 😀 ${'очень '.repeat(40)}`;

t.test('what is ahead, as iCalendar', async (test) => {
  const { database, call, feed, userId, ann } = await setUp(test);
  await database.rows(
    `select chime.book_meeting(title => 'Review, the second; of two', starts_at => '2026-12-01 10:00', duration => '45 minutes', location => 'Room 1; left',
       description => $2, user_id => $1)`,
    [userId, long],
  );
  await database.rows(
    "select chime.book_meeting(title => 'Fair', starts_at => '2026-12-02 00:00', ends_at => '2026-12-04 00:00', user_id => $1)",
    [userId],
  );
  await asIdentity(database.pool, ann, 'rest', (client) =>
    client.query(
      "select chime.create_schedule(task => 'remind', name => 'Stretch', at => '2026-12-05 09:00', timezone => 'Europe/Berlin')",
    ),
  );
  const { status, headers, text } = await call('GET', feed.path);
  test.match(
    [status, headers],
    [
      200,
      { 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'private, max-age=300', etag: /^"/ },
    ],
  );
  test.notMatch(text, /[^\r]\n/, 'lines end as they have to');
  test.ok(
    text.split('\r\n').every((line) => Buffer.byteLength(line) <= 75),
    'and are folded',
  );
  const { calendar, events } = read(text);
  const value = (name: string) => String(calendar.getFirstPropertyValue(name));
  test.strictSame(
    ['version', 'method', 'name', 'x-wr-calname', 'x-wr-timezone', 'x-published-ttl', 'refresh-interval'].map(
      value,
    ),
    ['2.0', 'PUBLISH', 'Meetings and reminders', 'Meetings and reminders', 'Europe/Berlin', 'PT15M', 'PT15M'],
  );
  test.strictSame(
    events.map((event) => [event.summary, String(event.startDate), String(event.endDate)]),
    [
      ['Review, the second; of two', '2026-12-01T09:00:00Z', '2026-12-01T09:45:00Z'],
      ['Fair', '2026-12-02', '2026-12-04'],
      ['Stretch', '2026-12-05T08:00:00Z', '2026-12-05T08:15:00Z'],
    ],
  );
  const [review, , stretch] = events;
  test.strictSame(
    [review?.location, review?.description, review?.sequence],
    ['Room 1; left', long.trim(), 1],
  );
  const of = (event: ICAL.Event | undefined, name: string) =>
    String(event?.component.getFirstPropertyValue(name));
  test.strictSame(
    [
      of(review, 'status'),
      of(review, 'transp'),
      of(stretch, 'transp'),
      of(review, 'last-modified'),
      of(review, 'dtstamp'),
    ],
    ['CONFIRMED', 'OPAQUE', 'TRANSPARENT', '2026-11-20T15:00:00Z', '2026-11-20T15:00:00Z'],
  );
  test.match(
    stretch?.description,
    /^once, on Saturday 5 December 2026 at 09:00, Europe\/Berlin time\nTask: remind$/,
  );
  test.equal(new Set(events.map(({ uid }) => uid)).size, 3);
});

t.test('asked again, it is sent only where something has changed', async (test) => {
  const { database, now, call, feed, userId } = await setUp(test, 'ru');
  const first = await call('GET', feed.path);
  test.match(first.text, /\r\nX-WR-CALNAME:Встречи и напоминания\r\n/);
  const etag = String(first.headers.etag);
  await now.advance('1 hour');
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = await call('GET', feed.path, { headers: { 'if-none-match': known } });
    test.match([again.status, again.text, again.headers.etag], [304, '', etag], known);
  }
  const head = await call('HEAD', feed.path);
  test.match(
    [head.status, head.text, head.headers],
    [
      200,
      '',
      {
        etag,
        'content-type': 'text/calendar; charset=utf-8',
        'content-length': String(Buffer.byteLength(first.text)),
      },
    ],
  );
  await database.rows(
    "select chime.book_meeting(title => 'x', starts_at => '2026-12-01 10:00', user_id => $1)",
    [userId],
  );
  const changed = await call('GET', feed.path, { headers: { 'if-none-match': etag } });
  test.equal(changed.status, 200);
  test.not(changed.headers.etag, etag);
});

t.test('what is not there, or not any more', async (test) => {
  const { database, call, chime, feed, userId } = await setUp(test);
  const absent = async (path: string, what: string) => {
    const { status, json, text, headers } = await call('GET', path);
    test.match(
      [status, json, headers],
      [
        404,
        { type: 'urn:pgchime:problem:not-found', status: 404, detail: 'There is no such calendar.' },
        { 'content-type': 'application/problem+json; charset=utf-8', 'cache-control': 'no-store' },
      ],
      what,
    );
    test.notMatch(text, /feed_/, 'nor is the address told');
  };
  await absent(`/calendar/feed_${'x'.repeat(43)}.ics`, 'unknown');
  await absent(feed.path.replace('.ics', ''), 'without its ending');
  await absent('/calendar/x.ics', 'no secret');
  await absent(`/calendar/${createHash('sha256').update(feed.secret).digest('hex')}.ics`, 'its hash');
  await database.rows('select chime.block_user($1)', [userId]);
  await absent(feed.path, 'of a user who is blocked');
  await database.rows('select chime.unblock_user($1)', [userId]);
  test.equal((await call('GET', feed.path)).status, 200);
  await chime.calendarFeeds.revoke(feed.id);
  await absent(feed.path, 'revoked');
  await test.rejects(chime.calendarFeeds.revoke('00000000-0000-7000-8000-000000000000'), { code: 'CH024' });
  test.match(await chime.calendarFeeds.list(), [
    { id: feed.id, userSubject: 'ann', prefix: feed.secret.slice(0, 11), name: null, revokedAt: Date },
  ]);
});

t.test('the secret is in no line of the log', async (test) => {
  const { call, feed, lines, server } = await setUp(test);
  await call('GET', feed.path);
  await call('POST', feed.path, { body: {} });
  await call('GET', `${feed.path}/more`);
  test.match(
    lines.filter(({ msg }) => msg === 'request').map(({ route, status }) => [route, status]),
    [
      ['/calendar/:file', 200],
      [null, 404],
      [null, 404],
    ],
  );
  await server.stop();
  test.notMatch(JSON.stringify(lines), feed.secret);
});

t.test('those who ask are counted as everybody is', async (test) => {
  const { database, feed } = await setUp(test);
  const { call } = await startApi(test, database, { ...jwtConfig, rateLimit: 2 });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count++) statuses.push((await call('GET', feed.path)).status);
  test.strictSame(statuses, [200, 200, 429]);
});
