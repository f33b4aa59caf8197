// The programs under examples/, run as they are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { migrate } from '../src/migrate.ts';
import { createEmptyDatabase } from './support/database.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

async function run(args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code: code as number, stdout, stderr };
}

t.test('orders', async (test) => {
  const url = await createEmptyDatabase(test);
  await migrate(url);
  test.strictSame(await run(['examples/orders.ts'], { DATABASE_URL: url }), {
    code: 0,
    stdout: `order 3: out of stock
waiting: reminder:2
result: { thanked: 1 }
output: Please pay order 2.
succeeded: 2
`,
    stderr: '',
  });
});

t.test('a test of a task', async (test) => {
  const result = await run(['--test', '--test-reporter=tap', 'examples/testing/greet.test.ts'], {
    TEST_DATABASE_URL: process.env.TEST_SERVER_URL as string,
  });
  test.match(result, { code: 0, stdout: /# pass 1\n# fail 0/ });
});
