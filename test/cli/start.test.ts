// `chime start`: one command, no configuration; stopped, killed and started again; apart from its database.
import fs from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { chime, emptyDir, serve } from '../support/cli.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const isRun = (line: Record<string, unknown>) => line.msg === 'run finished';
const started = (line: Record<string, unknown>) => line.msg === 'started';

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const urlOf = async (test: Test, dir: string) => {
  const { stdout, code } = await chime(['psql', '--url', '--data-dir', dir]);
  test.equal(code, 0);
  return stdout.trim();
};

t.test('with nothing configured a schedule fires; kept over Ctrl-C and kill -9', async (test) => {
  const cwd = await emptyDir(test);
  const dir = path.join(cwd, '.chime');
  const first = serve(test, ['start', '--port', '0'], { cwd });
  const where = await first.line(started);
  test.match(where, {
    embedded: true,
    data_dir: dir,
    http: /^http:\/\/127\.0\.0\.1:\d+$/,
    database: /:\*\*\*@127/,
  });
  const run = await first.line(isRun);
  test.match(run, {
    schedule: 'hello',
    task: 'send_message',
    status: 'succeeded',
    attempt: 1,
    summary: /^Hello from pgchime/,
  });
  test.type(run.handler_ms, 'number');
  test.type(run.lateness_ms, 'number');
  const response = await fetch(`${where.http}/healthz`);
  test.match([response.status, await response.json()], [200, { status: 'ok', version: /^\d/ }]);
  const stopped = await first.end('SIGINT');
  test.match(stopped, { code: 0, stderr: '' });
  test.match(stopped.stdout, /"msg":"stopped"/);

  const second = serve(test, ['start', '--port', '0'], { cwd });
  await second.line(started);
  await second.line(isRun);
  const url = await urlOf(test, dir);
  test.strictSame(await query(url, 'select name, run_count >= 2 as ran from chime.schedules'), [
    { name: 'hello', ran: true },
  ]);
  const server = Number(
    (await fs.readFile(path.join(dir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0],
  );
  await second.end('SIGKILL');
  process.kill(server, 'SIGKILL');

  const third = serve(test, ['start', '--port', '0'], { cwd });
  test.match(await third.line(isRun), { schedule: 'hello', status: 'succeeded' });
  test.match(await third.end('SIGTERM'), { code: 0 });
});

t.test('kill -9 with a run in the middle: it is run again', async (test) => {
  const cwd = await emptyDir(test);
  const tasks = path.join(cwd, 'tasks');
  await fs.mkdir(tasks);
  // The first attempt never ends; the next one finds the file that the first has left.
  await fs.writeFile(
    path.join(tasks, 'stubborn.ts'),
    `import fs from 'node:fs';
import { defineTask } from 'pgchime';
import { z } from 'zod';
export default defineTask({
  name: 'stubborn',
  payload: z.object({ file: z.string() }),
  async run({ payload, log }) {
    log.info('begun');
    if (fs.existsSync(payload.file)) return 'second attempt';
    fs.writeFileSync(payload.file, 'begun');
    await new Promise((resolve) => setInterval(resolve, 2 ** 30));
  },
});
`,
  );
  const args = ['start', '--port', '0', '--no-example', '--tasks-dir', tasks];
  const first = serve(test, args, { cwd });
  await first.line(started);
  const file = path.join(cwd, 'begun.txt');
  const created = await chime(
    [
      'schedule',
      'create',
      '--task',
      'stubborn',
      '--payload',
      JSON.stringify({ file }),
      '--cron',
      '0 0 1 1 *',
      '--key',
      's',
    ],
    { cwd },
  );
  test.equal(created.code, 0, created.stderr);
  await chime(['schedule', 'trigger', 's'], { cwd });
  await until(async () => (await fs.stat(file).catch(() => null)) !== null);
  await first.end('SIGKILL');
  const second = serve(test, args, { cwd });
  test.match(await second.line(isRun), {
    task: 'stubborn',
    status: 'succeeded',
    attempt: 2,
    summary: 'second attempt',
  });
  test.match(await second.end(), { code: 0 });
});

t.test('a database that is given gets no example', async (test) => {
  const url = await createEmptyDatabase(test);
  const cwd = await emptyDir(test);
  await fs.writeFile(path.join(cwd, '.env'), `DATABASE_URL=${url}\nPORT=0\n`);
  const serving = serve(test, ['start'], { cwd });
  test.match(await serving.line(started), { embedded: false });
  await serving.line((line) => line.msg === 'scheduled');
  test.strictSame(await query(url, 'select count(*)::integer from chime.schedules'), [{ count: 0 }]);
  test.match(await serving.end(), { code: 0 });
  test.strictSame(await fs.readdir(cwd), ['.env'], 'nor a data directory');
});

t.test('clock and worker apart', async (test) => {
  const url = await createEmptyDatabase(test);
  const env = { DATABASE_URL: url };
  for (const command of ['clock', 'worker']) {
    test.match(
      await chime([command], { env }),
      { code: 1, stderr: /not been migrated[\s\S]*chime migrate/ },
      `${command} needs a migrated database`,
    );
  }
  test.match(await chime(['migrate'], { env }), { code: 0 });
  const worker = serve(test, ['worker'], { env });
  const clock = serve(test, ['clock'], { env });
  await Promise.all([worker.line(started), clock.line(started)]);
  await query(
    url,
    "select chime.create_schedule(task => 'send_message', payload => '{\"text\": \"apart\"}', at => now() + interval '50 milliseconds', overdue => 'run_now')",
  );
  test.match(await worker.line(isRun), { status: 'succeeded', summary: 'apart' });
  test.match(await clock.end('SIGTERM'), { code: 0 });
  test.match(await worker.end('SIGTERM'), { code: 0 });
});

t.test('the least rights that clock and worker need', async (test) => {
  const url = await createEmptyDatabase(test);
  await chime(['migrate'], { env: { DATABASE_URL: url } });
  const role = `test_worker_${process.pid}`;
  await query(url, `create role ${role} login password 'test' in role chime_worker`);
  test.teardown(() => query(url, `drop role ${role}`));
  const limited = new URL(url);
  limited.username = role;
  limited.password = 'test';
  const env = { DATABASE_URL: limited.href };
  const worker = serve(test, ['worker'], { env });
  const clock = serve(test, ['clock'], { env });
  await Promise.all([worker.line(started), clock.line(started)]);
  await query(
    url,
    "select chime.create_schedule(task => 'run_query', payload => '{\"query\": \"select current_user\"}', at => now() + interval '50 milliseconds', overdue => 'run_now')",
  );
  test.match(await worker.line(isRun), { status: 'succeeded', summary: /chime_reporter/ });
  await Promise.all([clock.end(), worker.end()]);
});

t.test('what can be wrong at the start', async (test) => {
  const cwd = await emptyDir(test);
  const running = serve(test, ['start', '--port', '0', '--no-example'], { cwd });
  const { http } = await running.line(started);
  const cases: [string[], number, RegExp][] = [
    [['start'], 1, /already runs on .*\.chime, as process \d+/],
    [
      ['start', '--data-dir', 'other', '--port', new URL(String(http)).port],
      2,
      /Port \d+ is taken[\s\S]*Choose another/,
    ],
    [['start', '--port', 'many'], 2, /PORT \(--port\) is "many"/],
    [['start', '--database-url', 'mysql://x'], 2, /must begin with postgres:\/\//],
    [
      ['start', '--database-url', 'postgres://nobody@127.0.0.1:1/none'],
      1,
      /cannot be reached[\s\S]*DATABASE_URL/,
    ],
    [['start', '--tasks-dir', 'nowhere', '--data-dir', 'other'], 2, /task directory .* cannot be read/],
    [['start', '--unknown'], 2, /unknown option '--unknown'/],
  ];
  for (const [args, code, stderr] of cases) {
    const result = await chime(args, { cwd });
    test.match(result, { code, stderr }, args.join(' '));
    test.notMatch(result.stderr, /\n\s+at /, 'no stack trace');
  }
  test.match(await chime(['start', '--debug'], { cwd }), { stderr: /\n\s+at / }, 'unless it is asked for');
  test.match(await running.end(), { code: 0 });
});

t.test('several commands at once on a database that nobody runs', async (test) => {
  const cwd = await emptyDir(test);
  test.match(await chime(['migrate'], { cwd }), { code: 0 });
  const results = await Promise.all([1, 2, 3].map(() => chime(['schedule', 'list', '--json'], { cwd })));
  for (const result of results) test.hasStrict(result, { code: 0, stderr: '' });
});
