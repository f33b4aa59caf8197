// A clock that dies in the middle of a tick, at any statement that writes: nothing of the tick remains, and the next one does it.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { until } from '../support/until.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick } = shorthand(database);

/** Held by the test: a tick that reaches the failpoint waits for it, and is killed there. */
const lockKey = 4242;

const tables = [
  'chime.schedules',
  'chime.runs',
  'chime_private.runs_default',
  'graphile_worker._private_jobs',
  'chime_private.clocks',
  'chime_private.workers',
  'chime.run_attempts',
  'chime_private.settings',
];

await database.rows(`
  create function chime_private.failpoint() returns trigger language plpgsql as $$
  begin
    if current_setting('test.failpoint', true) = tg_argv[0] then
      perform pg_advisory_lock(${lockKey});
    end if;
    return null;
  end $$;`);
const points: string[] = [];
for (const table of tables) {
  for (const moment of ['before', 'after']) {
    for (const event of ['insert', 'update']) {
      const point = `${moment} ${event} ${table}`;
      points.push(point);
      await database.rows(
        `create trigger failpoint_${moment}_${event} ${moment} ${event} on ${table} for each statement execute function chime_private.failpoint('${point}')`,
      );
    }
  }
}

/** Everything that a tick may change, as one text. */
const state = () =>
  database.value<string>(
    `select md5(concat(
       (select string_agg(s::text, '|' order by s.id) from chime.schedules s),
       (select string_agg(r::text, '|' order by r.id) from chime.runs r),
       (select string_agg(a::text, '|' order by a.run_id) from chime.run_attempts a),
       (select string_agg(j::text, '|' order by j.id) from graphile_worker._private_jobs j),
       (select string_agg(w::text, '|' order by w.id) from chime_private.workers w),
       (select string_agg(s::text, '|' order by s.key) from chime_private.settings s)))`,
  );

/** Looks again and again whether a connection waits at the failpoint, until it does or nobody wants to know any more. */
async function waitsAtFailpoint(processID: number, signal: AbortSignal): Promise<string> {
  while (!signal.aborted) {
    const waits = await database.value<boolean>(
      "select exists (select from pg_stat_activity where pid = $1 and wait_event = 'advisory')",
      [processID],
    );
    if (waits) break;
  }
  return 'waits';
}

/** `done` where the tick ends, `waits` where it has come to the failpoint. */
async function untilEither(ticking: Promise<string>, processID: number): Promise<string> {
  const over = new AbortController();
  const waiting = waitsAtFailpoint(processID, over.signal);
  const first = await Promise.race([ticking, waiting]);
  over.abort();
  await waiting;
  return first;
}

t.test('killed at each statement', async (test) => {
  // Something of everything: a fire, a fire that overlaps, missed ones, a pause that ends, a worker that died with a run, one that
  // lives with a run that is long past its deadline, and a retry.
  await create("cron => '*/10 * * * *'");
  await create("cron => '*/10 * * * *', overlap => 'allow'");
  const paused = await create("cron => '*/10 * * * *'");
  await database.rows("select chime.pause_schedule($1, until => '2026-03-01 12:15Z')", [paused]);
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await create("every => '1 minute', catch_up => 'earliest'");
  const worker = await database.value<string>('select gen_random_uuid()');
  await database.rows("select chime_private.register_worker($1, 'dying', 'pool-dying', '[]')", [worker]);
  await database.rows(
    'select * from chime_private.start_runs($1, array(select id from chime.runs order by id limit 1), false)',
    [worker],
  );
  const { queue, register, start, attempt } = attemptsOf(database);
  const retried = await create("cron => '@yearly', retry_delay => '1 minute'");
  await attempt(await queue(retried), { outcome: 'failed', error: 'x' });
  const overdue = await create("cron => '@yearly', timeout => '1 second'");
  const alive = await register();
  await start(alive, [await queue(overdue)]);
  await now.set('2026-03-01 12:30:00Z');
  await database.rows('select chime_private.renew_lease($1)', [alive]);
  const clock = await database.value<string>('select gen_random_uuid()');
  await database.rows(
    "insert into chime_private.clocks values ($1, 'test', '2026-03-01 12:00Z', '2026-03-01 12:29:59Z')",
    [clock],
  );
  // The server has not been up for a whole lease; that it has is another test's business.
  await database.rows(`create or replace function chime_private.clock_is_steady(clock_id uuid, now timestamptz) returns boolean
    language sql as $$ select true $$`);
  await database.rows("update chime_private.settings set value = to_jsonb(timestamptz '-infinity')");

  const before = await state();
  const holder = await database.connect(test);
  await holder.query('select pg_advisory_lock($1)', [lockKey]);
  const reached: string[] = [];
  for (const point of points) {
    const client = await database.connect(test);
    await client.query("select set_config('test.failpoint', $1, false)", [point]);
    const { processID } = client as unknown as { processID: number };
    const ticking = client.query(`begin; select * from chime_private.tick(500, '${clock}')`).then(
      () => 'done',
      () => 'killed',
    );
    if ((await untilEither(ticking, processID)) === 'done') {
      // No statement of this kind in a tick.
      await client.query('rollback');
      continue;
    }
    reached.push(point);
    await database.rows('select pg_terminate_backend($1)', [processID]);
    test.equal(await ticking, 'killed', point);
    // Its locks go with it, and that takes a moment.
    await until(
      async () =>
        (await database.rows('select from pg_stat_activity where pid = $1', [processID])).length === 0,
    );
    test.equal(await state(), before, `nothing of the tick remains: ${point}`);
  }
  test.comment(`killed at: ${reached.join('; ')}`);
  for (const table of [
    'chime.schedules',
    'chime.runs',
    'graphile_worker._private_jobs',
    'chime.run_attempts',
    'chime_private.workers',
  ]) {
    test.ok(
      reached.some((point) => point.endsWith(table)),
      `a tick writes to ${table}`,
    );
  }
  await holder.query('select pg_advisory_unlock($1)', [lockKey]);

  const whole = await database.row('select * from chime_private.tick(500, $1)', [clock]);
  test.hasStrict(whole, { fired: 2, resumed: 1, recovered: 1, retried: 1, timed_out: 1 });
  test.not(await state(), before);
  test.hasStrict(
    await tick(),
    { fired: 0, skipped: 0, resumed: 0, recovered: 0, retried: 0, timed_out: 0 },
    'and leaves nothing to do',
  );
});
