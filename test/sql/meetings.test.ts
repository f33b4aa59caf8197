// Meetings and their reminders: made, moved and cancelled together, and read once more just before they are sent.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

interface Meeting {
  id: string;
  title: string;
  starts: string;
  ends: string;
  status: string;
  revision: number;
  timezone: string;
  location: string | null;
  reminders: string[];
}

const columns = `id, title, status, revision, timezone, location, reminders::text[] as reminders,
  to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as starts, to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ends`;

/** Ann in Berlin with a Telegram chat, whatever else is said of her. */
async function setUp(test: Test, { now: start = '2026-11-20T08:00:00Z', zone = 'Europe/Berlin' } = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, start);
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows('select chime.set_preferences(timezone => $2, user_id => $1)', [ann.userId, zone]);
  const { register, attempt } = attemptsOf(database);
  const deliveries = deliveriesOf(database);
  await deliveries.register(channelOf('telegram'));
  const chat = await deliveries.map('telegram', '100', ann.userId);
  await register(['remind', 'noop']);
  const one = async (call: string, values: unknown[] = []): Promise<Meeting> => {
    const [row] = await as<Meeting & Record<string, unknown>>(
      database,
      ann,
      `select ${columns} from ${call}`,
      values,
    );
    return row as Meeting;
  };
  const tick = () => database.rows('select * from chime_private.tick()');
  /** Runs what is queued, as a worker would. */
  const work = async () => {
    const queued = await database.rows<{ id: string; output: string }>(
      "select id, payload ->> 'text' as output from chime.runs where status = 'queued' order by id",
    );
    for (const { id, output } of queued) await attempt(id, { output });
  };
  return {
    ...{ database, now, ann, chat, tick, work, deliveries, one },
    /** Books a meeting as Ann. */
    book: (fields: string) => one(`chime.book_meeting(${fields})`),
    move: (id: string, fields: string) => one(`chime.reschedule_meeting($1, ${fields})`, [id]),
    cancel: (id: string, reason: string | null = null) => one('chime.cancel_meeting($1, $2)', [id, reason]),
    /** The reminders that there are: when each comes, how long before, and how far its schedule is. */
    reminders: async () =>
      (
        await database.rows<{ line: string }>(
          `select concat_ws(' ', to_char(r.remind_at at time zone 'UTC', 'MM-DD HH24:MI'), r.before, s.status, r.skip_reason) as line
           from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id
           where s.next_run_at is not distinct from case s.status when 'active' then r.remind_at end
           order by r.remind_at, r.before`,
        )
      ).map(({ line }) => line),
    /** Moves the clock there, fires and runs what is due, and sends what came of it; answers the texts. */
    async at(instant: string): Promise<string[]> {
      await now.set(instant);
      await tick();
      await work();
      const said: string[] = [];
      for (let isMore = true; isMore; ) {
        const { messages, more } = await deliveries.claim(['telegram']);
        await deliveries.report(messages, { outcome: 'sent', externalId: 'm' });
        said.push(...messages.map(({ run }) => String(run.output)));
        isMore = more;
      }
      return said;
    },
  };
}

t.test('booked, it has its reminders, which come in their time', async (test) => {
  const { book, reminders, at } = await setUp(test);
  const meeting = await book(
    "'Design review', '2026-11-21 15:00', duration => '45 minutes', location => 'Zoom'",
  );
  test.match(meeting, {
    ...{ starts: '2026-11-21 14:00', ends: '2026-11-21 14:45', timezone: 'Europe/Berlin' },
    ...{ status: 'scheduled', revision: 1, reminders: ['24:00:00', '01:00:00'] },
  });
  test.strictSame(await reminders(), ['11-20 14:00 24:00:00 active', '11-21 13:00 01:00:00 active']);
  test.strictSame(await at('2026-11-20T13:59:59Z'), []);
  test.strictSame(await at('2026-11-20T14:00:00Z'), [
    '⏰ Design review: tomorrow, 15:00–15:45 (Europe/Berlin)\nZoom',
  ]);
  test.strictSame(await at('2026-11-21T13:00:00Z'), [
    '⏰ Design review: today, 15:00–15:45 (Europe/Berlin)\nZoom',
  ]);
  test.strictSame(await reminders(), ['11-20 14:00 24:00:00 completed', '11-21 13:00 01:00:00 completed']);
});

