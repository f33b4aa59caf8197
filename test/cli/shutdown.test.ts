// How a serving process ends: by signals at any moment, without its database, and by errors that nobody handled.
import fs from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { healthOf } from '../../src/api/health.ts';
import { migrate } from '../../src/migrate.ts';
import { emptyDir, type Serving, serve } from '../support/cli.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { NetworkProxy } from '../support/proxy.ts';

const said = (message: RegExp) => (line: Record<string, unknown>) => message.test(String(line.msg));

/** `chime start` on a migrated database, through a proxy. */
async function serveThroughProxy(test: Test): Promise<{ serving: Serving; proxy: NetworkProxy }> {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  const proxy = await NetworkProxy.start(url);
  test.teardown(() => proxy.stop());
  const serving = serve(test, ['start', '--port', '0'], { env: { DATABASE_URL: proxy.url } });
  await serving.line(said(/^scheduled$/));
  return { serving, proxy };
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  t.test(`${signal} while the database is away`, async (test) => {
    const { serving, proxy } = await serveThroughProxy(test);
    proxy.leave();
    await serving.line(said(/cannot tick/));
    const began = performance.now();
    test.hasStrict(await serving.end(signal), { code: 0 });
    test.ok(performance.now() - began < 30_000, 'it does not wait for it to come back');
  });
}

t.test('a second signal while the database is silent', async (test) => {
  const { serving, proxy } = await serveThroughProxy(test);
  proxy.silent = true;
  serving.child.kill('SIGINT');
  await serving.line(said(/^stopping$/));
  const began = performance.now();
  test.hasStrict(await serving.end('SIGINT'), { code: 0 });
  test.ok(performance.now() - began < 8_000, 'it waits for nothing');
});

t.test('Ctrl-C during the first start', async (test) => {
  const cwd = await emptyDir(test);
  const dir = path.join(cwd, '.chime');
  const args = ['start', '--port', '0', '--no-example', '--log-level', 'debug'];
  const first = serve(test, args, { cwd });
  await first.line((line) => line.what === 'Starting the embedded Postgres');
  test.hasStrict(await first.end('SIGINT'), { code: 0, stderr: '' });
  const left = await fs.readdir(dir, { recursive: true }).catch(() => []);
  test.strictSame(
    left.filter((name) => /partial|postmaster\.pid|owner\.json/.test(name)),
    [],
  );
  const second = serve(test, args, { cwd });
  await second.line(said(/^started$/));
  test.hasStrict(await second.end('SIGHUP'), { code: 0 });
});

t.test('a task that forgets an await, and one that throws beside itself', async (test) => {
  const cwd = await emptyDir(test);
  const dir = path.join(cwd, '.chime');
  const tasks = path.join(cwd, 'tasks');
  await fs.mkdir(tasks);
  await fs.writeFile(
    path.join(tasks, 'careless.ts'),
    `import { defineTask } from 'pgchime';
import { z } from 'zod';
export default defineTask({
  name: 'careless',
  payload: z.object({ throws: z.boolean() }),
  async run({ payload }) {
    if (payload.throws) setTimeout(() => { throw new Error('beside itself'); });
    else void Promise.reject(new Error('forgotten'));
    return 'done';
  },
});
`,
  );
  const serving = serve(test, ['start', '--port', '0', '--no-example', '--tasks-dir', tasks], { cwd });
  await serving.line(said(/^scheduled$/));
  const { password, port } = JSON.parse(await fs.readFile(path.join(dir, 'state.json'), 'utf8')) as {
    password: string;
    port: number;
  };
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'chime' });
  client.on('error', () => {});
  await client.connect();
  const fire = (throws: boolean) =>
    client.query(
      "select chime.create_schedule(task => 'careless', payload => $1, at => now() + interval '1 second')",
      [{ throws }],
    );
  await fire(false);
  test.match(await serving.line(said(/promise was rejected/)), {
    level: 'error',
    err: { message: 'forgotten' },
    at: /careless\.ts/,
  });
  test.match(await serving.line(said(/^run finished$/)), { status: 'succeeded' });
  await fire(true);
  test.match(await serving.line(said(/nobody caught/)), {
    level: 'error',
    err: { message: 'beside itself' },
    at: /careless\.ts/,
  });
  await serving.line(said(/^stopped$/));
  const ended = await serving.end('SIGCONT');
  test.match(ended, { code: 1, stderr: /error: beside itself/ });
  test.notMatch(ended.stderr, /\n\s+at /, 'no bare trace');
  await test.rejects(fs.stat(path.join(dir, 'postgres', 'postmaster.pid')), 'its Postgres has ended');
  await client.end().catch(() => {});
});

t.test('what /healthz says', async (test) => {
  test.equal(healthOf({ stopping: false, clockSilentMs: null }), 'ok', 'before the first tick');
  test.equal(healthOf({ stopping: false, clockSilentMs: 10_000 }), 'ok');
  test.equal(healthOf({ stopping: false, clockSilentMs: 61_000 }), 'stalled');
  test.equal(healthOf({ stopping: true, clockSilentMs: 0 }), 'stopping');
});
