// A database that takes no more connections, and a schedule that is deleted, while runs are at work.
import t from 'tap';
import { Clock } from '../../src/clock/clock.ts';
import { migrate } from '../../src/migrate.ts';
import { createLogin, startCluster } from '../support/cluster.ts';
import { createDatabase, TestDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';
import { gate, queueRuns, startWorker, task } from '../support/worker.ts';

t.test('the connection limit is reached', async (test) => {
  const cluster = await startCluster(test);
  await migrate(cluster.url());
  const database = new TestDatabase(cluster.url());
  test.teardown(() => database.pool.end());
  const url = await createLogin(
    cluster,
    'runner',
    new URL(cluster.url()).pathname.slice(1),
    'in role chime_worker',
  );
  const { handler, begun, open } = gate();
  const { finished, worker } = await startWorker(test, { url }, [
    task('held', handler),
    task('work', () => 'done'),
  ]);
  const { log, logged } = captureLog();
  const clock = new Clock({ connectionString: url, log, pollInterval: 50 });
  await clock.start();
  test.teardown(() => clock.stop());
  const [held] = await queueRuns(database, 'held', [{}]);
  await begun;
  await database.rows('alter role runner connection limit 0');
  await database.rows("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'runner'");
  await logged(/cannot tick/);
  const waiting = await queueRuns(database, 'work', Array(50).fill({}));
  open();
  await database.rows('alter role runner connection limit -1');
  await finished(51);
  test.hasStrict(await database.row('select status, attempt, output from chime.runs where id = $1', [held]), {
    ...{ status: 'succeeded', attempt: 1, output: 'went through' },
  });
  test.strictSame(
    await database.rows(
      'select status, attempt, count(*)::integer as n from chime.runs where id = any ($1) group by 1, 2',
      [waiting],
    ),
    [{ status: 'succeeded', attempt: 1, n: 50 }],
  );
  await logged(/ticks again/);
  await worker.stop();
  await clock.stop();
});

t.test('the schedule of a run is deleted while it runs', async (test) => {
  const database = await createDatabase(test);
  const { handler, begun, open } = gate();
  const { finished } = await startWorker(test, database, [
    task('held', handler),
    task('fails', async (ctx) => {
      await database.rows('select chime.delete_schedule($1)', [ctx.run.schedule?.id]);
      test.strictSame(await ctx.run.nextFires(3), []);
      throw new Error('broken');
    }),
  ]);
  const create = (name: string) =>
    database.value<string>(
      "select (chime.run_now(c.id)).id from chime.create_schedule(task => $1, cron => '* * * * *', max_retries => 3) c",
      [name],
    );
  const held = await create('held');
  await begun;
  await database.rows("select chime.delete_schedule(id) from chime.schedules where task = 'held'");
  open();
  await finished(1);
  test.hasStrict(
    await database.row(
      'select r.status, r.output, s.name from chime.runs r join chime.schedules s on s.id = r.schedule_id where r.id = $1',
      [held],
    ),
    { status: 'succeeded', output: 'went through', name: 'held' },
    'its run stays readable',
  );
  const fails = await create('fails');
  await finished(2);
  test.hasStrict(await database.row('select status, error from chime.runs where id = $1', [fails]), {
    ...{ status: 'failed', error: 'broken' },
  });
});
