// What `chime doctor` finds, and databases that are not what this version expects.
import t from 'tap';
import { chime, commandsOn, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { queueRuns } from '../support/worker.ts';

const database = await createDatabase();
const { env, run, runJson } = commandsOn(database.url);

t.test('doctor', async (test) => {
  const { code, data } = await runJson('doctor');
  test.equal(code, 0);
  const byCheck = Object.fromEntries(
    (data as { check: string; status: string }[]).map((finding) => [finding.check, finding]),
  );
  test.match(byCheck, {
    node: { status: 'ok' },
    connection: { status: 'ok', message: /:\*\*\*@/ },
    postgres: { status: 'ok' },
    'clock skew': { status: 'ok' },
    listen: { status: 'ok' },
    migrations: { status: 'ok' },
    clocks: { status: 'warning', hint: /chime clock/ },
    schedules: { status: 'ok' },
    runs: { status: 'ok' },
    history: { status: 'ok', message: /runs are kept for 30 days/ },
  });
  const clock = serve(test, ['clock'], { env });
  await clock.line((line) => line.msg === 'started');
  test.match(await run('doctor'), { stdout: /✓ clocks +1 alive/ });
  await clock.end();
  test.match(await chime(['doctor', '--database-url', 'postgres://nobody@127.0.0.1:1/x'], {}), {
    code: 1,
    stdout: /✗ connection/,
  });
});

t.test('doctor finds runs that nothing moves', async (test) => {
  const [id] = await queueRuns(database, 'forgotten', [{}]);
  const worker = await database.value<string>('select gen_random_uuid()');
  await database.rows("select chime_private.register_worker($1, 'gone', 'pool-gone', '[]')", [worker]);
  await database.rows('select from chime_private.start_runs($1, array[$2]::uuid[], false)', [worker, id]);
  await database.rows('delete from chime_private.workers where id = $1', [worker]);
  test.match(await run('doctor'), {
    code: 1,
    stdout: /✗ runs +1 unfinished run is moved by nobody\n +A clock sets them going/,
  });
});

t.test('a database of a newer version: the program is to be upgraded, not the database', async (test) => {
  const newer = await createDatabase(test);
  await newer.rows(`update chime_private.settings set value = '"99.1.0"' where key = 'version'`);
  await newer.rows("update chime_private.loaded_files set sha256 = 'newer' where name = '01_now.sql'");
  for (const command of [['schedule', 'list'], ['worker'], ['clock'], ['migrate']]) {
    const { code, stderr } = await chime(command, { env: { DATABASE_URL: newer.url } });
    test.equal(code, 1, command.join(' '));
    test.match(stderr, /newer pgchime: it was migrated by 99\.1\.0/);
    test.match(stderr, /Upgrade pgchime to 99\.1\.0 or newer/);
    test.notMatch(stderr, /chime migrate/);
  }
  test.match(await chime(['doctor'], { env: { DATABASE_URL: newer.url } }), {
    code: 1,
    stdout: /✗ migrations +.*newer pgchime[\s\S]*Upgrade pgchime to 99\.1\.0/,
  });
});
