// One Postgres cluster on one directory: made, started, stopped. Safe as root, and where the directory lies below one
// that the Postgres user cannot enter: a program's working directory is set before its user is changed, so it is given
// the data directory as that, and knows it as /proc/self/cwd.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { EmbeddedPostgresError } from '../../errors.ts';
import { type Binaries, findBinaries, findIdentity, type Identity } from './binaries.ts';
import { isReady, stopLeftover } from './server_process.ts';

const run = promisify(execFile);

export interface ClusterOptions {
  /** Holds the cluster, in `postgres`, and nothing else of interest; made where it is missing. */
  dir: string;
  password: string;
  port: number;
  /** postgresql.conf settings. */
  settings?: Record<string, string | number>;
  /** For throw-away clusters: does not force anything to disk. */
  throwAway?: boolean;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #identity: Identity;
  readonly #binaries: Binaries;
  #child: ChildProcess | undefined;

  private constructor(options: ClusterOptions, identity: Identity, binaries: Binaries) {
    this.#options = options;
    this.#identity = identity;
    this.#binaries = binaries;
  }

  /** Makes the cluster if there is none yet, and starts it; resolves when it takes connections. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const identity = findIdentity();
    await fs.mkdir(options.dir, { recursive: true });
    // Without symbolic links: processes that work in it are found by their directory, which has none.
    const dir = await fs.realpath(options.dir);
    const cluster = new Cluster({ ...options, dir }, identity, await findBinaries(identity));
    await cluster.#create();
    await cluster.#launch();
    return cluster;
  }

  get port(): number {
    return this.#options.port;
  }

  /** The URL of one of its databases, as its superuser. */
  url(database = 'postgres'): string {
    return `postgres://postgres:${encodeURIComponent(this.#options.password)}@127.0.0.1:${this.port}/${database}`;
  }

  get #clusterDir(): string {
    return path.join(this.#options.dir, 'postgres');
  }

  /** How a program that works in a directory names it: without the way there, where it runs as another user. */
  #nameOf(dir: string): string {
    return this.#identity.uid === undefined ? dir : '/proc/self/cwd';
  }

  async #own(...paths: string[]): Promise<void> {
    const { uid, gid } = this.#identity;
    if (uid === undefined || gid === undefined) return;
    for (const each of paths) await fs.chown(each, uid, gid);
  }

  async #create(): Promise<void> {
    const { dir, password, throwAway } = this.#options;
    await this.#own(dir);
    const version = await fs.readFile(path.join(this.#clusterDir, 'PG_VERSION'), 'utf8').catch(() => null);
    if (version !== null) {
      if (version.trim() === '18') return;
      throw new EmbeddedPostgresError(
        `${dir} holds a cluster of Postgres ${version.trim()}; this is Postgres 18.`,
        {
          hint: 'Dump it with the version that made it, or choose another CHIME_DATA_DIR.',
        },
      );
    }
    // Into a neighbour that is renamed at the end: half a cluster never looks like one.
    const partial = path.join(dir, 'postgres.partial');
    const passwordFile = path.join(dir, 'password.partial');
    await fs.rm(partial, { recursive: true, force: true });
    await fs.mkdir(partial, { mode: 0o700 });
    await fs.writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    try {
      await this.#own(partial, passwordFile);
      await run(
        this.#binaries.initdb,
        [
          `--pgdata=${this.#nameOf(partial)}`,
          '--username=postgres',
          `--pwfile=${path.join('..', path.basename(passwordFile))}`,
          '--auth=scram-sha-256',
          '--encoding=UTF8',
          // Sorting that does not depend on the machine.
          '--locale=C',
          '--locale-provider=builtin',
          '--builtin-locale=C.UTF-8',
          ...(throwAway ? ['--no-sync'] : []),
        ],
        { ...this.#identity, cwd: partial },
      );
      await fs.rename(partial, this.#clusterDir);
    } catch (error) {
      throw new EmbeddedPostgresError(
        `The embedded Postgres could not be set up: ${lastLines((error as Error).message, 4)}`,
        {
          cause: error,
        },
      );
    } finally {
      await fs.rm(passwordFile, { force: true });
      await fs.rm(partial, { recursive: true, force: true });
    }
  }

  async #launch(): Promise<void> {
    const { dir, port, throwAway } = this.#options;
    await stopLeftover(this.#clusterDir);
    const settings: Record<string, string | number> = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      port,
      jit: 'off',
      ...(throwAway ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
      ...this.#options.settings,
    };
    const logFile = path.join(dir, 'postgres.log');
    const log = await fs.open(logFile, 'a', 0o600);
    // detached: its own process group, so that a Ctrl-C in the terminal reaches this process alone, which stops it last.
    const child = spawn(
      this.#binaries.postgres,
      [
        '-D',
        this.#nameOf(this.#clusterDir),
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      { ...this.#identity, cwd: this.#clusterDir, detached: true, stdio: ['ignore', log.fd, log.fd] },
    );
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
    });
    await log.close();
    this.#child = child;
    const deadline = performance.now() + 120_000; // recovery of a large cluster after a crash takes its time
    while (!(await isReady(this.#clusterDir, child.pid))) {
      if (
        failure !== undefined ||
        child.exitCode !== null ||
        child.signalCode !== null ||
        performance.now() > deadline
      ) {
        child.kill('SIGQUIT');
        const reason = failure?.message ?? lastLines(await fs.readFile(logFile, 'utf8').catch(() => ''), 8);
        throw new EmbeddedPostgresError(`The embedded Postgres did not start:\n${reason}`, {
          hint: `Its log is ${logFile}.`,
        });
      }
      await sleep(20);
    }
  }

  /** From now on it keeps this process from ending no longer. Whoever ends the process ends the cluster: see `crash`. */
  letGo(): void {
    this.#child?.unref();
  }

  /** Rolls back what is open, writes everything to disk, ends. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGINT');
    const impatient = setTimeout(() => child.kill('SIGQUIT'), 30_000);
    await exited;
    clearTimeout(impatient);
  }

  /** As `kill -9` or a power cut would: for tests and drills. */
  async crash(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGQUIT');
    await exited;
  }

  /** Stops it, if it runs, and starts it on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    await this.#launch();
  }
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
