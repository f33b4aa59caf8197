// What the README says, done: every command and every example, in the order in which a reader meets them.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import t, { type Test } from 'tap';
import { createChime } from '../src/client/chime.ts';
import { settings } from '../src/config.ts';
import { emptyDir } from './support/cli.ts';
import { createDatabase, createEmptyDatabase } from './support/database.ts';
import { deliveriesOf } from './support/deliveries.ts';
import { type SeenRequest, startHttp } from './support/http.ts';
import { person } from './support/identities.ts';
import { modelKey, startModelServer } from './support/model_server.ts';
import { channelsOf, startSender } from './support/sender.ts';
import { startTelegram, token } from './support/telegram.ts';
import { Updates } from './support/telegram_updates.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const bin = path.join(root, 'bin', 'chime.js');
const readme = await fs.readFile(path.join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, body]) => ({
  language: language as string,
  body: body as string,
}));

/** The only block of a language that holds a text. */
function block(language: string, marker: string): string {
  const found = blocks.filter((each) => each.language === language && each.body.includes(marker));
  if (found.length !== 1) throw new Error(`${found.length} ${language} blocks have "${marker}"`);
  return found[0]?.body ?? '';
}

/** The commands of a shell block, without their comments. */
const commands = (body: string) =>
  body
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter(Boolean);

interface Shell {
  cwd: string;
  env: Record<string, string>;
}

function start(command: string, { cwd, env }: Shell) {
  return spawn('bash', ['-c', command], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, so that everything it starts can be ended with it
  });
}

/** Where npx has found the command line: in the checkout, in a project. */
const found = new Set<string>();

/** That npx finds it is seen once in each kind of place: it takes longer to look than most commands take. */
function quicker(command: string, { cwd }: Shell): string {
  const place = cwd === root ? 'checkout' : 'project';
  if (found.has(place)) return `npx() { shift; "${process.execPath}" "${bin}" "$@"; }; ${command}`;
  if (/\bnpx chime\b/.test(command)) found.add(place);
  return command;
}

async function run(command: string, shell: Shell): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = start(quicker(command, shell), shell);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, stdout, stderr };
}

/** A command that serves: ready when it has printed a line that fits; `stop` is what Ctrl-C does. */
async function serve(test: Test, command: string, shell: Shell, fits: RegExp) {
  const child = start(quicker(command, shell), shell);
  const group = -(child.pid as number);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  test.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      process.kill(group, 'SIGKILL');
      await exited;
    }
  });
  const lines: string[] = [];
  const printed = new EventEmitter();
  let url = '';
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      printed.emit('line');
      url = /"http":"([^"]+)"/.exec(line)?.[1] ?? url;
      if (fits.test(line)) resolve();
    });
    void exited.then(() => reject(new Error(`${command} ended: ${stderr}`)));
  });
  return {
    /** Where it serves HTTP, if it does. */
    url,
    /** Resolves with the first line that fits. */
    async printed(pattern: RegExp) {
      for (;;) {
        const line = lines.find((each) => pattern.test(each));
        if (line !== undefined) return line;
        await once(printed, 'line');
      }
    },
    /** Answers the last line that was printed. */
    async stop() {
      process.kill(group, 'SIGINT');
      await exited;
      return lines.at(-1) ?? '';
    },
  };
}

/** What a server answers to a command of the README, wherever it listens. */
async function curl(command: string, url: string, shell: Shell) {
  const { code, stdout } = await run(command.replaceAll('localhost:4680', new URL(url).host), shell);
  return { code, answer: JSON.parse(stdout) as Record<string, unknown> };
}

/** A program of the README, which is also a file of examples/. */
async function writeExample(dir: string, name: string): Promise<void> {
  const source = block('ts', `// examples/${name}`).replace(`// examples/${name}\n`, '');
  if (source !== (await fs.readFile(path.join(root, 'examples', name), 'utf8'))) {
    throw new Error(`The README has another examples/${name}.`);
  }
  await fs.writeFile(path.join(dir, name), source);
}

