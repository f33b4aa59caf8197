// chime mcp: the tools over standard input and output, as an editor starts it.
import { fileURLToPath } from 'node:url';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import t, { type Test } from 'tap';
import { chime } from '../support/cli.ts';
import { McpClient, type Person } from '../support/mcp.ts';
import { phrase, setUpTools } from '../support/tools.ts';

const bin = fileURLToPath(new URL('../../bin/chime.js', import.meta.url));
const daily = { kind: 'cron', value: '0 9 * * *' };

function start(test: Test, args: string[], env: Record<string, string>, person?: Person) {
  const transport = new StdioClientTransport({
    ...{ command: process.execPath, args: [bin, 'mcp', ...args], stderr: 'ignore' },
    env: { PATH: process.env.PATH ?? '', TZ: 'Asia/Tokyo', LANG: 'ru_RU.UTF-8', ...env },
  });
  return new McpClient(person).connect(test, transport);
}

t.test('it acts as administrator, a user, or the bearer of a token; people can be asked', async (test) => {
  const { database, ann } = await setUpTools(test);
  const env = { DATABASE_URL: database.url };
  const admin = await start(test, [], env, ({ options }) => options[0]);
  const made = await admin.call('schedule_create', { cadence: phrase('at 8'), text: 'чай' });
  test.match(made, {
    say: /^Создано «чай»: один раз/,
    data: { status: 'created', schedule: { timezone: 'Asia/Tokyo' } },
  });
  test.equal(admin.asked.length, 1);
  test.match((await admin.call('schedule_search')).data.schedules, [{ name: 'чай' }]);

  const user = await start(test, ['--user', 'ann'], env);
  test.equal((await user.call('schedule_search')).data.schedules.length, 0);
  const hers = await user.call('schedule_create', { cadence: daily, text: 'tea' });
  test.match(hers.data.schedule, { timezone: 'Europe/Berlin' });
  test.equal(await database.value("select owner_id from chime.schedules where name = 'tea'"), ann.userId);
  await database.rows('select chime.block_user($1)', [ann.userId]);
  test.match(await user.call('schedule_search'), { isError: true, json: { error: { code: 'CH041' } } });

  const secret = (
    await chime(['token', 'create', '--name', 'editor', '--role', 'user', '--user', 'bob', '--json'], { env })
  ).stdout;
  const bearer = await start(test, [], { ...env, CHIME_MCP_TOKEN: JSON.parse(secret).secret });
  test.equal((await bearer.call('schedule_search')).data.schedules.length, 0);
});

t.test('what was asked before the pipe is closed is answered, and nothing else is printed', async (test) => {
  const { database } = await setUpTools(test);
  const lines = [
    {
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
    },
    { method: 'tools/call', params: { name: 'schedule_preview', arguments: { cadence: daily } } },
  ].map((message, id) => JSON.stringify({ jsonrpc: '2.0', id, ...message }));
  const env = { DATABASE_URL: database.url };
  const { code, stdout, stderr } = await chime(['mcp'], { env, input: `${lines.join('\n')}\n` });
  test.equal(code, 0, stderr);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  test.match(answers, [
    { id: 0, result: {} },
    { id: 1, result: { structuredContent: { status: 'preview' } } },
  ]);
  test.equal(stderr, '');
});

t.test('who cannot act is told on standard error', async (test) => {
  const { database, bob } = await setUpTools(test);
  await database.rows('select chime.block_user($1)', [bob.userId]);
  const run = (args: string[], env: Record<string, string> = {}) =>
    chime(['mcp', ...args], { env: { DATABASE_URL: database.url, ...env } });
  for (const [args, env, code, message] of [
    [['--user', 'nobody'], {}, 3, /no user "nobody"/],
    [['--tenant', 'nowhere'], {}, 3, /no tenant "nowhere"/],
    [['--user', 'bob'], {}, 1, /may not sign in/],
    [[], { CHIME_MCP_TOKEN: 'chime_nonsense' }, 1, /token/i],
    [['--user', 'ann'], { CHIME_MCP_TOKEN: 'chime_nonsense' }, 2, /CHIME_MCP_TOKEN/],
  ] as [string[], Record<string, string>, number, RegExp][])
    test.match(await run(args, env), { code, stdout: '', stderr: message });
});