t.test('how long before is for the tenant, or the meeting, to say', async (test) => {
  const { book, database, reminders, move } = await setUp(test);
  const first = await book("'First', '2026-11-25 15:00'");
  await database.rows("update chime.tenant_settings set meeting_reminders = '{30 minutes}'");
  test.match(await move(first.id, "'2026-11-25 16:00'"), { reminders: ['24:00:00', '01:00:00'] });
  test.strictSame(await reminders(), ['11-24 15:00 24:00:00 active', '11-25 14:00 01:00:00 active']);
  await book("'Second', '2026-11-26 15:00'");
  await book(
    "'Third', '2026-11-27 15:00', reminders => '{10 minutes,2 hours,10 minutes,1 day 00:30:00,120 minutes}'",
  );
  test.match(await book("'Fourth', '2026-11-28 15:00', reminders => '{}'"), { reminders: [] });
  test.strictSame(await reminders(), [
    ...['11-24 15:00 24:00:00 active', '11-25 14:00 01:00:00 active', '11-26 13:30 00:30:00 active'],
    ...['11-26 13:30 1 day 00:30:00 active', '11-27 12:00 02:00:00 active', '11-27 13:50 00:10:00 active'],
  ]);
});

t.test('none for a time that is over', async (test) => {
  const { book, reminders, at } = await setUp(test);
  await book("'Soon', '2026-11-20 10:30'");
  test.strictSame(await reminders(), ['11-20 08:30 01:00:00 active']);
  await book("'Very soon', '2026-11-20 10:00'");
  test.match(await book("'Now', '2026-11-20 08:30', duration => '2 hours'"), { status: 'scheduled' });
  test.strictSame(await reminders(), ['11-20 08:30 01:00:00 active']);
  await test.rejects(book("'Over', '2026-11-20 07:00', duration => '2 hours'"), { code: 'CH004' });
  test.equal((await at('2026-11-20T23:00:00Z')).length, 0, 'missed: it has begun');
  test.strictSame(await reminders(), ['11-20 08:30 01:00:00 completed missed']);
});

t.test('moved, its reminders move with it', async (test) => {
  const { book, move, reminders, database } = await setUp(test);
  const { id } = await book("'Review', '2026-11-25 15:00', duration => '45 minutes'");
  const schedules = () => database.rows('select id from chime.schedules order by id');
  const before = await schedules();
  test.match(await move(id, "'2026-11-26 09:00'"), {
    ...{ starts: '2026-11-26 08:00', ends: '2026-11-26 08:45', revision: 2, timezone: 'Europe/Berlin' },
  });
  test.strictSame(await reminders(), ['11-25 08:00 24:00:00 active', '11-26 07:00 01:00:00 active']);
  test.strictSame(await schedules(), before, 'they are the same ones');
  test.match(await move(id, "'2026-11-26 09:00'"), { revision: 2 }, 'it is there already');
  test.match(await move(id, "'2026-11-26T10:00Z', '2026-11-26T10:30Z', 'Asia/Tokyo', 2"), {
    ...{ starts: '2026-11-26 10:00', ends: '2026-11-26 10:30', revision: 3, timezone: 'Asia/Tokyo' },
  });
  await test.rejects(move(id, "'2026-11-27 10:00', expected_revision => 2"), { code: 'CH012' });
  // In two hours: one of them is over.
  await move(id, "'2026-11-20 19:00'");
  test.strictSame(await reminders(), ['11-20 09:00 01:00:00 active']);
  await move(id, "'2026-11-20 17:30'");
  test.strictSame(await reminders(), [], 'all of them are');
  await move(id, "'2026-11-30 19:00'");
  test.strictSame(await reminders(), ['11-29 10:00 24:00:00 active', '11-30 09:00 01:00:00 active']);
});

t.test('24 hours are 24 hours, a day is a day, over clock changes', async (test) => {
  const { book, move, reminders } = await setUp(test, { now: '2026-10-01T00:00:00Z' });
  const given = "reminders => '{24 hours,1 day 1 hour}'";
  const { id } = await book(`'Review', '2026-10-24 15:00', ${given}`);
  test.strictSame(await reminders(), ['10-23 12:00 1 day 01:00:00 active', '10-23 13:00 24:00:00 active']);
  test.match(await move(id, "'2026-10-25 15:00'"), { starts: '2026-10-25 14:00', ends: '2026-10-25 15:00' });
  test.strictSame(await reminders(), ['10-24 12:00 1 day 01:00:00 active', '10-24 14:00 24:00:00 active']);
});

