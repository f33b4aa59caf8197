// Workflows that are cancelled, whose workers die, and on which several work at once: no step runs twice, and none is forgotten.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { workflowsOf } from '../support/workflows.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { tick } = shorthand(database);
const { run, start, register, finish } = attemptsOf(database);
const { define, begin, end, open, steps } = workflowsOf(database);
const statuses = async (parent: string) => (await steps(parent)).map(({ status }) => status);
const cancel = (id: string) => database.row("select * from chime.cancel_run($1, 'enough')", [id]);
// The server of the test has just been started, and would have to be older than a lease.
await database.rows(
  "create or replace function chime_private.server_age() returns interval language sql as $$ select interval '1 hour' $$",
);
await define('two', [{}, {}]);

/** Ticks of a clock that may take workers for dead: it has been there for long. */
async function recover(): Promise<void> {
  const clock = randomUUID();
  await database.rows(
    "insert into chime_private.clocks values ($1, 'steady', chime.now() - interval '1 hour', chime.now() - interval '2 seconds')",
    [clock],
  );
  await database.rows(
    "update chime_private.settings set value = to_jsonb(timestamptz '-infinity') where key = 'recovery_due_at'",
  );
  await database.rows('select chime_private.tick(500, $1)', [clock]);
}

t.test('cancelled before it began', async (test) => {
  const { id: schedule } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'two', cron => '0 0 1 1 *')",
  );
  const { id } = await database.row<{ id: string }>('select * from chime.run_now($1)', [schedule]);
  await cancel(id);
  await start(await register(), [id]);
  test.hasStrict(await run(id), { status: 'cancelled' });
  test.strictSame(await steps(id), []);
});

t.test('cancelled while a step waits', async (test) => {
  const id = await begin('two');
  test.hasStrict(await cancel(id), { status: 'cancelled' });
  test.hasStrict(await run(id), { status: 'cancelled', cancel_reason: 'enough', error: null });
  test.hasStrict(await steps(id), [{ status: 'cancelled', cancel_reason: 'enough' }]);
  const again = await begin('two', {}, 'max_retries => 3');
  await end(again, { outcome: 'failed', error: 'x' });
  test.strictSame(await statuses(again), ['retrying']);
  await cancel(again);
  test.hasStrict(await run(again), { status: 'cancelled' });
  test.strictSame(await statuses(again), ['cancelled']);
});

t.test('cancelled while a step is running', async (test) => {
  const id = await begin('two');
  const step = await open(id);
  const worker = await register();
  await start(worker, [step.id]);
  const client = await database.connect(test);
  await client.query('listen chime_worker');
  const told = new Promise((resolve) =>
    client.on('notification', ({ payload }) => payload === worker && resolve(payload)),
  );
  test.hasStrict(await cancel(id), { status: 'running' });
  test.equal(await told, worker);
  test.hasStrict(await database.rows('select * from chime_private.cancelled_runs($1)', [worker]), [
    { run_id: step.id, reason: 'enough' },
  ]);
  await finish([{ id: step.id, attempt: 1, outcome: 'cancelled' }]);
  test.hasStrict(await run(id), { status: 'cancelled', cancel_reason: 'enough' });

  const deaf = await begin('two');
  await start(await register(), [(await open(deaf)).id]);
  await cancel(deaf);
  await now.advance('1 minute');
  await tick();
  test.hasStrict(await run(deaf), { status: 'cancelled' }, 'also where its worker does not say a word');

  const done = await begin('two');
  const last = await open(done);
  await start(await register(), [last.id]);
  await cancel(done);
  await finish([{ id: last.id, attempt: 1, output: 'done all the same' }]);
  test.strictSame(await statuses(done), ['succeeded'], 'what was done is done, and no more is');
  test.hasStrict(await run(done), { status: 'cancelled', output: 'done all the same' });
});

t.test('cancelled in its last step, which is done', async (test) => {
  const id = await begin('two');
  await end(id);
  const step = await open(id);
  await start(await register(), [step.id]);
  await cancel(id);
  await finish([{ id: step.id, attempt: 1 }]);
  test.hasStrict(await run(id), { status: 'succeeded' });
});

t.test('a workflow inside of one that is cancelled', async (test) => {
  await define('around', [{ task: 'two' }, {}]);
  const id = await begin('around');
  const inner = await open(id);
  await start(await register(), [inner.id]);
  const step = await open(inner.id);
  await start(await register(), [step.id]);
  await cancel(id);
  test.ok((await run(step.id)).cancel_requested_at);
  await finish([{ id: step.id, attempt: 1, outcome: 'cancelled' }]);
  for (const each of [step.id, inner.id, id]) test.hasStrict(await run(each), { status: 'cancelled' });
});

t.test('an end of a step and a cancellation at the same moment', async (test) => {
  const id = await begin('two');
  const step = await open(id);
  await start(await register(), [step.id]);
  const ending = await database.connect(test);
  const cancelling = await database.connect(test);
  await ending.query('begin');
  await ending.query(
    "select * from chime_private.finish_runs(array[$1::uuid], '{1}', '{succeeded}', '{}', '{}', '{}', '{}', '{}', '{}')",
    [step.id],
  );
  // The row of the workflow is locked by whoever ends its step: this waits for it.
  const cancelled = cancelling.query('select * from chime.cancel_run($1)', [id]);
  await ending.query('commit');
  await cancelled;
  test.strictSame(await statuses(id), ['succeeded', 'cancelled']);
  test.hasStrict(await run(id), { status: 'cancelled' });

  const other = await begin('two');
  const first = await open(other);
  await start(await register(), [first.id]);
  await cancelling.query('begin');
  await cancelling.query('select * from chime.cancel_run($1)', [other]);
  const ended = ending.query(
    "select * from chime_private.finish_runs(array[$1::uuid], '{1}', '{succeeded}', '{}', '{}', '{}', '{}', '{}', '{}')",
    [first.id],
  );
  await cancelling.query('commit');
  await ended;
  test.strictSame(await statuses(other), ['succeeded']);
  test.hasStrict(await run(other), { status: 'cancelled' });
});

