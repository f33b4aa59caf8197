// What a worker makes of handlers that fail, and of runs that have none: always a failed run that says why.
import t from 'tap';
import { z } from 'zod';
import { defineTask, type TaskContext } from '../../src/task.ts';
import { createDatabase } from '../support/database.ts';
import { queueRuns, startWorker, task } from '../support/worker.ts';

const database = await createDatabase();
const run = (id: string | undefined) => database.row('select * from chime.runs where id = $1', [id]);

t.test('errors of every kind', async (test) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const errors: Record<
    string,
    { handler: (ctx: TaskContext) => unknown; error: RegExp; stack?: RegExp | null }
  > = {
    error: {
      handler: () => {
        throw new Error('broken');
      },
      error: /^broken$/,
      stack: /worker_errors\.test\.ts/,
    },
    rejection: {
      handler: () => Promise.reject(new TypeError('rejected')),
      error: /^rejected$/,
      stack: /TypeError/,
    },
    cause: {
      handler: () => {
        throw new Error('outer', { cause: new Error('inner') });
      },
      error: /^outer$/,
      stack: /caused by: Error: inner/,
    },
    text: {
      handler: () => {
        throw 'a string';
      },
      error: /threw "a string" instead of an error/,
      stack: null,
    },
    nothing_thrown: {
      handler: () => {
        throw undefined;
      },
      error: /threw undefined/,
      stack: null,
    },
    object_thrown: {
      handler: () => {
        throw Object.create(null);
      },
      error: /cannot be shown/,
      stack: null,
    },
    nul_in_error: {
      handler: () => {
        throw new Error('a\0b\ud800');
      },
      error: /^a␀b\ufffd$/,
    },
    circular: { handler: () => circular, error: /cannot be stored as JSON: .*circular/ },
    bigint: { handler: () => ({ n: 1n }), error: /cannot be stored as JSON: .*BigInt/ },
    bad_write: {
      handler: ({ write }) => write(5 as unknown as string),
      error: /write takes a string or a Uint8Array/,
    },
    huge: {
      handler: () => {
        throw new Error('x'.repeat(1_000_000));
      },
      error: /^x{10000}$/,
    },
  };
  const { finished } = await startWorker(
    test,
    database,
    Object.entries(errors).map(([name, { handler }]) => task(name, handler)),
  );
  const ids: Record<string, string | undefined> = {};
  for (const name of Object.keys(errors)) [ids[name]] = await queueRuns(database, name, [{}]);
  await finished(Object.keys(errors).length);
  for (const [name, { error, stack }] of Object.entries(errors)) {
    const row = await run(ids[name]);
    test.hasStrict(row, { status: 'failed', result: null }, name);
    test.match(row.error, error, name);
    if (stack === null) test.equal(row.error_stack, null);
    else if (stack !== undefined) test.match(row.error_stack, stack);
  }
});

t.test('a failed run keeps what it had written', async (test) => {
  const { finished } = await startWorker(test, database, [
    task('half_done', ({ write }) => {
      write('half');
      throw new Error('then it broke');
    }),
  ]);
  const [id] = await queueRuns(database, 'half_done', [{}]);
  test.hasStrict(await finished(1), [{ status: 'failed', summary: 'then it broke' }]);
  test.hasStrict(await run(id), { status: 'failed', output: 'half', error: 'then it broke' });
});

t.test('a task that nobody has, a payload that does not fit', async (test) => {
  const strict = defineTask({ name: 'strict', payload: z.strictObject({ n: z.int() }), run: () => 'ran' });
  // Written before any worker has registered anything, so that nothing refuses them.
  const fresh = await createDatabase(test);
  const [misfit] = await queueRuns(fresh, 'strict', [{ n: 'many' }]);
  const [unknown] = await queueRuns(fresh, 'unheard_of', [{}]);
  const { finished } = await startWorker(test, fresh, [strict]);
  await finished(2);
  test.match(
    await fresh.value('select error from chime.runs where id = $1', [misfit]),
    /does not fit the task "strict": payload\.n: .*number/,
  );
  test.match(
    await fresh.value('select error from chime.runs where id = $1', [unknown]),
    /No worker has registered the task "unheard_of"/,
  );
  test.hasStrict(await fresh.row("select * from chime.tasks where name = 'strict'"), {
    payload_schema: { type: 'object', required: ['n'], additionalProperties: false },
  });
});