t.test('times that a clock change leaves out, or has twice', async (test) => {
  const { book, reminders } = await setUp(test, { now: '2026-03-01T00:00:00Z' });
  test.match(await book("'In the gap', '2026-03-29 02:30', reminders => '{}'"), {
    starts: '2026-03-29 01:00',
  });
  await book("'The day after', '2026-03-30 02:30', reminders => '{1 day}'");
  test.strictSame(await reminders(), ['03-29 01:00 1 day active'], 'at 03:00, for there is no 02:30');
  test.match(await book("'In the fold', '2026-10-25 02:30', reminders => '{}'"), {
    starts: '2026-10-25 00:30',
  });
  test.match(await book("'Through it', '2026-10-25 02:50', '2026-10-25 02:10', reminders => '{}'"), {
    ...{ starts: '2026-10-25 00:50', ends: '2026-10-25 01:10' },
  });
  test.match(await book("'A whole day', '2026-10-25 00:00', duration => '1 day', reminders => '{}'"), {
    ...{ starts: '2026-10-24 22:00', ends: '2026-10-25 23:00' },
  });
  test.match(await book("'2011', '2030-12-31 00:00', timezone => 'Pacific/Apia', reminders => '{1 day}'"), {
    starts: '2030-12-30 11:00',
  });
});

t.test('moved after one of them has come, that one comes again', async (test) => {
  const { book, move, at, reminders, deliveries } = await setUp(test);
  const { id } = await book("'Review', '2026-11-21 15:00'");
  test.equal((await at('2026-11-20T14:00:00Z')).length, 1);
  await move(id, "'2026-11-23 15:00'");
  test.strictSame(await reminders(), ['11-22 14:00 24:00:00 active', '11-23 13:00 01:00:00 active']);
  test.strictSame(await deliveries.states(), ['telegram sent'], 'what was said was said');
  test.strictSame(await at('2026-11-21T14:00:00Z'), []);
  test.match(await at('2026-11-22T14:00:00Z'), [/tomorrow, 15:00–16:00/]);
  await move(id, "'2026-11-23 14:30'");
  test.strictSame(await reminders(), ['11-23 12:30 01:00:00 active'], 'the time of the other one is over');
  test.match(await at('2026-11-23T12:30:00Z'), [/today, 14:30–15:30/]);
});

/** Quiet hours hold the first reminder, at 23:00 in Berlin. */
async function held(test: Test) {
  const made = await setUp(test);
  await made.database.rows("select chime.set_quiet_hours('22:00', '08:00', $1)", [made.ann.userId]);
  const { id } = await made.book("'Review', '2026-11-21 23:00', location => 'Zoom'");
  test.strictSame(await made.at('2026-11-20T22:00:00Z'), []);
  test.strictSame(await made.deliveries.states(), ['telegram pending']);
  return { ...made, id };
}

t.test('what quiet hours hold says what is so when it is sent', async (test) => {
  const { book, at, database, id } = await held(test);
  test.match(await database.value('select output from chime.runs'), /tomorrow, 23:00–00:00/);
  await database.rows("update chime.meetings set key = 'uid' where id = $1", [id]);
  await book("'Design review', '2026-11-21 23:00', key => 'uid', location => 'Room 1'");
  const said = '⏰ Design review: today, 23:00–00:00 (Europe/Berlin)\nRoom 1';
  test.strictSame(await at('2026-11-21T07:00:00Z'), [said]);
  test.strictSame(
    await database.row("select output, output_summary, payload ->> 'text' as text from chime.runs"),
    { output: said, output_summary: said, text: said },
  );
});

t.test('what quiet hours hold is withdrawn when the meeting is cancelled or moved', async (test) => {
  {
    const { cancel, deliveries, at, id, reminders } = await held(test);
    await cancel(id, 'Ill');
    test.strictSame(await deliveries.states(), ['telegram skipped The meeting was cancelled.']);
    test.strictSame(await reminders(), ['11-20 22:00 24:00:00 completed', '11-21 21:00 01:00:00 cancelled']);
    test.strictSame(await at('2026-11-22T07:00:00Z'), []);
  }
  {
    const { move, deliveries, at, id, reminders } = await held(test);
    await move(id, "'2026-11-23 12:00'");
    test.strictSame(await deliveries.states(), ['telegram skipped The meeting was moved.']);
    test.strictSame(await reminders(), ['11-22 11:00 24:00:00 active', '11-23 10:00 01:00:00 active']);
    test.strictSame(await at('2026-11-21T07:00:00Z'), []);
    test.match(await at('2026-11-22T11:00:00Z'), [/tomorrow/]);
  }
});

