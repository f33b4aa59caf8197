// Runs test files, or all of them, each in a process of its own, and prints what they report as one report. tap's own command would load
// its hooks for coverage and mocks into every process that a test starts, which then takes twice as long to start as what users run.
import fs from 'node:fs/promises';
import t from 'tap';

/** A test takes some of the time that others leave it: one more than there are processors, usually. */
const jobs = 3;
/** For one file; TAP_TIMEOUT=<seconds> gives more to who goes through very many random cases. */
const timeoutSeconds = Number(process.env.TAP_TIMEOUT ?? 300);

async function allFiles(): Promise<string[]> {
  const files = await fs.readdir('test', { recursive: true });
  return files
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`)
    .sort();
}

const given = process.argv.slice(2);
const files = given.length > 0 ? given : await allFiles();
t.setTimeout(0);
t.jobs = jobs;
t.plan(files.length);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => t.endAll());
// `env`, as tap adds its hooks to the NODE_OPTIONS of what it starts.
for (const file of files)
  t.spawn('env', [`NODE_OPTIONS=${process.env.NODE_OPTIONS ?? ''}`, process.execPath, file], {
    name: file,
    buffered: true,
    timeout: timeoutSeconds * 1000,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAP_TIMEOUT: String(timeoutSeconds) },
    at: null,
    stack: '',
  });
