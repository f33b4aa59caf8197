// Who runs the Postgres of a data directory, and who else works with it: files that name processes. Each is made whole
// before it gets its name, so that no reader sees half of one.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from '../../errors.ts';
import { pause } from '../pause.ts';

interface Process {
  pid: number;
  /** When the process began: tells it from a later one with the same number. */
  since: string;
}

interface Owner extends Process {
  /** Whether its Postgres takes connections, and may be used by others. */
  ready: boolean;
}

const ownerFile = (dir: string) => path.join(dir, 'owner.json');
const usersDir = (dir: string) => path.join(dir, 'users');

async function readProcess<P extends Process>(file: string): Promise<P | undefined> {
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  try {
    return JSON.parse(text) as P;
  } catch {
    return undefined;
  }
}

/** In the kernel's count; where it does not tell, in the words of ps. */
async function startOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') {
    const ps = promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]);
    return (await ps.catch(() => ({ stdout: '' }))).stdout.trim();
  }
  const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function thisProcess(): Promise<Process> {
  return { pid: process.pid, since: await startOf(process.pid) };
}

async function isAlive({ pid, since }: Process): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startOf(pid)) === since;
}

/** The living owner of a directory; undefined where there is none. */
export async function findOwner(dir: string): Promise<Owner | undefined> {
  const owner = await readProcess<Owner>(ownerFile(dir));
  return owner !== undefined && (await isAlive(owner)) ? owner : undefined;
}

/** What the owner of a directory may do with it. */
export interface Ownership {
  /** Lets others use the Postgres, or no longer. */
  setReady(ready: boolean): Promise<void>;
  /** Resolves when nobody else uses the Postgres. */
  unused(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Makes this process the owner of a directory.
 * @throws EmbeddedPostgresError (CH033) where another process is
 */
export async function takeOwnership(dir: string): Promise<Ownership> {
  const file = ownerFile(dir);
  const draft = `${file}.${randomUUID()}`;
  const mine = await thisProcess();
  const write = (ready: boolean) => fs.writeFile(draft, JSON.stringify({ ...mine, ready }), { mode: 0o600 });
  await write(false);
  try {
    while (!(await claim(draft, file))) {
      const owner = await findOwner(dir);
      if (owner !== undefined) throw new OwnedError(dir, owner.pid);
      await removeLeftover(file);
    }
  } finally {
    await fs.rm(draft, { force: true });
  }
  return {
    async setReady(ready) {
      await write(ready);
      await fs.rename(draft, file);
    },
    async unused() {
      while (await hasUsers(dir)) await pause(50);
    },
    release: () => fs.rm(file, { force: true }),
  };
}

/** Another process runs the Postgres of the directory. */
export class OwnedError extends EmbeddedPostgresError {
  constructor(dir: string, pid: number) {
    super(`pgchime already runs on ${dir}, as process ${pid}.`, {
      hint: 'Stop it first, or give this one another CHIME_DATA_DIR (and another PORT).',
    });
  }
}

/** Gives a file a name that nothing has; false where something has it. */
async function claim(draft: string, file: string): Promise<boolean> {
  try {
    await fs.link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Of two that find the same leftover one moves it; should it be a new owner's file by then, that gets it back. */
async function removeLeftover(file: string): Promise<void> {
  const moved = `${file}.${randomUUID()}`;
  await fs.rename(file, moved).catch(() => {});
  const owner = await readProcess(moved);
  if (owner !== undefined && (await isAlive(owner))) await claim(moved, file);
  await fs.rm(moved, { force: true });
}

async function hasUsers(dir: string): Promise<boolean> {
  for (const name of await fs.readdir(usersDir(dir)).catch(() => [])) {
    const file = path.join(usersDir(dir), name);
    const user = await readProcess(file);
    if (user !== undefined && (await isAlive(user))) return true;
    await fs.rm(file, { force: true });
  }
  return false;
}

/**
 * Makes this process a user of somebody else's Postgres, which waits for it where it would only end because its own command
 * has. Waits for an owner that is starting or stopping. Undefined where there is no owner.
 */
export async function becomeUser(dir: string): Promise<{ release(): Promise<void> } | undefined> {
  const me = JSON.stringify(await thisProcess());
  const deadline = performance.now() + 120_000;
  for (let owner = await findOwner(dir); owner !== undefined; owner = await findOwner(dir)) {
    if (owner.ready) {
      await fs.mkdir(usersDir(dir), { recursive: true });
      const name = randomUUID();
      const file = path.join(usersDir(dir), name);
      // Under a name that nobody counts, until it is whole.
      await fs.writeFile(path.join(dir, `user.${name}`), me);
      await fs.rename(path.join(dir, `user.${name}`), file);
      const release = () => fs.rm(file, { force: true });
      // An owner says first that it stops, and looks for users then: one of the two sees the other.
      if ((await findOwner(dir))?.ready) return { release };
      await release();
    } else if (performance.now() > deadline) {
      throw new OwnedError(dir, owner.pid);
    }
    await pause(50);
  }
  return undefined;
}
