// Workflows and agents, as tasks of a real worker.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { z } from 'zod';
import { createChime, defineTask, defineWorkflow, InvalidConfigError } from '../../src/index.ts';
import { loadTasks } from '../../src/worker/registry.ts';
import { emptyDir, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';
import { workflowsOf } from '../support/workflows.ts';

const database = await createDatabase();
const { steps } = workflowsOf(database);
const library = createChime({ connectionString: database.url });
t.teardown(() => library.close());
const run = (id: string | undefined) => database.row('select * from chime.runs where id = $1', [id]);

t.test('from step to step', async (test) => {
  const { finished } = await startWorker(test, database, [
    defineWorkflow({
      name: 'sums',
      payload: z.object({ numbers: z.array(z.number()) }),
      steps: [
        { name: 'add', task: 'add', payload: { of: '{{payload.numbers}}' } },
        { name: 'double', task: 'double', payload: { of: '{{previous.result.sum}}' } },
        { task: 'say', payload: { text: '{{steps.add.result.sum}}, {{steps.double.output}}' } },
      ],
    }),
    task('add', ({ payload }) => ({ sum: (payload as { of: number[] }).of.reduce((sum, n) => sum + n, 0) })),
    task('double', ({ payload }) => String((payload as { of: number }).of * 2)),
    task('say', ({ payload, run: { trigger } }) => `${(payload as { text: string }).text} ${trigger}`),
  ]);
  const [id] = await queueRuns(database, 'sums', [{ numbers: [1, 2, 3] }]);
  await finished(3);
  test.hasStrict(await run(id), { status: 'succeeded', output: '6, 12 workflow', worker_id: null });
  const row = await library.runs.get(id as string);
  test.match(row.result, {
    steps: [{ name: 'add' }, { name: 'double' }, { name: 'say', status: 'succeeded' }],
  });
  test.hasStrict(await library.runs.list({ limit: 3 }), [
    { parentRunId: id },
    { parentRunId: id },
    { parentRunId: id },
  ]);
  const [first] = await steps(id as string);
  const { traceId, parentSpanId } = await library.runs.get(first?.id as string);
  test.strictSame(
    [traceId, parentSpanId],
    [row.traceId, row.spanId],
    'steps are below the workflow in its trace',
  );
});

t.test('its slot is free while steps run, and cancelling ends the step that runs', async (test) => {
  const { handler, begun } = gate();
  const { finished } = await startWorker(
    test,
    database,
    [
      defineWorkflow({ name: 'slow', steps: [{ task: 'gated' }, { name: 'more', task: 'gated' }] }),
      task('gated', handler),
    ],
    { concurrency: 1 },
  );
  const [id] = await queueRuns(database, 'slow', [{}]);
  await begun;
  test.hasStrict(await library.runs.cancel(id as string, 'enough'), { status: 'running' });
  await finished(1);
  test.hasStrict(await run(id), { status: 'cancelled', cancel_reason: 'enough' });
  test.hasStrict(await steps(id as string), [{ status: 'cancelled' }]);
});

t.test('kill -9 of the worker between steps', async (test) => {
  const fresh = await createDatabase(test);
  await fresh.rows(
    "create or replace function chime_private.server_age() returns interval language sql as $$ select interval '1 hour' $$",
  );
  const dir = await emptyDir(test);
  const files = {
    one: "defineTask({ name: 'one', payload: z.unknown(), run: ({ run }) => 'one ' + run.attempt })",
    two: "defineTask({ name: 'two', payload: z.unknown(), run: ({ run }) => run.attempt === 1 ? new Promise(() => {}) : 'two ' + run.attempt })",
    all: "defineWorkflow({ name: 'all', steps: [{ task: 'one' }, { task: 'two' }, { name: 'three', task: 'one', payload: '{{previous.output}}' }] })",
  };
  for (const [name, definition] of Object.entries(files))
    await fs.writeFile(
      path.join(dir, `${name}.ts`),
      `import { defineTask, defineWorkflow } from 'pgchime';\nimport { z } from 'zod';\nexport default ${definition};\n`,
    );
  const worker = () =>
    serve(test, ['worker', '--tasks-dir', dir, '--json'], { env: { DATABASE_URL: fresh.url } });
  const first = worker();
  await first.line(({ msg }) => msg === 'started');
  const [id] = await queueRuns(fresh, 'all', [{}]);
  const { steps: stepsOf } = workflowsOf(fresh);
  await until(async () => (await stepsOf(id as string))[1]?.status === 'running');
  await first.end('SIGKILL');
  test.hasStrict(await stepsOf(id as string), [{ status: 'succeeded' }, { status: 'running' }]);
  const clock = '00000000-0000-0000-0000-0000000000cc';
  await fresh.rows(
    `insert into chime_private.clocks values ('${clock}', 'steady', now() - interval '1 hour', now());
     update chime_private.workers set lease_until = now() - interval '1 second'`,
  );
  await fresh.rows('select chime_private.tick(500, $1)', [clock]);
  const second = worker();
  const row = () => fresh.row('select * from chime.runs where id = $1', [id]);
  await until(async () => (await row()).finished_at !== null);
  test.hasStrict(await row(), { status: 'succeeded', output: 'one 1', attempt: 1, lost_count: 0 });
  test.hasStrict(await stepsOf(id as string), [
    { status: 'succeeded', output: 'one 1', attempt: 1 },
    { status: 'succeeded', output: 'two 2', attempt: 2, lost_count: 1 },
    { status: 'succeeded', payload: 'two 2', attempt: 1 },
  ]);
  await second.end('SIGTERM');
});

t.test('workflows that are wrong', (test) => {
  const steps = [{ task: 'a' }];
  test.throws(() => defineWorkflow({ name: 'No', steps }), /not a task name/);
  test.throws(() => defineWorkflow({ name: 'w', steps: [] }), /1 to 100 steps/);
  test.throws(() => defineWorkflow({ name: 'w', steps: [...steps, ...steps] }), /two steps named "a"/);
  test.throws(() => defineWorkflow({ name: 'w', steps: [{ task: 'A' }] }), /not a task name/);
  test.end();
});

t.test('the examples can be loaded', async (test) => {
  const tasks = await loadTasks(path.join(import.meta.dirname, '../../examples/tasks'));
  test.equal(tasks.get('digest')?.handlerType, 'workflow');
});

t.test('an agent', async (test) => {
  const agent = defineTask({
    name: 'asker',
    handlerType: 'agent',
    payload: z.object({ question: z.string() }),
    run: ({ payload, agent: { ask }, signal, traceparent }) => ask(payload.question, { signal, traceparent }),
  });
  await test.rejects(startWorker(test, database, [agent]), {
    name: InvalidConfigError.name,
    code: 'CH032',
    message: /cannot run "asker".*no agent port/,
  });
  const { finished } = await startWorker(test, database, [agent], {
    agent: { ask: async (question) => `${question} 42` },
  });
  const [id] = await queueRuns(database, 'asker', [{ question: 'What?' }]);
  await finished(1);
  test.hasStrict(await run(id), { status: 'succeeded', output: 'What? 42' });
  test.hasStrict(await database.row("select * from chime.tasks where name = 'asker'"), {
    handler_type: 'agent',
    steps: null,
  });
});
