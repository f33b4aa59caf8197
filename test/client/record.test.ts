// Statistics and revisions, from the library and the command line.
import os from 'node:os';
import pg from 'pg';
import t from 'tap';
import { createChime } from '../../src/index.ts';
import { attemptsOf } from '../support/attempts.ts';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { queue, attempt } = attemptsOf(database);
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
const yearly = { task: 'noop', cron: '0 0 1 1 *', maxRetries: 0, overlap: 'allow' } as const;

t.test('statistics of a schedule', async (test) => {
  const { id } = await chime.schedules.create({ ...yearly, key: 'counted' });
  test.match(await chime.schedules.stats('counted'), {
    health: 'ok',
    runs: 0,
    successPercent: null,
    p95DurationMs: null,
  });
  await attempt(await queue(id));
  await attempt(await queue(id), { outcome: 'failed', error: 'broke' });
  const stats = await chime.schedules.stats('counted');
  test.match(stats, {
    health: 'failing',
    failuresInARow: 1,
    lastRunStatus: 'failed',
    runs: 2,
    succeeded: 1,
    failed: 1,
    successPercent: 50,
    averageDurationMs: Number,
    p95LatenessMs: Number,
  });
  test.ok(stats.lastFinishedAt instanceof Date);
});

t.test('who changed what', async (test) => {
  await chime.schedules.create({ ...yearly, key: 'k' });
  const ann = createChime({ connectionString: database.url, actor: 'ann' });
  await ann.schedules.update('k', { cron: '0 1 1 1 *' });
  await ann.schedules.pause('k', { reason: 'moving' });
  await ann.close();
  const { run, runJson } = commandsOn(database.url);
  const user = os.userInfo().username;
  await run('schedule', 'resume', 'k');
  const pool = new pg.Pool({ connectionString: database.url });
  const client = await pool.connect();
  await client.query("begin; set local chime.surface = 'shop'; set local chime.actor = 'order 7'");
  await createChime({ pool, actor: 'bob' }).withTransaction(client).schedules.cancel('k', 'over');
  await client.query('commit');
  const { rows } = await client.query("select current_setting('chime.actor', true) as actor");
  client.release();
  await pool.end();
  test.not(rows[0].actor, 'bob', 'nothing stays with the session');
  const { id } = await chime.schedules.get('k');
  await chime.schedules.delete(id);
  const revisions = await chime.schedules.revisions(id);
  test.match(revisions, [
    { action: 'deleted', surface: 'typescript', actor: 'postgres', changedAt: Date },
    { action: 'cancelled', surface: 'shop', actor: 'order 7' },
    { action: 'resumed', surface: 'cli', actor: user },
    {
      action: 'paused',
      surface: 'typescript',
      actor: 'ann',
      after: { status_reason: 'moving', paused_by: 'ann' },
    },
    {
      action: 'changed',
      surface: 'typescript',
      actor: 'ann',
      before: { cron: '0 0 1 1 *' },
      after: { cron: '0 1 1 1 *' },
    },
    { action: 'created', surface: 'typescript', actor: 'postgres', revision: 1 },
  ]);
  test.equal((await chime.schedules.revisions(id, { limit: 2 })).length, 2);
  const { data } = await runJson('schedule', 'history', id);
  test.equal((data as unknown[]).length, 6);
  test.match(await run('schedule', 'history', id, '--limit', '5'), {
    code: 0,
    stdout:
      /^at .*what *\n.* deleted +postgres +typescript[\s\S]*ann +typescript +2 +cron 0 0 1 1 \* -> 0 1 1 1 \*\n$/,
  });
  test.match(await run('schedule', 'history', 'nobody'), { code: 3, stderr: /no schedule "nobody"/ });
});

t.test('how much is kept, and when somebody is told, from the command line', async (test) => {
  const { run } = commandsOn(database.url);
  const made = await run(
    ...[
      'schedule',
      'create',
      '--task',
      'noop',
      '--key',
      'watched',
      '--cron',
      '0 0 1 1 *',
      '--keep-runs',
      '50',
      '--keep-for',
      '90 days',
    ],
    ...['--pause-after-failures', '5', '--alert-after-failures', '2'],
  );
  test.equal(made.code, 0, made.stderr);
  const { id } = await chime.schedules.get('watched');
  await attempt(await queue(id));
  const shown = await run('schedule', 'show', 'watched');
  test.match(
    shown.stdout,
    /^kept +the newest 50 runs, 90 days\npause after +5 failures in a row\nalert after +2 failures in a row$/m,
  );
  test.match(
    shown.stdout,
    /^outcomes +1 succeeded; .* on average, .* in 95 %; up to .* late in 95 %\nhealth +ok$/m,
  );
  test.match(await run('schedule', 'update', 'watched', '--keep-runs', '99999'), {
    code: 2,
    stderr: /keep_runs must be between 1 and 10000/,
  });
});
