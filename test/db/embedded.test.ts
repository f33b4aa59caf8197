// The embedded Postgres: kept data, kill -9 of it and of its owner, two owners, directories it may not take.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import t, { type Test } from 'tap';
import { findEmbedded, openEmbedded, useEmbedded } from '../../src/db/embedded/open.ts';
import { stopLeftover } from '../../src/db/embedded/server_process.ts';

/** A directory below one that nobody but its owner may enter, as `mktemp -d` makes them. */
async function privateDir(test: Test): Promise<string> {
  const parent = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-embedded-'));
  await fs.chmod(parent, 0o700);
  test.teardown(() => fs.rm(parent, { recursive: true, force: true }));
  return path.join(parent, 'data');
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Another process that opens the directory and tells the URL; it is killed at the end if it lives. */
async function openElsewhere(
  test: Test,
  dir: string,
): Promise<{ url: string; pid: number; kill(): Promise<void> }> {
  const module = new URL('../../src/db/embedded/open.ts', import.meta.url).href;
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { openEmbedded } = await import('${module}'); console.log((await openEmbedded(process.argv[1])).url)`,
      dir,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  test.teardown(kill);
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url, pid: child.pid as number, kill };
}

const postmaster = async (dir: string) =>
  Number((await fs.readFile(path.join(dir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);

t.test('made once, found again with its data, password and port', async (test) => {
  const dir = await privateDir(test);
  const first = await openEmbedded(dir);
  test.equal(first.isNew, true);
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  await first.stop();
  const second = await openEmbedded(dir);
  test.equal(second.isNew, false);
  test.equal(second.url, first.url);
  test.strictSame(await query(second.url, 'select * from kept'), [{ answer: 42 }]);
  test.match(await query(second.url, 'select version()'), [{ version: /PostgreSQL 18/ }]);
  await second.stop();
  await test.rejects(query(first.url, 'select 1'), { code: 'ECONNREFUSED' });
});

t.test('after kill -9 of the server', async (test) => {
  const dir = await privateDir(test);
  const first = await openEmbedded(dir);
  await query(first.url, 'create table kept as select 42 as answer');
  process.kill(await postmaster(dir), 'SIGKILL');
  await first.stop();
  const second = await openEmbedded(dir);
  test.strictSame(await query(second.url, 'select * from kept'), [{ answer: 42 }]);
  await second.stop();
});

t.test('after kill -9 of the process that owns it', async (test) => {
  const dir = await privateDir(test);
  const owner = await openElsewhere(test, dir);
  await query(owner.url, 'create table kept as select 42 as answer');
  const orphan = await postmaster(dir);
  await owner.kill();
  process.kill(orphan, 0); // the server has outlived its owner
  const second = await openEmbedded(dir);
  test.not(await postmaster(dir), orphan);
  test.strictSame(await query(second.url, 'select * from kept'), [{ answer: 42 }]);
  await second.stop();
});

t.test('one owner at a time', async (test) => {
  const dir = await privateDir(test);
  test.equal(await findEmbedded(dir), undefined);
  const owner = await openElsewhere(test, dir);
  await test.rejects(openEmbedded(dir), {
    code: 'CH033',
    message: new RegExp(`already runs on .* as process ${owner.pid}`),
  });
  test.equal(await findEmbedded(dir), owner.url, 'others may find it');
  test.strictSame(await query(owner.url, 'select 1 as one'), [{ one: 1 }], 'and it is left in peace');
  await owner.kill();
  test.equal(await findEmbedded(dir), undefined, 'a dead owner is none');
  await (await openEmbedded(dir)).stop();
});

t.test('a directory that holds something else is not taken', async (test) => {
  const dir = await privateDir(test);
  await fs.mkdir(dir);
  await fs.writeFile(path.join(dir, 'precious.txt'), 'mine');
  await test.rejects(openEmbedded(dir), { code: 'CH033', message: /not empty/ });
  test.strictSame(await fs.readdir(dir), ['precious.txt']);
});

t.test('a cluster of another major version', async (test) => {
  const dir = await privateDir(test);
  await fs.mkdir(path.join(dir, 'postgres'), { recursive: true });
  await fs.writeFile(path.join(dir, 'state.json'), '{"password":"x","port":0}');
  await fs.writeFile(path.join(dir, 'postgres', 'PG_VERSION'), '17\n');
  await test.rejects(openEmbedded(dir), { code: 'CH033', message: /Postgres 17/ });
});

t.test('secrets are for the owner alone', async (test) => {
  const dir = await privateDir(test);
  const embedded = await openEmbedded(dir);
  test.equal((await fs.stat(path.join(dir, 'state.json'))).mode & 0o077, 0);
  test.equal((await fs.stat(path.join(dir, 'postgres'))).mode & 0o077, 0);
  const wrong = embedded.url.replace(/:[^:@]+@/, ':wrong@');
  await test.rejects(query(wrong, 'select 1'), { code: '28P01' });
  await embedded.stop();
});

t.test('through a symbolic link, after kill -9 of the process that owns it', async (test) => {
  const dir = await privateDir(test);
  await fs.mkdir(dir);
  const link = `${dir}.link`;
  await fs.symlink(dir, link);
  const owner = await openElsewhere(test, link);
  const orphan = await postmaster(dir);
  await owner.kill();
  const second = await openEmbedded(link);
  test.not(await postmaster(dir), orphan);
  test.strictSame(await query(second.url, 'select 1 as one'), [{ one: 1 }]);
  await second.stop();
});

t.test('a process that only has the number of a server is left in peace', async (test) => {
  const dir = await privateDir(test);
  await fs.mkdir(dir);
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 2 ** 30)']);
  test.teardown(() => bystander.kill('SIGKILL'));
  await once(bystander, 'spawn');
  for (const platform of ['linux', 'darwin'] as const) {
    await fs.writeFile(path.join(dir, 'postmaster.pid'), `${bystander.pid}\n${dir}\n1\n1\n`);
    await stopLeftover(dir, platform);
    test.strictSame(await fs.readdir(dir), [], 'its traces are removed');
  }
  test.equal(bystander.killed || bystander.exitCode !== null || bystander.signalCode !== null, false);
});

t.test('several at once share it, and the one that runs it waits for the others', async (test) => {
  const dir = await privateDir(test);
  await (await openEmbedded(dir)).stop();
  const all = await Promise.all(Array.from({ length: 4 }, () => useEmbedded(dir)));
  for (const { url } of all) test.strictSame(await query(url, 'select 1 as one'), [{ one: 1 }]);
  await Promise.all(all.map((used) => used.close()));
  test.equal(await findEmbedded(dir), undefined);
  test.strictSame(await fs.readdir(path.join(dir, 'users')), []);

  const [first, second] = await Promise.all([useEmbedded(dir), useEmbedded(dir)]);
  const closing = Promise.all([first.close(), second.close()]);
  const third = await useEmbedded(dir);
  test.strictSame(await query(third.url, 'select 1 as one'), [{ one: 1 }], 'waits for one that stops');
  await closing;
  await third.close();
});
