// Statistics are exact in their counts, whenever runs are counted, and their quantiles are as near as they say.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { upkeepOf } from '../support/history.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  await database.rows('select chime_private.tick()');
  const count = (most = 5000) =>
    database.value<boolean>('select chime_private.count_runs(chime.now(), $1)', [most]);
  /** Statistics by schedule, as they are read. */
  const read = () =>
    database.rows(
      `select id, runs::integer, succeeded::integer, failed::integer, timed_out::integer, cancelled::integer, skipped_fires::integer,
         average_duration_ms, average_lateness_ms
       from chime.schedule_health order by id`,
    );
  /** The same from all runs. */
  const truth = () =>
    database.rows(
      `select s.id, count(r) filter (where r.status <> 'skipped')::integer as runs,
         count(r) filter (where r.status = 'succeeded')::integer as succeeded, count(r) filter (where r.status = 'failed')::integer as failed,
         count(r) filter (where r.status = 'timed_out')::integer as timed_out, count(r) filter (where r.status = 'cancelled')::integer as cancelled,
         coalesce(sum(r.covers_count), 0)::integer as skipped_fires,
         round(avg(extract(epoch from r.finished_at - r.started_at)) * 1000, 3)::float8 as average_duration_ms,
         round(avg(greatest(0, extract(epoch from r.started_at - r.due_at))) filter (where r.attempt = 1) * 1000, 3)::float8 as average_lateness_ms
       from chime.schedules s left join chime.runs r on r.schedule_id = s.id and r.finished_at is not null
       group by s.id order by s.id`,
    );
  const hours = () =>
    database.rows(
      `select hour, task, runs::integer, succeeded::integer, failed::integer, timed_out::integer, cancelled::integer, skipped_fires::integer
       from chime.run_stats order by hour, task`,
    );
  const hoursTruth = () =>
    database.rows(
      `select date_trunc('hour', chime_private.id_time(r.id), 'UTC') as hour, r.task, count(*) filter (where r.status <> 'skipped')::integer as runs,
         count(*) filter (where r.status = 'succeeded')::integer as succeeded, count(*) filter (where r.status = 'failed')::integer as failed,
         count(*) filter (where r.status = 'timed_out')::integer as timed_out, count(*) filter (where r.status = 'cancelled')::integer as cancelled,
         coalesce(sum(r.covers_count), 0)::integer as skipped_fires
       from chime.runs r where r.finished_at is not null group by 1, 2 order by 1, 2`,
    );
  return {
    database,
    now,
    count,
    read,
    truth,
    hours,
    hoursTruth,
    ...shorthand(database),
    ...attemptsOf(database),
  };
}

t.test('whatever finishes when, nothing is counted twice or not at all', async (test) => {
  const { database, now, count, read, truth, hours, hoursTruth, create, tick, register, start, finish } =
    await setUp(test);
  const { countAll } = upkeepOf(database);
  await create(
    "every => '1 minute', anchor => '2026-03-02 00:00Z', overlap => 'allow', max_retries => 1, retry_delay => '7 minutes'",
  );
  await create(
    "every => '3 minutes', anchor => '2026-03-02 00:00Z', catch_up => 'all', jitter => '2 minutes', max_retries => 0",
  );
  const paused = await create("every => '1 minute', anchor => '2026-03-02 00:00Z'");
  const worker = await register();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const attempts = new Map<string, number>();
  for (let step = 0; step < 120; step++) {
    await now.advance(`${[1, 20, 60, 90, 400][random(5)]} seconds`);
    await tick();
    await database.rows("update chime_private.workers set lease_until = chime.now() + interval '1 hour'");
    const queued = await database.rows<{ id: string }>(
      "select id from chime.runs where status = 'queued' order by id",
    );
    const chosen = queued.map(({ id }) => id).filter(() => random(3) > 0);
    for (const each of await start(worker, chosen)) attempts.set(each.id, each.attempt);
    await now.advance(`${random(2000)} milliseconds`);
    const outcomes = ['succeeded', 'succeeded', 'failed', 'timed_out', 'cancelled'] as const;
    const ending = [...attempts].filter(() => random(4) > 0);
    await finish(
      ending.map(([id, attempt]) => {
        const outcome = outcomes[random(5)] as (typeof outcomes)[number];
        return { id, attempt, outcome, ...(outcome === 'succeeded' ? {} : { error: 'broke' }) };
      }),
    );
    for (const [id] of ending) attempts.delete(id);
    if (step === 40)
      await database.rows("select chime.pause_schedule($1, until => chime.now() + interval '1 hour')", [
        paused,
      ]);
    if (step === 60)
      await database.rows(
        "select chime.backfill($1, '2026-03-01 00:00Z', '2026-03-01 00:20Z', dry_run => false)",
        [paused],
      );
    if (random(3) === 0) await count([1, 7, 5000][random(3)]);
    if (step % 10 === 0) {
      test.strictSame(await read(), await truth(), `step ${step}`);
      test.strictSame(await hours(), await hoursTruth(), `hours, step ${step}`);
    }
  }
  await now.advance('1 hour');
  await countAll();
  test.strictSame(await read(), await truth());
  test.strictSame(await hours(), await hoursTruth());
  test.ok(
    (await database.value<number>('select sum(succeeded + failed)::integer from chime.schedule_totals')) > 50,
    'most of it is counted by now',
  );
});

t.test('who writes for long is waited for', async (test) => {
  const { database, now, count, read, truth, create, tick } = await setUp(test);
  const { countAll } = upkeepOf(database);
  await create("every => '1 minute', anchor => '2026-03-02 00:00Z'");
  await now.advance('1 minute');
  await tick();
  const slow = await database.connect(test);
  await slow.query(
    `begin;
     update chime.runs set status = 'running', attempt = 1, started_at = chime.now(), worker_id = gen_random_uuid();
     update chime.runs set status = 'succeeded', finished_at = chime.now(), worker_id = null`,
  );
  const countedTo = () =>
    database.value('select chime_private.id_time(counted_to) from chime.statistics_progress');
  await now.advance('1 hour');
  const before = await countedTo();
  for (let round = 0; round < 3; round++) await count();
  test.strictSame(await countedTo(), before, 'what it did in time was not said to be late');
  await slow.query('commit');
  await countAll();
  test.not(String(await countedTo()), String(before));
  test.strictSame(await read(), await truth());
});

t.test('quantiles are within 5 %', async (test) => {
  const { database } = await setUp(test);
  for (const values of [[1], [3, 1, 2], Array.from({ length: 1000 }, (_, n) => n ** 2 + 1), [5e9, 1, 1e6]]) {
    const sorted = [...values].sort((a, b) => a - b);
    for (const share of [0.5, 0.95, 1]) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] as number;
      const found = await database.value<number>(
        `select chime_private.quantile_ms(chime_private.add_histograms(
           chime_private.histogram_of(array(select chime_private.histogram_bucket(v) from unnest($1::bigint[]) with ordinality u(v, n) where n % 2 = 0)),
           chime_private.histogram_of(array(select chime_private.histogram_bucket(v) from unnest($1::bigint[]) with ordinality u(v, n) where n % 2 = 1))), $2)`,
        [values, share],
      );
      const error = Math.abs(found * 1000 - exact) / exact;
      test.ok(
        error < 0.05 || Math.abs(found * 1000 - exact) <= 1,
        `${values.length} values, ${share}: ${found} ms for ${exact / 1000} ms`,
      );
    }
  }
  test.equal(
    await database.value('select chime_private.quantile_ms(chime_private.histogram_of(null), 0.95)'),
    null,
  );
});
