// npm test: one throw-away Postgres for the whole run, tap underneath, and at the end one line that says it all. Arguments are
// test files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startTestServer } from './support/server.ts';

/** In memory, where there is room: databases are made and dropped by the hundred, which costs a file system more than the tests. */
async function parentDir(): Promise<string> {
  const memory = await fs.statfs('/dev/shm').catch(() => undefined);
  return memory !== undefined && memory.bavail * memory.bsize > 4 * 2 ** 30 ? '/dev/shm' : os.tmpdir();
}

const dir = await fs.mkdtemp(path.join(await parentDir(), 'pgchime-test-'));
// Whoever runs tests as root has the servers run by another user.
await fs.chmod(dir, 0o755);
const temporary = path.join(dir, 'tmp');
await fs.mkdir(temporary);
await fs.chmod(temporary, 0o1777);
const server = await startTestServer(path.join(dir, 'server'));
const tap = spawn(
  process.execPath,
  [fileURLToPath(new URL('files_timed.ts', import.meta.url)), ...process.argv.slice(2)],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)),
      ...process.env,
      TEST_SERVER_URL: server.url,
      TMPDIR: temporary,
      NO_COLOR: '1',
    },
  },
);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tap.kill(signal));

const counts = { passed: 0, failed: 0 };
for await (const line of createInterface({ input: tap.stdout })) {
  process.stdout.write(`${line}\n`);
  const summary = /^# \{ total: \d+, pass: (\d+)(?:, fail: (\d+))?/.exec(line);
  if (summary !== null)
    Object.assign(counts, { passed: Number(summary[1]), failed: Number(summary[2] ?? 0) });
  // A file that ends before it has declared a test is no success.
  if (/^ok .*# SKIP no tests found/.test(line)) counts.failed++;
}
const code = tap.exitCode ?? ((await once(tap, 'exit')) as [number | null])[0] ?? 1;
await server.stop();
await fs.rm(dir, { recursive: true, force: true });
if (code !== 0 && counts.failed === 0) counts.failed = 1;
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