t.test('many ends and cancellations at once', async (test) => {
  await define('ten', Array(10).fill({}));
  const ids: string[] = [];
  for (let count = 0; count < 12; count++) ids.push(await begin('ten'));
  const worker = await register();
  /** Works off all steps of a workflow, beside others that do the same. */
  const work = async (parent: string) => {
    while ((await run(parent)).finished_at === null) {
      const step = (await steps(parent)).find((each) => each.finished_at === null);
      if (step === undefined) continue;
      const [started] = await start(worker, [step.id]);
      if (started !== undefined) await finish([{ id: started.id, attempt: started.attempt }]);
    }
  };
  const cancelled = ids.filter((_id, index) => index % 3 === 0);
  await Promise.all([...ids.map(work), ...ids.map(work), ...cancelled.map(cancel)]);
  for (const id of ids) {
    const row = await run(id);
    const made = await steps(id);
    test.strictSame(
      made.map(({ step }) => step),
      made.map((_step, index) => index + 1),
      'each step once',
    );
    test.ok(made.every(({ attempt }) => attempt === 1 || attempt === 0));
    if (row.status === 'succeeded') test.equal(made.length, 10);
    else test.hasStrict(row, { status: 'cancelled' });
  }
});

t.test('two workers that are woken for one workflow start it once', async (test) => {
  const { id: schedule } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'two', cron => '0 0 1 1 *')",
  );
  const { id } = await database.row<{ id: string }>('select * from chime.run_now($1)', [schedule]);
  const workers = await Promise.all([register(), register(), register()]);
  test.strictSame((await Promise.all(workers.map((worker) => start(worker, [id])))).flat(), []);
  test.strictSame(await statuses(id), ['queued']);
  test.hasStrict(await run(id), { attempt: 1 });
});

t.test('a workflow takes its turn, and a place of its key, as any run does', async (test) => {
  const create = (fields: string) =>
    database.row<{ id: string }>(
      `select id from chime.create_schedule(task => 'two', cron => '0 0 1 1 *', priority => 'high', ${fields})`,
    );
  const held = await create("overlap => 'allow', concurrency_key => 'k'");
  const turns = await create("overlap => 'buffer_all'");
  for (const { id: schedule } of [held, turns]) {
    const queue = () => database.value<string>('select (chime.run_now($1)).id', [schedule]);
    const first = await queue();
    await now.advance('1 second');
    const second = await queue();
    await start(await register(), [first, second]);
    test.hasStrict(await run(first), { status: 'running' });
    test.hasStrict(await run(second), { status: 'queued' });
    test.ok((await run(second)).waits_for);
    test.hasStrict(await steps(first), [{ priority: 'high', concurrency_key: null, in_turn: false }]);
    await end(first);
    await tick();
    test.hasStrict(await run(second), { status: 'queued' }, 'between its steps it keeps its place');
    await end(first);
    await tick();
    await start(await register(), [second]);
    test.hasStrict(await run(second), { status: 'running', waits_for: null });
    await end(second);
    await end(second);
    test.hasStrict(await run(second), { status: 'succeeded' });
  }
  const other = await create("overlap => 'cancel_other'");
  const queue = () => database.value<string>('select (chime.run_now($1)).id', [other.id]);
  const first = await queue();
  await start(await register(), [first]);
  await now.advance('1 second');
  const second = await queue();
  test.hasStrict(await run(first), { status: 'cancelled' }, 'with the step that waited');
  await tick();
  await start(await register(), [second]);
  test.hasStrict(await run(second), { status: 'running' });
});

t.test('the worker of a step dies', async (test) => {
  const id = await begin('two');
  const step = await open(id);
  for (let count = 1; count <= 3; count++) {
    const [started] = await start(await register(), [step.id]);
    await now.advance('1 minute');
    await database.rows(
      "update chime_private.workers set lease_until = chime.now() - interval '1 second' where stopped_at is null",
    );
    await recover();
    test.hasStrict(await run(step.id), { lost_count: count, attempt: started?.attempt });
    test.hasStrict(await run(id), { status: count < 3 ? 'running' : 'failed' });
  }
  test.hasStrict(await run(id), { error: 'The step "s1" failed: Its worker died 3 times while running it.' });
});

t.test('nothing takes a workflow for lost, and one that stands still goes on', async (test) => {
  const id = await begin('two');
  await now.advance('1 day');
  await recover();
  test.hasStrict(await run(id), { status: 'running', lost_count: 0 });
  const step = await open(id);
  await start(await register(), [step.id]);
  // As no program of ours would: past the triggers.
  const client = await database.connect(test);
  await client.query("set session_replication_role = 'replica'");
  await client.query(
    "update chime.runs set status = 'succeeded', finished_at = chime.now(), worker_id = null where id = $1",
    [step.id],
  );
  test.strictSame(await statuses(id), ['succeeded']);
  await recover();
  test.strictSame(await statuses(id), ['succeeded', 'queued']);
  await client.query(
    "update chime.runs set cancel_requested_at = chime.now(), cancel_reason = 'x' where id = $1",
    [id],
  );
  await recover();
  test.strictSame(await statuses(id), ['succeeded', 'cancelled']);
  test.hasStrict(await run(id), { status: 'cancelled' });
});
