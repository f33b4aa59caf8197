// Calendars to subscribe to: who has one, and what is in it.
import { createHash } from 'node:crypto';
import t, { type Test } from 'tap';
import { asIdentity, type Identity } from '../../src/api/identity.ts';
import type { FeedEvent } from '../../src/ical/feed.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

const as = (database: TestDatabase, who: Identity, text: string, values: unknown[] = []) =>
  asIdentity(database.pool, who, 'rest', async (client) => (await client.query(text, values)).rows);

async function setUp(test: Test, at = '2026-03-27T12:00:00Z') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  await attemptsOf(database).register(['remind', 'noop']);
  const ann = await person(database, defaultTenant, 'ann');
  await as(database, ann, "select chime.set_preferences(timezone => 'Europe/Berlin')");
  const make = async (name: string | null = null) => {
    const [row] = await as(database, ann, 'select * from chime.create_calendar_feed($1)', [name]);
    return row as { id: string; secret: string };
  };
  const read = (secret: string) =>
    database.row<{ title: string | null; locale: string; timezone: string; events: FeedEvent[] | null }>(
      'select * from chime_private.calendar_feed($1)',
      [createHash('sha256').update(secret).digest()],
    );
  const schedule = async (args: string) => {
    const [row] = await as(database, ann, `select id from chime.create_schedule(task => 'remind', ${args})`);
    return row?.id as string;
  };
  return { database, now, ann, make, read, schedule };
}

t.test('what is ahead is in it, in the order of time', async (test) => {
  const { database, ann, make, read, schedule } = await setUp(test);
  const { secret } = await make();
  test.strictSame((await read(secret)).events, [], 'nothing at first');
  const daily = await schedule(
    `name => 'Stretch', payload => '{"text": "Up!"}', cron => '0 9 * * *', timezone => 'Europe/Berlin'`,
  );
  const id = await database.value<string>('select chime_private.run_id($1, $2)', [
    daily,
    '2026-03-28T08:00:00Z',
  ]);
  const { title, timezone, events } = await read(secret);
  test.strictSame([title, timezone], ['Meetings and reminders', 'Europe/Berlin']);
  test.equal(events?.length, 50, 'fifty of each at most');
  test.match(
    events?.slice(0, 2),
    [
      {
        uid: id,
        summary: 'Stretch',
        description: /^Up!\nat 09:00 every day, Europe\/Berlin time\nTask: remind$/,
        startsAt: '2026-03-28T08:00:00+00:00',
        endsAt: '2026-03-28T08:15:00+00:00',
        isBusy: false,
      },
      { startsAt: '2026-03-29T07:00:00+00:00' },
    ],
    'at nine, also after the clocks have changed',
  );
  await as(database, ann, "select chime.set_preferences(locale => 'ru')");
  const russian = await read(secret);
  test.equal(russian.title, 'Встречи и напоминания');
  test.match(russian.events?.[0]?.description, /Задача: remind$/);
  test.equal((await read((await make('Ann & co')).secret)).title, 'Ann & co');
});

t.test('sixty days ahead, no more than max_runs, once', async (test) => {
  const { make, read, schedule } = await setUp(test);
  const { secret } = await make();
  await schedule(`name => 'a', at => '2026-05-26T11:00:00Z'`);
  await schedule(`name => 'b', at => '2026-05-26T13:00:00Z'`);
  await schedule(`name => 'c', cron => '0 10 * * *', max_runs => 2`);
  test.strictSame(
    (await read(secret)).events?.map(({ summary, startsAt }) => `${summary} ${startsAt?.slice(0, 10)}`),
    ['c 2026-03-28', 'c 2026-03-29', 'a 2026-05-26'],
  );
});