t.test('one is enough: after an outage, and at the end of quiet hours', async (test) => {
  {
    const { book, at, reminders } = await setUp(test);
    await book("'Review', '2026-11-21 15:00'");
    test.match(await at('2026-11-21T13:30:00Z'), [/today/]);
    test.strictSame(await reminders(), [
      '11-20 14:00 24:00:00 completed overtaken',
      '11-21 13:00 01:00:00 completed',
    ]);
  }
  {
    const { book, at, database, ann, deliveries } = await setUp(test);
    await database.rows("select chime.set_quiet_hours('22:00', '08:00', $1)", [ann.userId]);
    await book("'Review', '2026-11-21 08:30', reminders => '{8 hours,1 hour}'");
    test.strictSame(await at('2026-11-20T23:30:00Z'), []);
    test.strictSame(await at('2026-11-21T06:30:00Z'), []);
    test.match(await at('2026-11-21T07:00:00Z'), [/today, 08:30/]);
    test.strictSame(await deliveries.states(), [
      'telegram skipped A later reminder of it is due as well.',
      'telegram sent',
    ]);
  }
});

t.test('late is better than not at all, until it begins', async (test) => {
  const { book, at, reminders, deliveries, now, tick, work } = await setUp(test);
  await book("'Review', '2026-11-20 15:00'");
  test.match(await at('2026-11-20T13:59:59Z'), [/today, 15:00/]);
  await book("'Other', '2026-11-20 18:00'");
  test.strictSame(await at('2026-11-20T17:00:00Z'), []);
  test.strictSame(await reminders(), [
    '11-20 13:00 01:00:00 completed',
    '11-20 16:00 01:00:00 completed begun',
  ]);
  await book("'Third', '2026-11-20 20:00'");
  await now.set('2026-11-20T18:00:00Z');
  await tick();
  await work();
  test.strictSame(await at('2026-11-20T19:00:00Z'), []);
  test.match((await deliveries.states()).at(-1), 'telegram skipped The meeting has begun.');
});

t.test('what a worker has not said yet is withdrawn, too', async (test) => {
  for (const how of ['queued', 'cancelled', 'succeeded'] as const) {
    const { book, cancel, now, tick, database } = await setUp(test);
    const { register, start, finish } = attemptsOf(database);
    const { id } = await book("'Review', '2026-11-20 15:00'");
    await now.set('2026-11-20T13:00:00Z');
    await tick();
    const run = await database.value<string>('select id from chime.runs');
    const started = how === 'queued' ? [] : await start(await register(['remind']), [run]);
    await cancel(id);
    if (how !== 'queued')
      await finish([{ id: run, attempt: started[0]?.attempt ?? 0, outcome: how, output: 'Review' }]);
    test.match(await database.row('select status, cancel_reason from chime.runs'), {
      ...{ status: how === 'succeeded' ? how : 'cancelled', cancel_reason: 'The meeting was cancelled.' },
    });
    test.strictSame(
      await database.rows("select skip_reason from chime.deliveries where status <> 'skipped'"),
      [],
      how,
    );
  }
});

