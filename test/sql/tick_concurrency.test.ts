// Many clocks at once, and changes in the middle of a tick.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { fill, shorthand, type TickRow } from '../support/schedules.ts';

t.test('eight clocks fire ten thousand schedules once each', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  await fill(database, 10_000, '*/10 * * * *');
  await now.set('2026-03-01 12:10:00Z');
  const clients = await Promise.all(Array.from({ length: 8 }, () => database.connect(test)));
  const fired = await Promise.all(
    clients.map(async (client) => {
      let sum = 0;
      for (;;) {
        const { rows } = await client.query<TickRow>('select * from chime_private.tick(200)');
        sum += rows[0]?.fired ?? 0;
        if (!rows[0]?.more) return sum;
      }
    }),
  );
  test.equal(
    fired.reduce((sum, each) => sum + each),
    10_000,
  );
  test.ok(fired.filter((each) => each > 0).length > 1, `the work is shared: ${fired.join(', ')}`);
  test.hasStrict(
    await database.row(
      'select count(*)::integer as runs, count(distinct schedule_id)::integer as schedules from chime.runs',
    ),
    { runs: 10_000, schedules: 10_000 },
  );
  test.equal(await shorthand(database).jobs(), 10_000, 'each has one job');
  test.equal(
    await database.value(
      "select count(*)::integer from chime.schedules where next_run_at <> '2026-03-01 12:20Z'",
    ),
    0,
  );
});

t.test('a schedule that somebody has locked is late, the others are not', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  const { create, tick, runs } = shorthand(database);
  const locked = await create("cron => '*/10 * * * *'");
  const free = await create("cron => '*/10 * * * *'");
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select from chime.schedules where id = $1 for update', [locked]);
  await now.set('2026-03-01 12:10:00Z');
  const { fired, next_due_at: next } = await tick();
  test.equal(fired, 1);
  test.ok((next as Date) <= new Date('2026-03-01T12:10:00.250Z'), 'the clock comes back soon');
  test.hasStrict(await runs(free), [{ status: 'queued' }]);
  await client.query('rollback');
  test.hasStrict(await tick(), { fired: 1 });
});

t.test('edited, paused or deleted while it fires', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  const { create, runs, schedule } = shorthand(database);
  const changes: Record<string, string> = {
    edited: `chime.update_schedule($1, '{"cron": "5 * * * *"}')`,
    paused: 'chime.pause_schedule($1)',
    deleted: 'chime.delete_schedule($1)',
  };
  for (const [name, change] of Object.entries(changes)) {
    // The tick first: the change waits for it, and finds the fire done.
    await now.set('2026-03-01 12:00:00Z');
    const fired = await create("cron => '*/10 * * * *'");
    await now.set('2026-03-01 12:10:00Z');
    const clock = await database.connect(test);
    const person = await database.connect(test);
    await clock.query('begin');
    await clock.query('select * from chime_private.tick()');
    const changed = person.query(`select * from ${change}`, [fired]);
    await waitsForLock(database, person);
    await clock.query('commit');
    await changed;
    const [first] = await runs(fired);
    test.hasStrict(first, { status: name === 'deleted' ? 'cancelled' : 'queued' }, `${name} after the fire`);
    test.equal((await runs(fired)).length, 1);
    test.equal(
      await database.value('select schedule_revision from chime.runs where schedule_id = $1', [fired]),
      1,
    );

    // The change first: the tick passes the schedule by, and the next one sees it as it is now.
    await now.set('2026-03-01 12:00:00Z');
    const before = await create("cron => '*/10 * * * *'");
    await now.set('2026-03-01 12:10:00Z');
    await person.query('begin');
    await person.query(`select * from ${change}`, [before]);
    const { rows } = await clock.query<TickRow>('select * from chime_private.tick()');
    test.equal(rows[0]?.fired, 0, `${name} before the fire`);
    await person.query('commit');
    await clock.query('select * from chime_private.tick()');
    const reason = { edited: 'edited', paused: 'paused', deleted: 'cancelled' }[name];
    test.hasStrict(await runs(before), [{ status: 'skipped', skip_reason: reason, covers_count: 1 }]);
    if (name === 'edited')
      test.strictSame((await schedule(before)).next_run_at, new Date('2026-03-01T13:05:00Z'));
  }
});

