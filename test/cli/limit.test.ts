// Concurrency limits, keys and priorities, from the command line and the library.
import t from 'tap';
import { createChime } from '../../src/client/chime.ts';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { run, runJson } = commandsOn(database.url);

t.test('limits', async (test) => {
  test.match(await run('limit', 'list'), { code: 0, stdout: /^No limits/ });
  test.match(await run('limit', 'set', 'db', '3'), { code: 0, stdout: /^key +at once\ndb +3\n$/ });
  test.match((await runJson('limit', 'list')).data, [{ key: 'db', maxRunning: 3 }]);
  test.match(await run('limit', 'set', 'db', '100000'), { code: 2, stderr: /max_running must be between/ });
  test.match(await run('limit', 'set', 'db', '-1'), { code: 2 });
  test.match(await run('limit', 'delete', 'db'), { code: 0, stdout: 'Deleted the limit of db\n' });
  test.match(await run('limit', 'delete', 'db'), { code: 2, stderr: /There is no limit/ });
  const library = createChime({ pool: database.pool });
  test.hasStrict(await library.concurrencyLimits.set('api', 0), { key: 'api', maxRunning: 0 });
  test.equal((await library.concurrencyLimits.list()).length, 1);
  test.hasStrict(await library.concurrencyLimits.delete('api'), { key: 'api' });
});

t.test('a schedule with a key, a priority and a policy', async (test) => {
  const fields = ['--concurrency-key', 'db', '--priority', 'high', '--overlap', 'buffer_one'];
  const created = await runJson(
    ...['schedule', 'create', '--task', 'noop', '--cron', '0 0 1 1 *', '--key', 'k', ...fields],
  );
  test.match(created.data, { schedule: { concurrencyKey: 'db', priority: 'high', overlap: 'buffer_one' } });
  test.match(await run('schedule', 'show', 'k'), {
    stdout: /overlap buffer_one[\s\S]*concurrency +key db[\s\S]*priority +high/,
  });
  const triggered = await runJson('schedule', 'trigger', 'k');
  test.match(triggered.data, { run: { concurrencyKey: 'db', priority: 'high', waitsFor: null } });
  const updated = await runJson('schedule', 'update', 'k', '--priority', 'low');
  test.match(updated.data, { schedule: { concurrencyKey: 'db', priority: 'low' } });
});