/** A project that has installed pgchime. */
async function project(test: Test): Promise<string> {
  const dir = await emptyDir(test);
  await fs.writeFile(
    path.join(dir, 'package.json'),
    '{"name": "project", "private": true, "type": "module"}',
  );
  await fs.mkdir(path.join(dir, 'node_modules', '.bin'), { recursive: true });
  await fs.symlink(root, path.join(dir, 'node_modules', 'pgchime'));
  for (const name of ['zod', 'graphql-ws', 'postgraphile']) {
    await fs.symlink(path.join(root, 'node_modules', name), path.join(dir, 'node_modules', name));
  }
  await fs.symlink('../pgchime/bin/chime.js', path.join(dir, 'node_modules', '.bin', 'chime'));
  return dir;
}

t.test('the two commands, and everything that a reader does beside a running pgchime', async (test) => {
  const [first, second] = commands(block('sh', 'npm ci'));
  // The installation is done: this test runs on it. .ci/run does it from a clean clone.
  test.equal(first, 'npm ci && npm start');
  test.equal(second, 'npm test');
  const data = path.join(await emptyDir(test), 'data');
  const shell: Shell = { cwd: root, env: { CHIME_DATA_DIR: data, PORT: '0' } };
  const running = await serve(test, 'npm start', shell, /"schedule":"hello".*"status":"succeeded"/);
  const url = (await run('npx chime psql --url', shell)).stdout.trim();
  test.match(url, /^postgres:\/\//);

  const statements = blocks
    .filter(({ language }) => language === 'sql')
    .flatMap(({ body }) => body.split(/;(?=\s*(?:--.*)?$)/m))
    // What follows a statement on its line is a comment of it.
    .map((each) => each.replace(/^\s*--.*$/m, '').trim())
    .filter((each) => /^select/.test(each));
  test.ok(statements.length >= 6, `${statements.length} statements`);
  for (const statement of statements) {
    const result = await run(`npx chime psql -c "$STATEMENT"`, {
      ...shell,
      env: { ...shell.env, STATEMENT: statement },
    });
    test.equal(result.code, 0, `${statement.slice(0, 60)} ${result.stderr}`);
    if (statement.includes('chime.preview')) {
      const shown = block('text', 'scheduled_for')
        .split('\n')
        .filter((line) => /^ \d{4}/.test(line));
      for (const line of shown) {
        const [at, local, note] = line.split('|').map((cell) => cell.trim()) as [string, string, string];
        test.ok(
          result.stdout.includes(at) && result.stdout.includes(local) && result.stdout.includes(note),
          line,
        );
      }
    }
  }
  const [, statement, english, locale, russian] =
    /`(select chime\.describe\(.*)\)` says `([^`]+)`, with\n`(locale => 'ru')` `([^`]+)`/.exec(readme) ?? [];
  for (const [query, words] of [
    [`${statement})`, english],
    [`${statement}, ${locale})`, russian],
  ]) {
    const result = await run('npx chime psql -c "$STATEMENT"', {
      ...shell,
      env: { ...shell.env, STATEMENT: query as string },
    });
    test.ok(result.code === 0 && result.stdout.includes(`\n${words}\n`), `${query} ${result.stdout}`);
  }
  for (const command of [
    'npx chime schedule create --task http_request',
    'npx chime event trigger',
    'npx chime deliveries',
    'npx chime message',
    'npx chime meeting',
    'npx chime calendar-feed',
    'npx chime chat',
    'npx chime parse',
  ].flatMap((marker) => commands(block('sh', marker)))) {
    const result = await run(command, shell);
    test.equal(result.code, 0, `${command} ${result.stdout} ${result.stderr}`);
  }

  await useMcp(test, running.url, shell);
  for (const command of ['localhost:4680/graphql', "localhost:4680/api/v1/tasks -H 'content"].flatMap(
    (marker) => commands(block('sh', marker)),
  )) {
    const { answer, code } = await curl(command, running.url, shell);
    test.equal(code, 0, command);
    test.notMatch(answer, { errors: {} }, command);
    test.notMatch(answer, { status: Number }, command);
  }
  for (const command of commands(block('sh', '/metrics'))) {
    const result = await run(command.replace('http://127.0.0.1:4680', running.url), shell);
    test.match(result, { code: 0, stdout: /"status":"ok"|chime_runs_finished_total/ }, command);
  }

  const dir = await project(test);
  await writeExample(dir, 'live.ts');
  test.match(await run('node live.ts', { cwd: dir, env: { CHIME_URL: running.url } }), {
    code: 0,
    stderr: '',
    stdout: /^SUCCEEDED Tick$/m,
  });
  await fs.writeFile(path.join(dir, 'example.ts'), block('ts', 'createChime'));
  const example = await run('node example.ts', { cwd: dir, env: { DATABASE_URL: url } });
  test.match(example, {
    code: 0,
    stderr: '',
    stdout: /^created \d{4}-\d\d-\d\dT21:00:00\.000Z\nsales \d{4}-\d\d-\d\d\n$/,
  });
  const tested = block('ts', '// examples/testing/greet.test.ts\n');
  // test/examples.test.ts runs it.
  test.equal(
    tested.replace('// examples/testing/greet.test.ts\n', ''),
    await fs.readFile(path.join(root, 'examples/testing/greet.test.ts'), 'utf8'),
  );
  const transcript = block('text', 'pgchime 0.1.0');
  for (const hint of transcript.match(/npx chime [^,.\n]*/g) ?? []) {
    if (hint.startsWith('npx chime psql')) continue; // opens a console
    const result = await run(hint, shell);
    test.equal(result.code, 0, `${hint} ${result.stderr}`);
  }
  test.match(await running.stop(), /"msg":"stopped"/, 'Ctrl-C stops it');
});

/** What programs are configured with that speak MCP, and the call that anybody can make. */
async function useMcp(test: Test, url: string, shell: Shell): Promise<void> {
  const [help, call] = commands(block('sh', 'npx chime mcp')) as [string, string];
  test.match(await run(help, shell), { code: 0, stdout: /speaks MCP/ });
  const { answer } = await curl(call, url, shell);
  test.match(answer, { result: { structuredContent: { rule: 'at 08:30 on weekdays, Europe/Berlin time' } } });
  const { mcpServers } = JSON.parse(block('json', 'mcpServers'));
  const { command, args } = mcpServers.pgchime;
  const byPipe = new StdioClientTransport({
    ...{ command, args, cwd: shell.cwd, stderr: 'ignore' },
    env: { PATH: process.env.PATH ?? '', ...shell.env },
  });
  const http = mcpServers['pgchime over HTTP'];
  test.equal(new URL(http.url).host, '127.0.0.1:4680');
  const byHttp = new StreamableHTTPClientTransport(new URL('/mcp', url)) as Transport;
  const named = [...readme.matchAll(/^\| `(schedule_\w+)`/gm)].map(([, name]) => name);
  for (const transport of [byPipe, byHttp]) {
    const client = new Client({ name: 'readme', version: '1' });
    await client.connect(transport);
    test.strictSame(
      (await client.listTools()).tools.map(({ name }) => name),
      named,
    );
    await client.close();
  }
}

t.test('who may use it', async (test) => {
  const [start, create, ask] = commands(block('sh', 'CHIME_AUTH=required')) as [string, string, string];
  const shell: Shell = { cwd: await project(test), env: { PORT: '0' } };
  const running = await serve(test, start, shell, /"msg":"scheduled"/);
  const { stdout } = await run(create, shell);
  const [secret = ''] = /^chime_\S+$/m.exec(stdout) ?? [];
  const signedIn = { ...shell, env: { CHIME_TOKEN: secret } };
  test.match(await curl(ask, running.url, signedIn), { code: 0, answer: { items: [{ key: 'hello' }] } });
  test.match(await curl(ask, running.url, { ...shell, env: { CHIME_TOKEN: 'chime_other' } }), {
    answer: { status: 401, code: 'CH041' },
  });
  await writeExample(shell.cwd, 'live.ts');
  const live = { cwd: shell.cwd, env: { CHIME_URL: running.url } };
  test.match(await run('node live.ts', live), { code: 1, stderr: /NOT_AUTHENTICATED/ });
  test.match(await run('node live.ts', { ...live, env: { ...live.env, CHIME_TOKEN: secret } }), {
    code: 0,
    stdout: /^SUCCEEDED Tick$/m,
  });
  for (const command of ['tenant create', 'chime settings'].flatMap((marker) =>
    commands(block('sh', marker)),
  )) {
    const result = await run(command, shell);
    test.equal(result.code, 0, `${command} ${result.stderr}`);
  }
  await running.stop();
});

t.test('a person takes along what is known of them, and is forgotten', async (test) => {
  const database = await createDatabase(test);
  await person(database, 'default', 'ann');
  const shell: Shell = { cwd: await project(test), env: { DATABASE_URL: database.url } };
  for (const command of commands(block('sh', 'user export'))) {
    const result = await run(command, shell);
    test.equal(result.code, 0, `${command} ${result.stderr}`);
  }
  test.match(JSON.parse(await fs.readFile(path.join(shell.cwd, 'ann.json'), 'utf8')), {
    person: { subject: 'ann' },
  });
});

t.test('the bot in Telegram', async (test) => {
  const [command] = commands(block('sh', 'CHIME_TELEGRAM_TOKEN=')) as [string];
  const telegram = await startTelegram(test);
  const shell: Shell = { cwd: await project(test), env: { PORT: '0', CHIME_TELEGRAM_API: telegram.api } };
  const running = await serve(test, command.replace('123456:ABC', token), shell, /"msg":"scheduled"/);
  telegram.push(new Updates().says('/start'));
  const [said] = await telegram.heard(1);
  test.match(said, { method: 'sendMessage', params: { chat_id: '42', text: /^Hello!/ } });
  await running.stop();
});

t.test('a language model', async (test) => {
  const [command] = commands(block('sh', 'CHIME_MODEL_PROVIDER=')) as [string];
  const model = await startModelServer(test);
  model.says({ text: 'Begin with the frog.' });
  const env = { PORT: '0', CHIME_MODEL_URL: `${model.url}/v1` };
  const shell: Shell = { cwd: await project(test), env };
  const running = await serve(test, command.replace('sk-...', modelKey), shell, /"msg":"scheduled"/);
  for (const each of commands(block('sh', '--task ask_llm'))) {
    const result = await run(each, { ...shell, env: {} });
    test.equal(result.code, 0, `${each} ${result.stderr}`);
  }
  test.match(await running.printed(/"schedule":"thought"/), /"status":"succeeded".*Begin with the frog/);
  test.match(model.requests, [{ url: '/v1/messages', prompt: /A thought for the day/ }]);
  await running.stop();
});

t.test('the page for browsers, from its origin', async (test) => {
  const [start, files] = commands(block('sh', 'CHIME_CORS_ORIGINS')) as [string, string];
  test.match(files, /^python3 -m http\.server 8000 --directory examples\/browser$/);
  const shell: Shell = { cwd: await project(test), env: { PORT: '0' } };
  const running = await serve(test, start, shell, /"msg":"scheduled"/);
  const asked = await fetch(`${running.url}/graphql`, {
    method: 'OPTIONS',
    headers: {
      origin: 'http://localhost:8000',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  test.equal(asked.headers.get('access-control-allow-origin'), 'http://localhost:8000');
  await running.stop();
});

t.test('a PostGraphile server that is there already', async (test) => {
  const { url } = await createDatabase(test);
  const dir = await project(test);
  await fs.writeFile(path.join(dir, 'graphile.config.ts'), block('ts', '// graphile.config.ts'));
  await fs.writeFile(
    path.join(dir, 'fields.ts'),
    `import preset from './graphile.config.ts';
     import { makeSchema } from 'postgraphile';
     const { schema } = await makeSchema(preset);
     console.log(Object.keys(schema.getQueryType().getFields()).join());
     for (const service of preset.pgServices) await service.release();`,
  );
  const fields = await run('node fields.ts', {
    cwd: dir,
    env: { DATABASE_URL: url, GRAPHILE_ENV: 'production' },
  });
  test.match(fields, { code: 0, stdout: /\bchimeSearchRuns\b.*\bchimeSchedules\b/ });
});

t.test('what receives a webhook', async (test) => {
  const dir = await project(test);
  await fs.symlink(
    path.join(root, 'node_modules', 'standardwebhooks'),
    path.join(dir, 'node_modules', 'standardwebhooks'),
  );
  await fs.writeFile(path.join(dir, 'receive.ts'), block('ts', '// receive.ts'));
  const { receive } = (await import(pathToFileURL(path.join(dir, 'receive.ts')).href)) as {
    receive(secret: string, body: string, headers: object): string;
  };
  const database = await createDatabase(test);
  const secretKey = Buffer.alloc(32, 1).toString('base64');
  const receiver = await startHttp(test, (_request, response) => response.writeHead(204).end());
  const { reported } = await startSender(test, database, channelsOf(test, {}, { secretKey }));
  const { secret, id } = await createChime({ pool: database.pool, secretKey }).webhooks.create(receiver.url);
  const { end, scheduleTo } = deliveriesOf(database);
  await end(await scheduleTo(id), { output: 'all is well' });
  await reported(1);
  const [{ body, headers }] = receiver.requests as [SeenRequest];
  test.equal(receive(secret as string, body, headers), 'run.succeeded: all is well');
  test.throws(() => receive(secret as string, body.replace('well', 'lost'), headers));
});

t.test('a task of your own', async (test) => {
  const dir = await project(test);
  await fs.mkdir(path.join(dir, 'tasks'));
  for (const file of ['tasks/greet.ts', 'tasks/collect.ts', 'tasks/digest.ts']) {
    const source = block('ts', `// ${file}`);
    const example = await fs.readFile(path.join(root, 'examples', file), 'utf8');
    test.equal(source.replace(`// ${file}\n`, ''), example);
    await fs.writeFile(path.join(dir, file), source);
  }
  const shell: Shell = { cwd: dir, env: { PORT: '0' } };
  const [command] = commands(block('sh', 'CHIME_TASKS_DIR'));
  const running = await serve(test, `${command} --no-example`, shell, /"msg":"scheduled"/);
  test.equal(
    (
      await run(
        `npx chime schedule create --task greet --payload '{"whom": "Ann"}' --cron "0 0 1 1 *" --key g`,
        shell,
      )
    ).code,
    0,
  );
  test.match(await run('npx chime schedule trigger g --wait', shell), {
    code: 0,
    stdout: /^Hello, Ann\. You were due at \d{4}-.*, UTC\.\n$/,
  });
  const other = `npx chime schedule create --task collect --payload '{"url": "https://example.com/"}' --cron "0 0 1 1 *"`;
  test.equal((await run(other, shell)).code, 0);
  const digest = `npx chime schedule create --task digest --payload '{"url": "https://example.invalid/"}' --cron "0 0 1 1 *" --key d`;
  test.equal((await run(`${digest} --retry-delay "0 seconds"`, shell)).code, 0);
  test.match(await run('npx chime schedule trigger d --wait', shell), {
    code: 0,
    stdout: /^failed, after \d+ runs\n$/,
  });
  await running.stop();
});

t.test('the parts apart', async (test) => {
  const url = await createEmptyDatabase(test);
  const shell: Shell = { cwd: await project(test), env: { DATABASE_URL: url, PORT: '0' } };
  const [migrate, clock, worker, api] = commands(block('sh', 'chime clock')).map(
    (command) => `npx ${command}`,
  ) as [string, string, string, string];
  test.equal((await run(migrate, shell)).code, 0);
  const parts = [
    await serve(test, worker, shell, /"msg":"started"/),
    await serve(test, clock, shell, /"msg":"started"/),
    await serve(test, api, shell, /"msg":"started"/),
  ];
  for (const part of parts) test.match(await part.stop(), /"msg":"stopped"/);
});

t.test('the table of settings', async (test) => {
  const cells = readme
    .split('\n')
    .filter((line) => /^\| `[A-Z_]+`/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll(/[`\\]/g, '')));
  const rows = cells.map(([, env, option, about]) => ({ env, option, about }));
  const expected = Object.values(settings).map(({ env, option, about, schema }) => {
    const value = schema.safeParse(undefined).data;
    const hasDefault = typeof value === 'number' || (typeof value === 'string' && value !== '');
    return { env, option: option?.split(' ')[0] ?? '', about: hasDefault ? `${about} (${value})` : about };
  });
  test.strictSame(rows, expected);
});

t.test('docker compose', async (test) => {
  const shell: Shell = { cwd: root, env: {} };
  for (const command of ['docker compose', 'docker-compose']) {
    if ((await run(`${command} version`, shell)).code !== 0) continue;
    const result = await run(`${command} config`, shell);
    test.match(result, { code: 0, stdout: /image: postgres:18/ });
    return;
  }
  test.pass('skipped: docker compose is not installed');
});