t.test('ticks and edits at random: every fire is accounted for once, none by an older rule', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 00:00:00Z');
  const { create } = shorthand(database);
  const ids = await Promise.all(
    Array.from({ length: 20 }, () => create("cron => '* * * * *', overlap => 'allow'")),
  );
  for (let minute = 1; minute <= 60; minute++) {
    await now.set(new Date(Date.UTC(2026, 2, 1, 0, minute)).toISOString());
    await Promise.all([
      database.rows('select chime_private.tick(7)'),
      database.rows('select chime_private.tick(7)'),
      ...ids
        .filter((_id, index) => (index + minute) % 5 === 0)
        .map((id) =>
          database.rows('select chime.update_schedule($1, $2)', [
            id,
            JSON.stringify({ payload: { minute } }),
          ]),
        ),
    ]);
    await database.rows('select chime_private.tick()');
  }
  test.hasStrict(
    await database.row(
      `select min(total)::integer as least, max(total)::integer as most from (
         select sum(coalesce(covers_count, 1)) as total from chime.runs group by schedule_id) s`,
    ),
    { least: 60, most: 60 },
  );
  test.equal(
    await database.value(
      'select count(*)::integer from chime.runs r join chime.schedules s on s.id = r.schedule_id where r.schedule_revision > s.revision',
    ),
    0,
  );
});

t.test('a run by hand that is committed in the middle of a tick keeps the next fire back', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  const { create, runs, schedule } = shorthand(database);
  const id = await create("cron => '*/10 * * * *'");
  // A schedule before it, whose row is read slowly: the tick's statement has begun, and has not come to the other row yet.
  const slow = await create("cron => '5-59/10 * * * *', overlap => 'allow'");
  await database.rows(`
    create function chime_private.stall(schedule_id uuid) returns boolean language plpgsql volatile as $$
    begin
      if schedule_id = '${slow}' and current_setting('test.stall', true) = 'on' then
        perform set_config('test.stall', 'off', false);
        perform pg_advisory_xact_lock(4242);
      end if;
      return true;
    end $$;
    alter table chime.schedules enable row level security;
    alter table chime.schedules force row level security;
    create policy stall on chime.schedules using (chime_private.stall(id)) with check (true);
    grant execute on function chime_private.stall(uuid) to public;`);
  await now.set('2026-03-01 12:10:00Z');
  const holder = await database.connect(test);
  await holder.query('select pg_advisory_lock(4242)');
  const clock = await database.connect(test);
  await clock.query("select set_config('test.stall', 'on', false)");
  const ticking = clock.query('select * from chime_private.tick()');
  await waitsForLock(database, clock);
  const { id: manual } = await database.row<{ id: string }>('select * from chime.run_now($1)', [id]);
  await holder.query('select pg_advisory_unlock(4242)');
  await ticking;
  test.strictSame((await runs(id)).map((run) => run.skip_reason ?? run.status).sort(), ['overlap', 'queued']);
  test.strictSame(
    (await schedule(id)).active_run_ids,
    [manual],
    'the run that is not finished is remembered',
  );
});

t.test('ticks of one clock do not wait for each other', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
  const clockId = '00000000-0000-4000-8000-000000000001';
  const tick = 'select * from chime_private.tick(500, $1)';
  await database.rows(tick, [clockId]);
  const first = await database.connect(test);
  const second = await database.connect(test);
  // A tick that has to wait for the other fails.
  await second.query("set lock_timeout = '100ms'");
  for (const moment of ['a moment later', 'when it is time to say that the clock lives']) {
    if (moment !== 'a moment later') await now.advance('2 seconds');
    await first.query('begin');
    await first.query(tick, [clockId]);
    await test.resolves(second.query(tick, [clockId]), moment);
    await first.query('commit');
  }
  test.strictSame(
    await database.value('select ticked_at from chime_private.clocks'),
    new Date('2026-03-01T12:00:02Z'),
  );
  await now.advance('8 seconds');
  await database.rows(tick, [clockId]);
  test.strictSame(
    await database.value('select steady_since from chime_private.clocks'),
    new Date('2026-03-01T12:00:10Z'),
    'after a gap it is steady from then on only',
  );
});

/** Resolves when the connection of a client waits for a lock. */
async function waitsForLock(
  database: { value<T>(sql: string, values?: unknown[]): Promise<T> },
  client: object,
): Promise<void> {
  const { processID } = client as { processID: number };
  while (
    !(await database.value<boolean>("select wait_event_type = 'Lock' from pg_stat_activity where pid = $1", [
      processID,
    ]))
  );
}
