// Clocks and workers as processes of their own, as `chime clock` and `chime worker` run, and the memory that they take.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const bin = fileURLToPath(new URL('../../bin/chime.js', import.meta.url));
const run = promisify(execFile);

export class ChimeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  /** Resident memory at each look, in megabytes. */
  readonly memory: number[] = [];

  constructor(kind: 'clock' | 'worker' | 'deliver', number: number, env: Record<string, string>) {
    this.name = `${kind} ${number}`;
    this.#child = spawn(process.execPath, [bin, kind, '--json'], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, CHIME_LOG_LEVEL: 'warn', ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Throws where it has ended, for then nobody does its work. */
  get pid(): number {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined)
      throw new Error(`The ${this.name} has ended.`);
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

/** Notes the memory that each process takes now. */
export async function noteMemory(processes: readonly ChimeProcess[]): Promise<void> {
  const { stdout } = await run('ps', ['-o', 'pid=,rss=', '-p', processes.map(({ pid }) => pid).join(',')]);
  const sizes = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  );
  for (const each of processes) each.memory.push((sizes.get(each.pid) ?? Number.NaN) / 1024);
}