t.test('whoever commits first wins', async (test) => {
  const isWaiting = `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%cancel_meeting%')`;
  const claim = `select * from chime_private.claim_deliveries(gen_random_uuid(), '{telegram}', null, 10) where id is not null`;
  const begin = async () => {
    const made = await setUp(test);
    const { id } = await made.book("'Review', '2026-11-20 15:00'");
    await made.now.set('2026-11-20T13:00:00Z');
    const client = await made.database.connect(test);
    await client.query('begin');
    const cancelled = `select chime.cancel_meeting('${id}')`;
    /** Starts to cancel it, and waits until that waits. */
    const cancelling = async () => {
      const done = made.database.rows(cancelled);
      while (!(await made.database.value<boolean>(isWaiting)));
      return { done };
    };
    return { ...made, id, client, cancelled, cancelling };
  };
  await test.test('the clock: what it has fired is withdrawn', async (t) => {
    const { client, cancelling, database } = await begin();
    await client.query('select * from chime_private.tick()');
    const { done } = await cancelling();
    await client.query('commit');
    await done;
    t.strictSame(await database.rows('select status from chime.runs'), [{ status: 'cancelled' }]);
  });
  await test.test('who cancels: the clock leaves it alone', async (t) => {
    const { client, cancelled, database, tick } = await begin();
    await client.query(cancelled);
    await tick();
    t.strictSame(await database.rows('select status from chime.runs'), []);
    await client.query('commit');
    await tick();
    t.strictSame(await database.rows("select status from chime.runs where status <> 'skipped'"), []);
  });
  await test.test('the sender: it is sent', async (t) => {
    const { client, cancelling, tick, work, deliveries } = await begin();
    await tick();
    await work();
    t.equal((await client.query(claim)).rowCount, 1);
    const { done } = await cancelling();
    await client.query('commit');
    await done;
    t.strictSame(await deliveries.states(), ['telegram sending']);
  });
  await test.test('who cancels: it is not', async (t) => {
    const { client, cancelled, database, tick, work, deliveries } = await begin();
    await tick();
    await work();
    await client.query(cancelled);
    t.equal((await database.rows(claim)).length, 0);
    await client.query('commit');
    t.strictSame(await deliveries.states(), ['telegram skipped The meeting was cancelled.']);
    t.equal((await database.rows(claim)).length, 0);
  });
  await test.test('who takes it back that it was cancelled: it is sent', async (t) => {
    const { client, cancelled, database, tick, work } = await begin();
    await tick();
    await work();
    await client.query(cancelled);
    await client.query('rollback');
    t.equal((await database.rows(claim)).length, 1);
  });
});

t.test('the meeting is read again when it fires, and before it is sent', async (test) => {
  // As if by something that knows nothing of reminders.
  const cancel =
    "update chime.meetings set status = 'cancelled', cancelled_at = chime.now(), revision = revision + 1";
  {
    const { book, at, database, reminders } = await setUp(test);
    await book("'Review', '2026-11-20 15:00'");
    await database.rows(cancel);
    test.strictSame(await at('2026-11-20T13:00:00Z'), []);
    test.strictSame(await reminders(), ['11-20 13:00 01:00:00 completed cancelled']);
    test.strictSame(await database.rows('select status, skip_reason from chime.runs'), [
      { status: 'skipped', skip_reason: 'not_wanted' },
    ]);
  }
  for (const [change, reason] of [
    [cancel, 'The meeting was cancelled.'],
    ['delete from chime.meeting_reminders', 'The meeting was moved.'],
    ['delete from chime.meetings', 'The meeting was moved.'],
  ] as const) {
    const { book, database, now, tick, work, deliveries } = await setUp(test);
    await book("'Review', '2026-11-20 15:00'");
    await now.set('2026-11-20T13:00:00Z');
    await tick();
    await work();
    await database.rows(change);
    test.strictSame(await deliveries.sendAll(['telegram']), []);
    test.strictSame(await deliveries.states(), [`telegram skipped ${reason}`]);
  }
});

t.test('run by hand it comes, whatever there was', async (test) => {
  const { book, cancel, at, database, reminders } = await setUp(test);
  const { id } = await book("'Review', '2026-11-20 15:00', reminders => '{2 hours,1 hour}'");
  const run = "select chime.run_now(schedule_id) from chime.meeting_reminders where before = '1 hour'";
  await database.rows(run);
  test.match(await at('2026-11-20T09:00:00Z'), [/Review: today, 15:00/]);
  test.strictSame(await reminders(), ['11-20 12:00 02:00:00 active', '11-20 13:00 01:00:00 active']);
  await cancel(id);
  await test.rejects(database.rows(run), { code: 'CH013' });
});

t.test('in the language and on the clock of who reads it', async (test) => {
  const { book, database, ann, at } = await setUp(test, { zone: 'Asia/Tokyo' });
  await database.rows("update chime.users set locale = 'ru-RU' where id = $1", [ann.userId]);
  await book(
    "'Планёрка', '2026-11-24 15:00', timezone => 'Europe/Berlin', reminders => '{3 days,15 hours,1 hour}'",
  );
  test.strictSame(await at('2026-11-21T14:00:00Z'), ['⏰ Планёрка: вт 24 ноября, 23:00–00:00 (Asia/Tokyo)']);
  test.match(await at('2026-11-23T23:00:00Z'), [/: сегодня, 23:00–00:00/]);
  await database.rows("update chime.users set timezone = null, locale = 'de'");
  await database.rows("update chime.tenant_settings set timezone = 'America/New_York'");
  test.strictSame(await at('2026-11-24T13:00:00Z'), ['⏰ Планёрка: today, 09:00–10:00 (America/New_York)']);
});

