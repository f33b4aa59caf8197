// The embedded Postgres of a data directory: found again with the same password and, if it is free, the same port.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { EmbeddedPostgresError } from '../../errors.ts';
import { Cluster } from './cluster.ts';
import { becomeUser, findOwner, OwnedError, takeOwnership } from './owner.ts';
import { freePort } from './port.ts';

/** A running embedded Postgres. */
export interface Embedded {
  url: string;
  dir: string;
  /** Whether this start made it. */
  isNew: boolean;
  /** Ends it; `whenUnused` waits for the other commands that use it. */
  stop(options?: { whenUnused?: boolean }): Promise<void>;
}

interface State {
  password: string;
  port: number;
}

/** Starts the Postgres of this directory, making it on the first call; refuses while another pgchime runs on it. */
export async function openEmbedded(dataDir: string): Promise<Embedded> {
  await fs.mkdir(dataDir, { recursive: true });
  const dir = await fs.realpath(dataDir);
  await refuseForeign(dir);
  const ownership = await takeOwnership(dir);
  let cluster: Cluster | undefined;
  try {
    const before = await readState(dir);
    const state: State = {
      password: before?.password ?? randomBytes(18).toString('base64url'),
      port: await freePort(before?.port),
    };
    await fs.writeFile(path.join(dir, 'state.json'), `${JSON.stringify(state)}\n`, { mode: 0o600 });
    const started = await Cluster.start({ dir, ...state, settings: { max_connections: 100 } });
    cluster = started;
    await createDatabase(started);
    await ownership.setReady(true);
    let stopping: Promise<void> | undefined;
    const stop = async (whenUnused: boolean) => {
      await ownership.setReady(false);
      if (whenUnused) await ownership.unused();
      await started.stop();
      await ownership.release();
    };
    return {
      url: started.url('chime'),
      dir,
      isNew: before === undefined,
      stop({ whenUnused = false } = {}) {
        stopping ??= stop(whenUnused);
        return stopping;
      },
    };
  } catch (error) {
    await cluster?.stop();
    await ownership.release();
    throw error;
  }
}

/** The URL of the embedded Postgres that some other process runs on this directory; undefined where none does, or not yet. */
export async function findEmbedded(dataDir: string): Promise<string | undefined> {
  const [state, owner] = await Promise.all([readState(dataDir), findOwner(dataDir)]);
  return state !== undefined && owner?.ready ? urlOf(state) : undefined;
}

/** A Postgres that this process uses, whoever runs it. */
export interface Used {
  url: string;
  close(): Promise<void>;
}

/**
 * Uses the Postgres of a directory: the one that another process runs, when it takes connections, or one that is started here.
 * @param serves whether this process goes on until it is told to stop: then closing waits for nobody
 */
export async function useEmbedded(dataDir: string, { serves = false } = {}): Promise<Used> {
  for (;;) {
    const user = await becomeUser(dataDir);
    const state = await readState(dataDir);
    if (user !== undefined && state !== undefined) return { url: urlOf(state), close: () => user.release() };
    try {
      const embedded = await openEmbedded(dataDir);
      return { url: embedded.url, close: () => embedded.stop({ whenUnused: !serves }) };
    } catch (error) {
      if (!(error instanceof OwnedError)) throw error; // else somebody was faster: theirs is used
    }
  }
}

function urlOf({ password, port }: State): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/chime`;
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
  if (
    entries.length > 0 &&
    !entries.includes('state.json') &&
    !entries.some((name) => name.startsWith('owner.json'))
  ) {
    throw new EmbeddedPostgresError(`${dir} is not empty and was not made by pgchime.`, {
      hint: 'Give an empty directory, or one that does not exist yet, as CHIME_DATA_DIR.',
    });
  }
}

async function readState(dir: string): Promise<State | undefined> {
  const text = await fs.readFile(path.join(dir, 'state.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as State);
}