t.test('what fires often is there once a day, the same at each look', async (test) => {
  const { now, make, read, schedule } = await setUp(test);
  const { secret } = await make();
  await schedule(`name => 'six', cron => '0 6-21/3 * * *'`);
  const six = (await read(secret)).events ?? [];
  test.strictSame(
    [six.length, six[0]?.startsAt, six[1]?.startsAt],
    [50, '2026-03-27T15:00:00+00:00', '2026-03-27T18:00:00+00:00'],
  );
  await schedule(`name => 'often', every => '10 minutes', anchor => '2026-03-01T00:05:00Z'`);
  const only = async () => (await read(secret)).events?.filter(({ summary }) => summary === 'often') ?? [];
  const first = await only();
  test.match(first[0]?.description, /every 10 minutes[\s\S]*first time of each day alone/);
  test.strictSame(
    first.slice(0, 3).map(({ startsAt }) => startsAt),
    ['2026-03-27T12:05:00+00:00', '2026-03-28T00:05:00+00:00', '2026-03-29T00:05:00+00:00'],
    'of today, the first since it was made',
  );
  test.equal(first.length, 50);
  await now.set('2026-03-27T20:00:00Z');
  test.strictSame((await only())[0]?.uid, first[0]?.uid);
});

t.test('many schedules share a thousand events', async (test) => {
  const { database, ann, make, read } = await setUp(test);
  const { secret } = await make();
  await as(
    database,
    ann,
    `select count(*) from generate_series(1, 120) n, lateral chime.create_schedule(task => 'remind', name => 's' || n, cron => (n % 60) || ' 9 * * *')`,
  );
  const events = (await read(secret)).events ?? [];
  test.equal(events.length, 960);
  test.equal(new Set(events.map(({ uid }) => uid)).size, 960, 'each with a UID of its own');
});

t.test('what will not happen is not in it', async (test) => {
  const { database, ann, make, read, schedule } = await setUp(test);
  const { secret } = await make();
  const names = async () =>
    (await read(secret)).events?.map(({ summary, startsAt }) => `${summary} ${startsAt?.slice(0, 10)}`);
  const paused = await schedule(`name => 'paused', cron => '0 9 * * *', max_runs => 2`);
  const skipped = await schedule(`name => 'skipped', cron => '0 9 * * *', max_runs => 2`);
  const deleted = await schedule(`name => 'deleted', cron => '0 9 * * *', max_runs => 2`);
  await as(database, ann, 'select chime.pause_schedule($1)', [paused]);
  await as(database, ann, 'select chime.skip_next($1)', [skipped]);
  await as(database, ann, 'select chime.delete_schedule($1)', [deleted]);
  await database.rows("select chime.set_calendar('holidays', '{2026-03-28}')");
  await schedule(`name => 'never', cron => '0 8 * * *', max_runs => 1, never_on => '{holidays}'`);
  await database.rows(
    "select chime.create_schedule(task => 'noop', name => 'of the tenant', cron => '0 9 * * *')",
  );
  test.strictSame((await names())?.sort(), ['never 2026-03-29', 'skipped 2026-03-29', 'skipped 2026-03-30']);
  await as(database, ann, "select chime.set_check_in('09:00')");
  await as(database, ann, 'select chime.complete_onboarding()');
  test.equal(
    await database.value(
      "select count(*)::integer from chime.schedules where purpose = 'check_in' and status = 'active'",
    ),
    1,
  );
  test.equal((await names())?.length, 3, 'nor is it known whether somebody is asked how they are');
});

