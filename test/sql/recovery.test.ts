// Runs that would wait for ever: whatever became of their worker or their job, a tick sets them going again.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create } = shorthand(database);
const clock = randomUUID();
const scheduleId = await create("cron => '@yearly', overlap => 'allow'");
// The server of the test has just been started, and would have to be older than a lease.
await database.rows(
  "create or replace function chime_private.server_age() returns interval language sql as $$ select interval '1 hour' $$",
);

const queue = () => database.value<string>('select id from chime.run_now($1)', [scheduleId]);
const register = async (id: string = randomUUID(), tasks: string[] = []) => {
  await database.rows("select chime_private.register_worker($1, 'test', $2, $3)", [
    id,
    `pool-${id}`,
    JSON.stringify(tasks.map((name) => ({ name }))),
  ]);
  return id;
};
const start = (worker: string, ids: string[]) =>
  database.rows('select * from chime_private.start_runs($1, $2, false)', [worker, ids]);
const run = (id: string) => database.row('select * from chime.runs where id = $1', [id]);
const tick = () =>
  database.row<{ recovered: number }>('select recovered from chime_private.tick(500, $1)', [clock]);
const stuck = async () => Number(await database.value('select chime_private.stuck_runs()'));
const dropJobs = () => database.rows('delete from graphile_worker._private_jobs');
const jobsOf = (id: string) =>
  database.rows<{ task_identifier: string }>(
    `select t.identifier as task_identifier
     from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
     where j.payload ->> 'run_id' = $1 order by j.id`,
    [id],
  );
/** The clock has ticked for a whole lease, and the next look at what is stuck is due. */
const becomeSteady = async () => {
  await database.rows(
    `insert into chime_private.clocks values ($1, 'test', chime.now() - interval '1 minute', chime.now())
     on conflict (id) do update set steady_since = excluded.steady_since, ticked_at = excluded.ticked_at`,
    [clock],
  );
  await database.rows(
    "update chime_private.settings set value = to_jsonb(timestamptz '-infinity') where key = 'recovery_due_at'",
  );
};

t.beforeEach(async () => {
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, finished_at = chime.now() where finished_at is null",
  );
  await database.rows('delete from chime_private.workers');
  await dropJobs();
  await now.advance('1 hour');
  await becomeSteady();
});

t.test('a worker that stops gives back what it still holds', async (test) => {
  const worker = await register();
  const id = await queue();
  await start(worker, [id]);
  await dropJobs();
  await database.rows('select chime_private.stop_worker($1)', [worker]);
  test.hasStrict(await run(id), { status: 'queued', worker_id: null, attempt: 1, lost_count: 0 });
  test.equal((await jobsOf(id)).length, 1);
  await database.rows('select chime_private.stop_worker($1)', [worker]);
  test.equal((await jobsOf(id)).length, 1, 'once');
});

t.test('running, by a worker that has stopped or is not there', async (test) => {
  const stopped = await register();
  const absent = await register();
  const alive = await register();
  const ids = [await queue(), await queue(), await queue()] as const;
  await start(stopped, [ids[0]]);
  await start(absent, [ids[1]]);
  await start(alive, [ids[2]]);
  await database.rows('update chime_private.workers set stopped_at = chime.now() where id = $1', [stopped]);
  await database.rows('delete from chime_private.workers where id = $1', [absent]);
  await dropJobs();
  test.equal(await stuck(), 2);
  test.hasStrict(await tick(), { recovered: 2 });
  for (const [id, worker] of [
    [ids[0], stopped],
    [ids[1], absent],
  ] as const) {
    test.hasStrict(await run(id), { status: 'queued', lost_count: 1, worker_id: null });
    test.hasStrict(await database.row('select * from chime.run_attempts where run_id = $1', [id]), {
      outcome: 'lost',
      worker_id: worker,
    });
    test.equal((await jobsOf(id)).length, 1);
  }
  test.hasStrict(await run(ids[2]), { status: 'running', worker_id: alive });
  test.equal(await stuck(), 0);
});

t.test('queued, without a job', async (test) => {
  const [lost, failed, waiting] = [await queue(), await queue(), await queue()];
  // Other programs' jobs in the same tables are none of ours.
  await database.rows(
    `select graphile_worker.add_job('other', '{"run_id": 7}'), graphile_worker.add_job('other', '[]')`,
  );
  await database.rows("delete from graphile_worker._private_jobs where payload ->> 'run_id' = $1", [lost]);
  await database.rows(
    "update graphile_worker._private_jobs set attempts = max_attempts where payload ->> 'run_id' = $1",
    [failed],
  );
  await now.advance('30 seconds');
  await becomeSteady();
  test.hasStrict(await tick(), { recovered: 0 }, 'not before two leases are over');
  await now.advance('1 second');
  await becomeSteady();
  test.equal(await stuck(), 2);
  test.hasStrict(await tick(), { recovered: 2 });
  test.equal((await jobsOf(lost)).length, 1);
  test.equal((await jobsOf(failed)).length, 2, 'a job that has failed for good counts as none');
  test.equal((await jobsOf(waiting)).length, 1);
  test.equal(await stuck(), 0);
});