t.test('what it says of days and times', async (test) => {
  const { database } = await setUp(test);
  const words = (first: string, last: string, locale: string) =>
    database.value<string>("select chime_private.stretch_words($1, $2, '2026-11-20', $3)", [
      ...[first, last, locale],
    ]);
  for (const [first, last, en, ru] of [
    ['2026-11-20 09:00', '2026-11-20 09:45', 'today, 09:00–09:45', 'сегодня, 09:00–09:45'],
    ['2026-11-21 09:00', '2026-11-21 09:00', 'tomorrow, 09:00', 'завтра, 09:00'],
    ['2026-11-22 09:00', '2026-11-22 10:00', 'Sun 22 Nov, 09:00–10:00', 'вс 22 ноября, 09:00–10:00'],
    ['2027-05-03 09:00', '2027-05-03 10:00', 'Mon 3 May 2027, 09:00–10:00', 'пн 3 мая 2027, 09:00–10:00'],
    [
      ...['2026-11-20 23:00', '2026-11-21 01:00', 'today, 23:00 – tomorrow, 01:00'],
      'сегодня, 23:00 – завтра, 01:00',
    ],
    ['2026-11-21 00:00', '2026-11-22 00:00', 'tomorrow, all day', 'завтра, весь день'],
    ['2026-11-21 00:00', '2026-11-23 00:00', 'tomorrow – Sun 22 Nov', 'завтра – вс 22 ноября'],
    ['2026-11-21 00:00', '2026-11-21 00:00', 'tomorrow, 00:00', 'завтра, 00:00'],
  ] as const) {
    test.equal(await words(first, last, 'en'), en);
    test.equal(await words(first, last, 'ru'), ru);
  }
});

t.test('where it goes: the place given, else the best one, else the inbox', async (test) => {
  const { book, database, chat, deliveries, ann, at } = await setUp(test);
  const other = await deliveries.map('telegram', '200', ann.userId);
  await database.rows("update chime.channel_mappings set heard_at = '2026-11-19T00:00Z' where id = $1", [
    chat,
  ]);
  await book(`'One', '2026-11-20 15:00', channel_mapping_id => '${other}'`);
  await book("'Two', '2026-11-20 15:00'");
  await at('2026-11-20T13:00:00Z');
  const places = () =>
    database.rows<{ place: string }>(
      `select split_part(s.name, ' ', 1) || ' ' || coalesce(m.channel_context_id, 'inbox') as place
       from chime.runs r join chime.schedules s on s.id = r.schedule_id left join chime.channel_mappings m on m.id = r.channel_mapping_id order by 1`,
    );
  test.strictSame(await places(), [{ place: 'One 200' }, { place: 'Two 100' }]);
  await database.rows('select chime.block_mapping(id) from chime.channel_mappings');
  await book("'Two more', '2026-11-20 19:00'");
  await at('2026-11-20T17:00:00Z');
  test.match((await places()).at(-1), { place: 'Two inbox' });
});

t.test('with the key of another calendar it is booked once', async (test) => {
  const { book, cancel, reminders, database } = await setUp(test);
  const first = await book("'Review', '2026-11-25 15:00', key => 'uid-1', reminders => '{1 hour}'");
  const again = await book("'Review', '2026-11-25 15:00', key => 'uid-1'");
  test.strictSame(again, first, 'nothing has changed');
  const moved = await book("'Design review', '2026-11-26 15:00', key => 'uid-1', location => 'Zoom'");
  test.match(moved, { id: first.id, revision: 2, location: 'Zoom', reminders: ['01:00:00'] });
  test.strictSame(await reminders(), ['11-26 13:00 01:00:00 active']);
  test.strictSame(await database.rows('select name from chime.schedules'), [{ name: 'Design review' }]);
  await cancel(first.id);
  test.strictSame(await reminders(), ['11-26 13:00 01:00:00 cancelled']);
  test.match(await cancel(first.id, 'again'), { revision: 3 }, 'it is cancelled already');
  const back = await book("'Design review', '2026-11-26 15:00', key => 'uid-1'");
  test.match(back, { id: first.id, revision: 4, status: 'scheduled' });
  test.strictSame(await reminders(), ['11-26 13:00 01:00:00 active']);
  await book("'Design review', '2026-11-26 15:00', key => 'uid-1', reminders => '{2 hours,60 minutes}'");
  test.strictSame(await reminders(), ['11-26 12:00 02:00:00 active', '11-26 13:00 01:00:00 active']);
  const bob = await person(database, defaultTenant, 'bob');
  await as(database, bob, "select chime.book_meeting('His', '2026-11-26 15:00', key => 'uid-1')");
  test.equal(await database.value('select count(*)::integer from chime.meetings'), 2);
});

