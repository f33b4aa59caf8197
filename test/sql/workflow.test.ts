// Workflows: what follows a step, whatever became of it, and what it is given.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { workflowsOf } from '../support/workflows.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { tick, jobs } = shorthand(database);
const { run, start, register, finish } = attemptsOf(database);
const { define, begin, end, open, steps } = workflowsOf(database);
const statuses = async (parent: string) => (await steps(parent)).map(({ status }) => status);

t.test('one step after the other', async (test) => {
  await define('three', [{ name: 'first' }, { name: 'second' }, { name: 'third' }]);
  const before = await jobs();
  const id = await begin('three', { n: 1 });
  test.hasStrict(await run(id), {
    status: 'running',
    worker_id: null,
    attempt: 1,
    finished_at: null,
    deadline_at: null,
  });
  const [first] = await steps(id);
  test.hasStrict(first, {
    ...{ step: 1, task: 'noop', status: 'queued', payload: { n: 1 }, trigger: 'workflow', schedule_id: null },
    ...{ scheduled_for: (await run(id)).scheduled_for },
  });
  test.equal(await jobs(), before + 2, 'the one that woke the worker, and that of the step');
  await end(id, { output: 'one', result: '1' });
  test.strictSame(await statuses(id), ['succeeded', 'queued']);
  await end(id, { output: 'two', result: '2' });
  test.hasStrict(await run(id), { status: 'running' });
  await now.advance('1 minute');
  await end(id, { output: 'three', result: '3' });
  const all = await steps(id);
  test.hasStrict(await run(id), {
    ...{ status: 'succeeded', output: 'three', output_summary: 'three', error: null, attempt: 1 },
    result: {
      steps: ['first', 'second', 'third'].map((name, index) => ({
        name,
        status: 'succeeded',
        run_id: all[index]?.id,
      })),
    },
    finished_at: all[2]?.finished_at,
  });
  const derived = await database.rows<{ id: string }>(
    'select chime_private.step_run_id($1, 1, n) as id from generate_series(1, 3) n',
    [id],
  );
  test.strictSame(
    all.map((each) => each.id),
    derived.map((each) => each.id),
  );
});

t.test('what a step is given', async (test) => {
  await define('given', [
    { name: 'fetch', payload: { from: '{{payload.url}}', none: '{{previous.output}}' } },
    { name: 'count', payload: ['{{previous.result.rows}}', '{{previous.output}}', '{{steps.fetch.status}}'] },
    {
      name: 'tell',
      payload: {
        text: 'Of {{steps.fetch.result.rows.0}}: {{previous.output}} {{run.local_time}} {{steps.nobody.output}}',
        all: '{{steps.count}}',
      },
    },
  ]);
  const id = await begin('given', { url: 'https://example.com' });
  await end(id, { output: 'fetched', result: '{"rows": [7, 8]}' });
  await end(id, { output: 'x'.repeat(300_000), result: JSON.stringify('y'.repeat(300_000)) });
  const [first, second, third] = await steps(id);
  test.strictSame(first?.payload, { from: 'https://example.com', none: null });
  test.strictSame(second?.payload, [[7, 8], 'fetched', 'succeeded']);
  test.strictSame(third?.payload, {
    text: `Of 7: ${'x'.repeat(262_144)} {{run.local_time}} `,
    all: { status: 'succeeded', run_id: second?.id, error: null, output: 'x'.repeat(262_144), result: null },
  });
});

t.test('a step that fails stops the workflow', async (test) => {
  await define('stops', [{}, {}, {}]);
  const cases = [
    [{ outcome: 'gave_up', error: 'broken' }, 'failed', 'The step "s2" failed: broken'],
    [{ outcome: 'timed_out', error: 'too slow' }, 'timed_out', 'The step "s2" timed out: too slow'],
    [{ outcome: 'cancelled' }, 'cancelled', 'The step "s2" was cancelled.'],
  ] as const;
  for (const [ending, status, error] of cases) {
    const id = await begin('stops', {}, 'max_retries => 0');
    await end(id, { output: 'fine' });
    await end(id, ending);
    test.strictSame(await statuses(id), ['succeeded', status]);
    const row = await run(id);
    test.hasStrict(row, { status: 'failed', error });
    test.equal((row.result as { steps: unknown[] }).steps.length, 2);
  }
});

t.test('or it goes on', async (test) => {
  await define('goes', [{ on_failure: 'continue' }, { payload: '{{previous}}' }, { on_failure: 'continue' }]);
  const id = await begin('goes', {}, 'max_retries => 0');
  await end(id, { outcome: 'failed', error: 'broken', output: 'half' });
  test.hasStrict((await open(id)).payload, { status: 'failed', error: 'broken', output: 'half' });
  await end(id);
  await end(id, { outcome: 'failed', error: 'broken too' });
  const row = await run(id);
  test.hasStrict(row, { status: 'succeeded', error: null });
  test.match(row.result, {
    steps: [{ status: 'failed', error: 'broken' }, { status: 'succeeded' }, { status: 'failed' }],
  });
});