t.test('a job that a pool locks after it has ended', async (test) => {
  const id = await queue();
  await database.rows("select chime_private.retire_pool('late pool', chime.now())");
  const lock = () =>
    database.rows("update graphile_worker._private_jobs set locked_by = 'late pool', locked_at = now()");
  const locked = () => database.value('select count(locked_at)::integer from graphile_worker._private_jobs');
  await lock();
  await becomeSteady();
  await tick();
  test.equal(await locked(), 0, 'it is free again');
  test.equal((await jobsOf(id)).length, 1);

  await database.rows(
    "update graphile_worker._private_jobs set locked_by = 'living pool', locked_at = now()",
  );
  await becomeSteady();
  await tick();
  test.equal(await locked(), 1, 'those of others are left alone');
  await now.advance('10 minutes');
  await becomeSteady();
  await tick();
  test.strictSame(
    await database.rows('select * from chime_private.retired_pools'),
    [],
    'and it is forgotten',
  );
});

t.test('a task that no worker has any more', async (test) => {
  const old = await register(randomUUID(), ['noop', 'kept']);
  const other = await register(randomUUID(), ['kept']);
  const renew = () => database.rows('select chime_private.renew_lease($1)', [other]);
  const id = await queue();
  const later = async (seconds: number) => {
    for (let passed = 0; passed < seconds; passed += 10) {
      await now.advance('10 seconds');
      await renew();
    }
    await becomeSteady();
  };
  const identifiers = async () => (await jobsOf(id)).map((job) => job.task_identifier);
  await database.rows('select chime_private.renew_lease($1)', [old]);
  await database.rows('select chime_private.stop_worker($1)', [old]);
  await later(60);
  test.hasStrict(await tick(), { recovered: 0 });
  test.strictSame(await identifiers(), ['chime:noop'], 'a worker may be replaced within a minute');
  await later(10);
  test.hasStrict(await tick(), { recovered: 1 });
  test.strictSame(await identifiers(), ['chime_unregistered'], 'any worker takes it now');
  await later(10);
  test.hasStrict(await tick(), { recovered: 0 }, 'once');
  test.strictSame(await identifiers(), ['chime_unregistered']);
});

t.test('a task that no worker has waits while there is no worker, or while one has it', async (test) => {
  const worker = await register(randomUUID(), ['noop']);
  const id = await queue();
  await now.advance('70 seconds');
  await becomeSteady();
  await tick();
  test.hasStrict(await jobsOf(id), [{ task_identifier: 'chime:noop' }], 'nobody is there');
  await register(randomUUID(), ['noop']);
  await register(randomUUID(), ['kept']);
  await becomeSteady();
  await tick();
  test.hasStrict(await jobsOf(id), [{ task_identifier: 'chime:noop' }], 'a worker is busy');
  test.ok(worker);
});

t.test('it is looked for every ten seconds, by a steady clock', async (test) => {
  await queue();
  await dropJobs();
  await now.advance('31 seconds');
  test.hasStrict(await tick(), { recovered: 0 }, 'not by a clock that was away itself');
  test.hasStrict(
    await database.row('select recovered from chime_private.tick()'),
    { recovered: 0 },
    'nor by one without a name',
  );
  await becomeSteady();
  test.hasStrict(await tick(), { recovered: 1 });
  await dropJobs();
  for (let seconds = 5; seconds < 10; seconds += 4) {
    await now.advance('4 seconds');
    test.hasStrict(await tick(), { recovered: 0 });
  }
  await now.advance('3 seconds');
  test.hasStrict(await tick(), { recovered: 1 });
});

t.test('clocks and workers that have been gone for a week are forgotten', async (test) => {
  const process = async (days: number, stopped: boolean) => {
    const id = await register();
    await database.rows(
      `update chime_private.workers set lease_until = chime.now() - $2 * interval '1 day',
         stopped_at = case when $3 then chime.now() - $2 * interval '1 day' end
       where id = $1`,
      [id, days, stopped],
    );
    await database.rows(
      "insert into chime_private.clocks values ($1, 'gone', chime.now(), chime.now() - $2 * interval '1 day')",
      [id, days],
    );
    return id;
  };
  const gone = await process(8, true);
  const lately = await process(6, true);
  // Its runs have not been taken back yet, as no clock was steady.
  const expired = await process(8, false);
  await database.rows(
    "update chime_private.settings set value = to_jsonb(timestamptz '-infinity') where key = 'maintenance_due_at'",
  );
  await database.row('select * from chime_private.tick()');
  const left = (table: string) =>
    database.value<string[]>(
      `select array_agg(id order by id) from chime_private.${table} where id = any ($1)`,
      [[gone, lately, expired]],
    );
  test.strictSame(await left('workers'), [lately, expired].sort());
  test.strictSame(await left('clocks'), [lately]);
});