t.test('meetings, moved, cancelled, of whole days; their reminders are not events', async (test) => {
  const { database, now, ann, make, read } = await setUp(test);
  const { secret } = await make();
  const book = async (args: string) =>
    (await as(database, ann, `select id from chime.book_meeting(${args})`))[0]?.id as string;
  const review = await book(
    "title => 'Review', starts_at => '2026-04-10 10:00', duration => '45 minutes', location => 'Room 1', description => 'Bring it'",
  );
  await book("title => 'Fair', starts_at => '2026-04-11 00:00', ends_at => '2026-04-13 00:00'");
  test.match((await read(secret)).events, [
    {
      uid: review,
      summary: 'Review',
      location: 'Room 1',
      description: 'Bring it',
      startsAt: '2026-04-10T08:00:00+00:00',
      endsAt: '2026-04-10T08:45:00+00:00',
      status: 'CONFIRMED',
      sequence: 1,
      isBusy: true,
    },
    { summary: 'Fair', startsOn: '2026-04-11', endsOn: '2026-04-13', startsAt: undefined },
  ]);
  await now.advance('1 minute');
  await as(database, ann, "select chime.reschedule_meeting($1, '2026-04-10 12:00')", [review]);
  await as(database, ann, 'select chime.cancel_meeting($1)', [review]);
  test.match((await read(secret)).events?.[0], {
    uid: review,
    startsAt: '2026-04-10T10:00:00+00:00',
    status: 'CANCELLED',
    sequence: 3,
    updatedAt: '2026-03-27T12:01:00+00:00',
  });
  test.equal((await read(secret)).events?.length, 2);
  await now.set('2026-04-10T10:45:00Z');
  test.strictSame(
    (await read(secret)).events?.map(({ summary }) => summary),
    ['Fair'],
    'what is over is not ahead',
  );
});

t.test('whoever has no right to it finds nothing', async (test) => {
  const { database, now, ann, make, read } = await setUp(test);
  const nothing = { title: null, locale: null, timezone: null, events: null };
  test.strictSame(await read('feed_unknown'), nothing);
  const { id, secret } = await make();
  test.equal(await database.value('select last_used_at from chime.calendar_feeds'), null);
  await read(secret);
  const used = 'select last_used_at from chime.calendar_feeds';
  test.strictSame(await database.value(used), await now.read());
  await now.advance('4 minutes');
  await read(secret);
  test.equal((await now.read()).getTime() - (await database.value<Date>(used)).getTime(), 240_000, 'coarse');
  await database.rows('select chime.block_user($1)', [ann.userId]);
  test.match(await read(secret), { events: null }, 'of a user who is blocked');
  await database.rows('select chime.unblock_user($1)', [ann.userId]);
  test.strictSame((await read(secret)).events, []);
  const bob = await person(database, defaultTenant, 'bob');
  await test.rejects(as(database, bob, 'select chime.revoke_calendar_feed($1)', [id]), { code: 'CH024' });
  await test.rejects(as(database, bob, 'select chime.create_calendar_feed(user_id => $1)', [ann.userId]), {
    code: 'CH015',
  });
  await as(database, ann, 'select chime.revoke_calendar_feed($1)', [id]);
  await as(database, ann, 'select chime.revoke_calendar_feed($1)', [id]);
  test.match(await read(secret), { events: null }, 'once it is revoked');
  const other = await make();
  await database.rows('select chime.forget_person($1)', [ann.userId]);
  test.match(await read(other.secret), { events: null }, 'once the person is forgotten');
});

t.test('the secret is nowhere, and what is asked for is checked', async (test) => {
  const { database, ann, make } = await setUp(test);
  const { id, secret } = await make();
  test.match(secret, /^feed_[\w-]{43}$/);
  const row = await database.row<{ prefix: string; hash: Buffer; all: string }>(
    'select f.prefix, f.hash, f::text as all from chime.calendar_feeds f where id = $1',
    [id],
  );
  test.strictSame(
    [row.prefix, row.hash],
    [secret.slice(0, 11), createHash('sha256').update(secret).digest()],
  );
  test.notOk(row.all.includes(secret.slice(11)));
  for (const name of ['', 'x'.repeat(201)])
    await test.rejects(as(database, ann, 'select chime.create_calendar_feed($1)', [name]), { code: 'CH007' });
  await test.rejects(
    database.rows('select chime.create_calendar_feed()'),
    { code: 'CH015' },
    'nobody is signed in',
  );
  for (let count = 1; count < 20; count++) await make();
  await test.rejects(make(), { code: 'CH013' });
  await as(database, ann, 'select chime.revoke_calendar_feed($1)', [id]);
  await make();
});
