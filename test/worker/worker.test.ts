// What a worker makes of runs: what it gives a handler, and what it stores of outputs, results and logs.
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import type { TaskContext } from '../../src/task.ts';
import { createDatabase } from '../support/database.ts';
import { queueRuns, startWorker, task } from '../support/worker.ts';

const database = await createDatabase();
const run = (id: string | undefined) => database.row('select * from chime.runs where id = $1', [id]);

t.test('what a handler is given', async (test) => {
  let seen: TaskContext | undefined;
  let fires: Date[] = [];
  const { finished } = await startWorker(test, database, [
    task('look', async (ctx) => {
      seen = ctx;
      fires = await ctx.run.nextFires(2);
      return 'seen';
    }),
  ]);
  await database.rows(
    "select chime.create_schedule(task => 'look', cron => '30 8 * * *', timezone => 'Europe/Berlin', key => 'look', name => 'Looking', payload => '{\"n\": 1}')",
  );
  const { id, schedule_id: scheduleId } = await database.row(
    "select r.id, r.schedule_id from chime.run_now((chime.find_schedule('look')).id) r",
  );
  const [done] = await finished(1);
  test.hasStrict(done, { status: 'succeeded', summary: 'seen' });
  test.hasStrict(seen, { payload: { n: 1 } });
  const { nextFires: _nextFires, ...info } = seen?.run ?? ({} as TaskContext['run']);
  const row = await run(id as string);
  test.hasStrict(info, {
    id,
    scheduledFor: row.scheduled_for,
    attempt: 1,
    trigger: 'manual',
    schedule: { id: scheduleId, key: 'look', name: 'Looking' },
    timezone: 'Europe/Berlin',
    nextFireAt: fires[0],
  });
  test.equal(fires.length, 2);
  test.equal(seen?.signal.aborted, false);
  test.hasStrict(row, { status: 'succeeded', attempt: 1, output: 'seen', result: null, worker_id: null });
});

t.test('outputs of every kind', async (test) => {
  const bytes = Uint8Array.from({ length: 256 }, (_value, index) => index);
  const outputs: Record<
    string,
    { handler: (ctx: TaskContext) => unknown; output: string | null; result?: unknown }
  > = {
    nothing: { handler: () => undefined, output: null },
    empty: { handler: () => '', output: '' },
    text: { handler: () => 'text', output: 'text' },
    emoji: { handler: () => '👩‍👩‍👧‍👦 Привет 🙂', output: '👩‍👩‍👧‍👦 Привет 🙂' },
    nul: { handler: () => 'a\0b', output: 'a␀b' },
    lone_surrogate: { handler: () => 'a\ud800b\udc00', output: 'a\ufffdb\ufffd' },
    binary: {
      handler: ({ write }) => write(bytes),
      output: new TextDecoder().decode(bytes).replace('\0', '␀'),
    },
    split_character: {
      handler: ({ write }) => {
        const [first, ...rest] = Buffer.from('🙂');
        write(Buffer.from([first as number]));
        write(Buffer.from(rest));
      },
      output: '🙂',
    },
    half_character: { handler: ({ write }) => write(Buffer.from('🙂').subarray(0, 2)), output: '\ufffd' },
    written_and_returned: {
      handler: ({ write }) => {
        write('one ');
        write('two ');
        return 'three';
      },
      output: 'one two three',
    },
    object: { handler: () => ({ answer: 42 }), output: '{\n  "answer": 42\n}', result: { answer: 42 } },
    object_beside_text: {
      handler: ({ write }) => {
        write('text');
        return { answer: 42 };
      },
      output: 'text',
      result: { answer: 42 },
    },
    nul_in_object: {
      handler: () => ({ 'k\0': ['a\0', '\ud800'] }),
      output: '{\n  "k\\u0000": [\n    "a\\u0000",\n    "\\ud800"\n  ]\n}',
      result: { 'k␀': ['a␀', '\ufffd'] },
    },
    number: { handler: () => 5, output: '5', result: 5 },
    zero: { handler: () => null, output: 'null', result: null },
    date: {
      handler: () => new Date(0),
      output: '"1970-01-01T00:00:00.000Z"',
      result: '1970-01-01T00:00:00.000Z',
    },
  };
  const { finished } = await startWorker(
    test,
    database,
    Object.entries(outputs).map(([name, { handler }]) => task(name, handler)),
  );
  const ids: Record<string, string | undefined> = {};
  for (const name of Object.keys(outputs)) [ids[name]] = await queueRuns(database, name, [{}]);
  await finished(Object.keys(outputs).length);
  for (const [name, { output, result = null }] of Object.entries(outputs)) {
    test.hasStrict(await run(ids[name]), { status: 'succeeded', output, result, error: null }, name);
  }
});

