// The embedded Postgres of a data directory: found again with the same password and, if it is free, the same port.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { EmbeddedPostgresError } from '../../errors.ts';
import { Cluster } from './cluster.ts';
import { freePort } from './port.ts';

/** A running embedded Postgres. */
export interface Embedded {
  url: string;
  dir: string;
  /** Whether this start made it. */
  isNew: boolean;
  stop(): Promise<void>;
}

interface State {
  password: string;
  port: number;
}

/** Starts the Postgres of this directory, making it on the first call; refuses while another pgchime runs on it. */
export async function openEmbedded(dataDir: string): Promise<Embedded> {
  const dir = path.resolve(dataDir);
  await fs.mkdir(dir, { recursive: true });
  await refuseForeign(dir);
  const releaseLock = await lock(dir);
  try {
    const before = await readState(dir);
    const state: State = {
      password: before?.password ?? randomBytes(18).toString('base64url'),
      port: await freePort(before?.port),
    };
    await fs.writeFile(path.join(dir, 'state.json'), `${JSON.stringify(state)}\n`, { mode: 0o600 });
    const cluster = await Cluster.start({ dir, ...state, settings: { max_connections: 100 } });
    await createDatabase(cluster);
    return {
      url: cluster.url('chime'),
      dir,
      isNew: before === undefined,
      async stop() {
        await cluster.stop();
        await releaseLock();
      },
    };
  } catch (error) {
    await releaseLock();
    throw error;
  }
}

/** The URL of the embedded Postgres that some other process runs on this directory; undefined where none does. */
export async function findEmbedded(dataDir: string): Promise<string | undefined> {
  const dir = path.resolve(dataDir);
  const [state, owner] = await Promise.all([readState(dir), readOwner(path.join(dir, 'owner.json'))]);
  if (state === undefined || owner === undefined || !(await isAlive(owner))) return undefined;
  return `postgres://postgres:${encodeURIComponent(state.password)}@127.0.0.1:${state.port}/chime`;
}

async function createDatabase(cluster: Cluster): Promise<void> {
  const client = new pg.Client({ connectionString: cluster.url() });
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'chime'");
    if (rowCount === 0) await client.query('create database chime');
  } finally {
    await client.end();
  }
}

/** The directory is given to the Postgres user when this runs as root: it must not be one that holds other things. */
async function refuseForeign(dir: string): Promise<void> {
  const entries = await fs.readdir(dir);
  if (entries.length > 0 && !entries.includes('state.json') && !entries.includes('owner.json')) {
    throw new EmbeddedPostgresError(`${dir} is not empty and was not made by pgchime.`, {
      hint: 'Give an empty directory, or one that does not exist yet, as CHIME_DATA_DIR.',
    });
  }
}

async function readState(dir: string): Promise<State | undefined> {
  const text = await fs.readFile(path.join(dir, 'state.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as State);
}

interface Owner {
  pid: number;
  /** When the process began, in the kernel's count: tells it from a later one with the same number. */
  since: string;
}

async function readOwner(file: string): Promise<Owner | undefined> {
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return undefined; // none, or cut off in the middle by a crash
  }
}

async function startOf(pid: number): Promise<string> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function isAlive({ pid, since }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startOf(pid)) === since;
}

async function lock(dir: string): Promise<() => Promise<void>> {
  const file = path.join(dir, 'owner.json');
  const mine: Owner = { pid: process.pid, since: await startOf(process.pid) };
  for (;;) {
    try {
      await fs.writeFile(file, JSON.stringify(mine), { flag: 'wx' });
      return () => fs.rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    // Moved away before it is judged: of two that find the same leftover, one moves it and the other finds none.
    const moved = `${file}.${process.pid}`;
    await fs.rename(file, moved).catch(() => {});
    const owner = await readOwner(moved);
    if (owner !== undefined && (await isAlive(owner))) {
      await fs.rename(moved, file);
      throw new EmbeddedPostgresError(`pgchime already runs on ${dir}, as process ${owner.pid}.`, {
        hint: 'Stop it first, or give this one another CHIME_DATA_DIR (and another PORT).',
      });
    }
    await fs.rm(moved, { force: true });
  }
}