t.test('two that book with the same key at once', async (test) => {
  const { database, book } = await setUp(test);
  await Promise.all(
    Array.from({ length: 5 }, (_, hour) => book(`'Review', '2026-11-25 1${hour}:00', key => 'uid'`)),
  );
  test.strictSame(await database.row('select revision from chime.meetings'), { revision: 5 });
  test.equal(
    await database.value("select count(*)::integer from chime.schedules where status = 'active'"),
    2,
  );
});

t.test('a reminder that somebody has paused or deleted stays so', async (test) => {
  const { book, move, cancel, database, reminders } = await setUp(test);
  const { id } = await book("'Review', '2026-11-25 15:00', key => 'uid'");
  const call = (name: string, before: string) =>
    database.rows(`select chime.${name}(schedule_id) from chime.meeting_reminders where before = $1`, [
      before,
    ]);
  await call('pause_schedule', '24 hours');
  await call('delete_schedule', '1 hour');
  await move(id, "'2026-11-26 15:00'");
  const stay = ['11-25 14:00 24:00:00 paused', '11-25 13:00 01:00:00 cancelled'];
  test.strictSame((await reminders()).sort().reverse(), stay.sort().reverse());
  await cancel(id);
  await book("'Review', '2026-11-26 15:00', key => 'uid'");
  test.strictSame(
    await reminders(),
    ['11-25 14:00 24:00:00 active', '11-26 13:00 01:00:00 active'],
    'booked anew, it has all of them',
  );
  await database.rows(
    `select chime.update_schedule(schedule_id, '{"cron": "0 9 * * *"}') from chime.meeting_reminders where before = '1 hour'`,
  );
  await move(id, "'2026-11-27 15:00'");
  test.strictSame(
    await reminders(),
    ['11-26 14:00 24:00:00 active', '11-27 13:00 01:00:00 active'],
    'its time is that of the meeting',
  );
});