t.test('large outputs', async (test) => {
  const most = 16 * 1024 * 1024;
  const { finished } = await startWorker(test, database, [
    task('large', ({ payload, write }) => {
      const { size } = payload as { size: number };
      const chunk = 'x'.repeat(1024 * 1024);
      for (let left = size; left > 0; left -= chunk.length) write(chunk.slice(0, left));
    }),
    task('wide', ({ write }) => write('ж'.repeat(most))),
  ]);
  const [full, beyond] = await queueRuns(database, 'large', [{ size: most }, { size: most + 5 }]);
  const [wide] = await queueRuns(database, 'wide', [{}]);
  await finished(3);
  const length = (id: string | undefined) =>
    database.row(
      'select octet_length(output) as bytes, right(output, 60) as tail, status from chime.runs where id = $1',
      [id],
    );
  test.hasStrict(await length(full), { bytes: most, tail: 'x'.repeat(60), status: 'succeeded' });
  const mark = `\n[cut: ${most} of ${most + 5} bytes are kept]`;
  test.hasStrict(await length(beyond), {
    bytes: most + mark.length,
    tail: ('x'.repeat(60) + mark).slice(-60),
  });
  test.match(
    (await length(wide)).tail,
    /ж\n\[cut: 16777216 of 33554432 bytes are kept\]$/,
    'cut between characters',
  );
});

t.test('logs are stored with the run, in order and bounded', async (test) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const { finished } = await startWorker(test, database, [
    task('talk', ({ log }) => {
      log.debug('one');
      log.info('two', { n: 2 });
      log.warn('three\0', new Error('with an error'));
      log.error('four', circular);
    }),
    task('babble', ({ log }) => {
      for (let line = 1; line <= 12_000; line++) log.info(`line ${line}`);
    }),
  ]);
  const [talk] = await queueRuns(database, 'talk', [{}]);
  const [babble] = await queueRuns(database, 'babble', [{}]);
  await finished(2);
  const lines = await database.rows(
    'select level, message, data from chime.run_logs where run_id = $1 order by seq',
    [talk],
  );
  test.match(lines, [
    { level: 'debug', message: 'one', data: null },
    { level: 'info', message: 'two', data: { n: 2 } },
    { level: 'warn', message: 'three␀', data: { message: 'with an error' } },
    { level: 'error', message: 'four', data: /cannot be stored/ },
  ]);
  test.equal(lines.length, 4);
  const kept = await database.rows<{ message: string }>(
    'select message from chime.run_logs where run_id = $1 order by seq',
    [babble],
  );
  test.equal(kept.length, 10_001);
  test.equal(kept[9_999]?.message, 'line 10000');
  test.match(kept[10_000]?.message, /^Only 10000 lines are kept; the rest was dropped/);
});

t.test('a gigabyte of log is cut, with a mark', async (test) => {
  const { finished } = await startWorker(test, database, [
    task('floods', ({ log }) => {
      const megabyte = 'ж'.repeat(1024 * 512);
      for (let line = 0; line < 1024; line++) log.info(megabyte, line < 10 ? { megabyte } : undefined);
      return 'done';
    }),
  ]);
  const [id] = await queueRuns(database, 'floods', [{}]);
  await finished(1);
  test.hasStrict(await database.row('select status, output from chime.runs where id = $1', [id]), {
    ...{ status: 'succeeded', output: 'done' },
  });
  const lines = await database.rows<{ message: string; bytes: number }>(
    `select message, octet_length(message) + coalesce(octet_length(data::text), 0) as bytes from chime.run_logs where run_id = $1 order by seq`,
    [id],
  );
  test.ok(lines.reduce((sum, { bytes }) => sum + bytes, 0) <= 4 * 1024 * 1024 + 100);
  test.match(lines[0]?.message, /^ж{8192}…$/);
  test.equal(lines.at(-1)?.message, 'Only 4 MB are kept; the rest was dropped.');
});

t.test('as many at once as configured, and no more', async (test) => {
  let running = 0;
  let most = 0;
  const { finished } = await startWorker(
    test,
    database,
    [
      task('count', async () => {
        most = Math.max(most, ++running);
        for (let turns = 0; turns < 20; turns++) await turn();
        running--;
      }),
    ],
    { concurrency: 4 },
  );
  await queueRuns(database, 'count', Array(200).fill({}));
  test.equal((await finished(200)).length, 200);
  test.equal(most, 4);
  test.equal(
    await database.value(
      "select count(*)::integer from chime.runs where task = 'count' and status <> 'succeeded'",
    ),
    0,
  );
});

t.test('a run that is woken twice runs once', async (test) => {
  const fresh = await createDatabase(test);
  let count = 0;
  const [id] = await queueRuns(fresh, 'twice', [{}]);
  // The name of the job is given out when a worker has registered the task, so this one has the other.
  for (let more = 0; more < 2; more++) {
    await fresh.rows("select graphile_worker.add_job('chime:twice', json_build_object('run_id', $1::text))", [
      id,
    ]);
  }
  const { finished, worker } = await startWorker(test, fresh, [task('twice', () => void count++)]);
  await finished(1);
  await worker.stop();
  test.equal(count, 1);
  test.hasStrict(await fresh.row('select status, attempt from chime.runs where id = $1', [id]), {
    status: 'succeeded',
    attempt: 1,
  });
});
