// Runs that are tried again, by a worker and real handlers; the test's own ticks bring the retries about.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { startWorker, task } from '../support/worker.ts';

const tick = 'select retried from chime_private.tick()';

t.test('a handler that fails twice and then succeeds', async (test) => {
  const database = await createDatabase(test);
  const attempts: number[] = [];
  const { finished } = await startWorker(test, database, [
    task('flaky', ({ run, log, write }) => {
      attempts.push(run.attempt);
      log.info(`attempt ${run.attempt}`);
      write(`tried ${run.attempt}`);
      if (run.attempt < 3) throw new Error(`broken ${run.attempt}`);
    }),
  ]);
  await database.rows(
    "select chime.create_schedule(task => 'flaky', cron => '0 0 1 1 *', key => 'flaky', retry_delay => '0')",
  );
  const id = await database.value<string>("select (chime.run_now((chime.find_schedule('flaky')).id)).id");
  for (const retry of [1, 2]) {
    const ends = await finished(retry);
    test.hasStrict(ends.at(-1), {
      ...{ outcome: 'failed', status: 'retrying', waitMs: 0, retry, retries: 3 },
      ...{ summary: `broken ${retry}` },
    });
    await database.row(tick);
  }
  const [first, second, third] = await finished(3);
  test.type(first?.latenessMs, 'number');
  test.equal(second?.latenessMs, null, 'only the first attempt is late for its fire');
  test.hasStrict(third, { outcome: 'succeeded', status: 'succeeded', summary: 'tried 3', retry: null });
  test.strictSame(attempts, [1, 2, 3]);
  test.hasStrict(await database.row('select * from chime.runs where id = $1', [id]), {
    ...{ status: 'succeeded', attempt: 3, retry_count: 2, output: 'tried 3', error: null },
  });
  test.hasStrict(await database.rows('select * from chime.run_attempts order by attempt'), [
    { attempt: 1, outcome: 'failed', error: 'broken 1', output: 'tried 1' },
    { attempt: 2, outcome: 'failed', error: 'broken 2', output: 'tried 2' },
  ]);
  test.strictSame(
    (await database.rows('select message from chime.run_logs order by seq')).map(({ message }) => message),
    ['attempt 1', 'attempt 2', 'attempt 3'],
  );
});

t.test('the worker dies between two attempts', async (test) => {
  const database = await createDatabase(test);
  const handler = task('flaky', ({ run }) => {
    if (run.attempt === 1) throw new Error('broken');
    return 'by another worker';
  });
  const first = await startWorker(test, database, [handler]);
  await database.rows(
    "select chime.create_schedule(task => 'flaky', cron => '0 0 1 1 *', key => 'flaky', retry_delay => '0')",
  );
  await database.rows("select chime.run_now((chime.find_schedule('flaky')).id)");
  await first.finished(1);
  await first.worker.stop();
  test.hasStrict(await database.row(tick), { retried: 1 });
  const second = await startWorker(test, database, [handler]);
  await second.finished(1);
  test.hasStrict(await database.row('select * from chime.runs'), {
    ...{ status: 'succeeded', attempt: 2, lost_count: 0, output: 'by another worker' },
  });
});