t.test('what is refused', async (test) => {
  const { book, move, cancel, one, database } = await setUp(test);
  const refused = (fields: string, code: string) => test.rejects(book(fields), { code }, fields);
  const tomorrow = "'2026-11-21 15:00'";
  await refused(`null, ${tomorrow}`, 'CH007');
  await refused(`E' \\n', ${tomorrow}`, 'CH007');
  await refused(`repeat('x', 201), ${tomorrow}`, 'CH007');
  await refused(`'R', ${tomorrow}, location => repeat('x', 501)`, 'CH007');
  await refused(`'R', ${tomorrow}, description => repeat('x', 4001)`, 'CH007');
  await refused(`'R', ${tomorrow}, key => repeat('x', 501)`, 'CH007');
  await refused("'R', null", 'CH007');
  await refused("'R', 'tomorrow'", 'CH001');
  await refused("'R', '2026-02-30 09:00'", 'CH001');
  await refused(`'R', ${tomorrow}, 'then'`, 'CH001');
  await refused(`'R', ${tomorrow}, '2026-11-21 14:00'`, 'CH007');
  await refused(`'R', ${tomorrow}, '2026-11-21 16:00', '1 hour'`, 'CH007');
  await refused(`'R', ${tomorrow}, duration => '-1 hour'`, 'CH007');
  await refused(`'R', ${tomorrow}, duration => 'infinity'`, 'CH007');
  await refused(`'R', ${tomorrow}, timezone => 'Europe/Nowhere'`, 'CH003');
  await refused("'R', '2026-11-19 15:00'", 'CH004');
  for (const reminders of ['{0 minutes}', '{-1 hour}', '{2 years}', '{null}', '{infinity}', '{{1 hour}}'])
    await refused(`'R', ${tomorrow}, reminders => '${reminders}'`, 'CH007');
  await refused(
    `'R', ${tomorrow}, reminders => array(select make_interval(hours => n) from generate_series(1, 11) n)`,
    'CH007',
  );
  await refused(`'R', ${tomorrow}, channel_mapping_id => gen_random_uuid()`, 'CH018');
  await refused(`'R', ${tomorrow}, user_id => gen_random_uuid()`, 'CH015');
  await test.rejects(
    database.rows(`select chime.book_meeting('R', ${tomorrow})`),
    { code: 'CH015' },
    'nobody',
  );
  test.equal(await database.value('select count(*)::integer from chime.meetings'), 0);
  const { id } = await book(`E' The \\n review ', ${tomorrow}, location => ' ', description => ''`);
  test.strictSame(await database.row('select title, location, description from chime.meetings'), {
    ...{ title: 'The review', location: null, description: null },
  });
  await test.rejects(move(id, "'2026-11-19 15:00'"), { code: 'CH004' });
  await test.rejects(move(id, 'null'), { code: 'CH007' });
  await test.rejects(move(id, "'2026-11-22 15:00', '2026-11-22 14:00'"), { code: 'CH007' });
  await test.rejects(cancel(id, 'x'.repeat(501)), { code: 'CH007' });
  await cancel(id, ' Ill ');
  test.equal(await database.value('select cancel_reason from chime.meetings'), 'Ill');
  await test.rejects(move(id, tomorrow), { code: 'CH013' });
  const nobody = '00000000-0000-7000-8000-00000000dead';
  await test.rejects(move(nobody, tomorrow), { code: 'CH023' });
  await test.rejects(cancel(nobody), { code: 'CH023' });
  await test.rejects(one('chime.find_meeting($1)', ['nothing']), { code: 'CH023' });
});

t.test('found by id, key and title', async (test) => {
  const { book, one, now } = await setUp(test);
  const first = await book("'Weekly', '2026-11-20 15:00', key => 'uid'");
  const second = await book("'Weekly', '2026-11-27 15:00'");
  const find = (reference: string) => one('chime.find_meeting($1)', [reference]);
  test.equal((await find(first.id)).id, first.id);
  test.equal((await find('uid')).id, first.id);
  await test.rejects(find('weekly'), { code: 'CH023', hint: new RegExp(`${first.id}, ${second.id}`) });
  await now.set('2026-11-21T00:00:00Z');
  test.equal((await find('weekly')).id, second.id, 'the other one is over');
});

t.test('nobody reaches a meeting of somebody else', async (test) => {
  const { book, database, ann } = await setUp(test);
  const { id } = await book("'Review', '2026-11-25 15:00', key => 'uid'");
  const bob = await person(database, defaultTenant, 'bob');
  const admin = await person(database, defaultTenant, 'boss', 'admin');
  const other = await database.value<string>("select id from chime.create_tenant('acme')");
  for (const who of [bob, await person(database, other, 'zoe', 'admin')]) {
    const refused = (sql: string, code: string) => test.rejects(as(database, who, sql, [id]), { code }, sql);
    await refused("select chime.reschedule_meeting($1, '2026-11-26 15:00')", 'CH023');
    await refused('select chime.cancel_meeting($1)', 'CH023');
    await refused('select chime.find_meeting($1)', 'CH023');
    await test.rejects(
      as(database, who, "select chime.book_meeting('R', '2026-11-26 15:00', user_id => $1)", [ann.userId]),
      { code: 'CH015' },
    );
    test.strictSame(await as(database, who, 'select id from chime.meetings'), []);
    test.strictSame(await as(database, who, 'select id from chime.meeting_reminders'), []);
  }
  const [moved] = await as<{ owner_id: string }>(
    database,
    admin,
    "select owner_id from chime.reschedule_meeting($1, '2026-11-26 15:00')",
    [id],
  );
  test.equal(moved?.owner_id, ann.userId);
  await as(database, admin, "select chime.book_meeting('For Ann', '2026-11-26 15:00', user_id => $1)", [
    ann.userId,
  ]);
  test.strictSame(await database.rows('select distinct owner_id from chime.schedules'), [
    { owner_id: ann.userId },
  ]);
});