t.test('a step has the policies of its own, or those of the schedule', async (test) => {
  await define('policies', [
    { max_retries: 1, retry_delay: '10 minutes', retry_backoff: 'constant', timeout: '1 hour' },
    {},
  ]);
  const id = await begin(
    'policies',
    {},
    "max_retries => 2, retry_delay => '1 minute', retry_backoff => 'linear', timeout => '2 minutes'",
  );
  const first = await open(id);
  test.hasStrict(first.policy, {
    max_retries: 1,
    retry_backoff: 'constant',
    timeout: '1 hour',
    retry_max_delay: '01:00:00',
  });
  const failed = await end(id, { outcome: 'failed', error: 'x' });
  test.hasStrict(failed, { status: 'retrying', retry: 1, retries: 1 });
  test.ok((failed.wait_ms as number) >= 600_000 && (failed.wait_ms as number) <= 660_000);
  test.strictSame(await statuses(id), ['retrying'], 'it is not over yet');
  await now.advance('1 hour');
  await tick();
  const worker = await register();
  const [started] = await start(worker, [first.id]);
  test.hasStrict(started, { attempt: 2, timeout_ms: 3_600_000 });
  await finish([{ id: first.id, attempt: 2 }]);
  const [second] = await start(worker, [(await open(id)).id]);
  test.hasStrict(second, { timeout_ms: 120_000 });
  test.hasStrict(await finish([{ id: second?.id as string, attempt: 1, outcome: 'failed', error: 'x' }]), [
    { status: 'retrying', retries: 2 },
  ]);
});

t.test('a step whose payload cannot be filled in has failed at once', async (test) => {
  const large = Array(30).fill('{{payload.text}}');
  await define('large', [{ payload: large, on_failure: 'continue' }, { payload: 1 }, { payload: large }, {}]);
  const id = await begin('large', { text: 'x'.repeat(100_000) });
  test.strictSame(await statuses(id), ['failed', 'queued']);
  await end(id);
  test.strictSame(await statuses(id), ['failed', 'succeeded', 'failed']);
  test.hasStrict(await run(id), {
    status: 'failed',
    error: 'The step "s3" failed: Filled in, its payload would have more than 1 MB.',
  });
});

t.test('workflows inside of workflows', async (test) => {
  await define('inner', [{}]);
  await define('outer', [{ task: 'inner' }, { payload: '{{previous.result.steps.0.name}}' }]);
  const id = await begin('outer');
  const inner = await open(id);
  await start(await register(), [inner.id]);
  test.hasStrict(await run(inner.id), { status: 'running', worker_id: null });
  await end(inner.id, { output: 'deep' });
  test.hasStrict(await run(inner.id), { status: 'succeeded', output: 'deep' });
  test.equal((await open(id)).payload, 's1');
  await end(id);
  test.hasStrict(await run(id), { status: 'succeeded' });

  await define('endless', [{ task: 'endless' }]);
  const top = await begin('endless');
  let at = top;
  let depth = 0;
  for (; (await run(at)).finished_at === null; depth++) {
    at = (await open(at)).id;
    await start(await register(), [at]);
  }
  test.equal(depth, 10);
  test.match(await run(top), { status: 'failed', error: /more than ten deep/ });
  test.equal(
    await database.value(
      "select count(*)::integer from chime.runs where task = 'endless' and finished_at is null",
    ),
    0,
  );
});

t.test('a workflow that changes while it runs goes on as it began', async (test) => {
  await define('edited', [{}, { payload: 'old' }]);
  const id = await begin('edited');
  await define('edited', [{}]);
  await end(id);
  test.equal((await open(id)).payload, 'old');
});

t.test('an unfinished workflow holds up the next fire', async (test) => {
  await define('busy', [{}, {}]);
  const { id: schedule } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'busy', every => '1 hour')",
  );
  const row = await database.row<{ id: string }>('select * from chime.run_now($1)', [schedule]);
  await start(await register(), [row.id]);
  await end(row.id);
  test.match(await database.error('select chime.run_now($1)', [schedule]), { code: 'CH013' });
  await end(row.id);
  await database.row('select chime.run_now($1)', [schedule]);
});

t.test('steps that are wrong are refused', async (test) => {
  const cases: [unknown, RegExp][] = [
    [[], /1 to 100 steps/],
    [{}, /1 to 100 steps/],
    [null, /1 to 100 steps/],
    [Array.from({ length: 101 }, (_value, n) => ({ name: `s${n}`, task: 'noop' })), /1 to 100 steps/],
    [[{ task: 'noop' }], /name must/],
    [[{ name: 'A', task: 'noop' }], /name must/],
    [[{ name: 'a' }], /task must/],
    [
      [
        { name: 'a', task: 'noop' },
        { name: 'a', task: 'noop' },
      ],
      /another step/,
    ],
    [[{ name: 'a', task: 'noop', on_failure: 'ignore' }], /on_failure/],
    [[{ name: 'a', task: 'noop', timeout: 'soon' }], /soon/],
    [[{ name: 'a', task: 'noop', timeout: '0' }], /timeout/],
    [[{ name: 'a', task: 'noop', max_retries: 101 }], /max_retries/],
    [[{ name: 'a', task: 'noop', retry_delay: '-1 second' }], /retry_delay/],
    [[{ name: 'a', task: 'noop', retry_backoff: 'wild' }], /wild/],
    [[{ name: 'a', task: 'noop', payload: 'x'.repeat(66_000) }], /64 KB/],
  ];
  for (const [wrong, message] of cases) {
    const tasks = JSON.stringify([{ name: 'wrong', handler_type: 'workflow', steps: wrong }]);
    const error = await database.error(
      "select chime_private.register_worker(gen_random_uuid(), 'w', 'p', $1)",
      [tasks],
    );
    test.match(error, { code: 'CH007', message }, JSON.stringify(wrong)?.slice(0, 80));
  }
});
