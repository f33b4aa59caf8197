// The command line, as a user runs it: a process with arguments, its exit code and what it printed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const bin = fileURLToPath(new URL('../../bin/chime.js', import.meta.url));

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  cwd?: string;
  input?: string;
}

/** The variables of a process that inherits none of ours but what it needs to run. */
function environment(env: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  return { PATH, HOME, TZ: 'UTC', NO_COLOR: '1', ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }), ...env };
}

/** Runs `chime` with these arguments to its end. */
export async function chime(args: string[], options: CliOptions = {}): Promise<Result> {
  return run(process.execPath, [bin, ...args], options);
}

/** Runs a line of a shell in which `chime` is the command. */
export async function bash(line: string, options: CliOptions = {}): Promise<Result> {
  return run('bash', ['-c', `chime() { "${process.execPath}" "${bin}" "$@"; }; ${line}`], options);
}

async function run(program: string, args: string[], { env, cwd, input }: CliOptions): Promise<Result> {
  const child = spawn(program, args, {
    env: environment(env),
    cwd: cwd ?? os.tmpdir(),
    stdio: 'pipe',
  });
  child.stdin.end(input ?? '');
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

/** A `chime` that serves, its JSON lines read as they come. */
export class Serving {
  readonly child;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = '';
  #ended = false;

  /** @param program what is run in place of `chime` */
  constructor(args: string[], { env, cwd }: CliOptions = {}, program = bin) {
    this.child = spawn(process.execPath, [program, ...args], {
      env: environment(env),
      cwd: cwd ?? os.tmpdir(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      this.#wake();
    });
    this.child.stderr.on('data', (chunk) => {
      this.#stderr += String(chunk);
    });
    this.child.on('exit', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** The first line, from the `from`th on, that fits; rejects if the process ends without one. */
  async line(fits: (line: Record<string, unknown>) => boolean, from = 0): Promise<Record<string, unknown>> {
    for (let next = from; ; next++) {
      while (next >= this.#lines.length) {
        if (this.#ended)
          throw new Error(`It ended without that line: ${JSON.stringify(this.#lines)} ${this.#stderr}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      const line = this.#lines[next] as Record<string, unknown>;
      if (fits(line)) return line;
    }
  }

  /** How many lines there were so far. */
  get count(): number {
    return this.#lines.length;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<Result> {
    if (!this.#ended) {
      const exited = once(this.child, 'exit');
      this.child.kill(signal);
      await exited;
    }
    return {
      code: this.child.exitCode,
      stdout: this.#lines.map((line) => JSON.stringify(line)).join('\n'),
      stderr: this.#stderr,
    };
  }
}

/** Starts a `chime` that serves; it is killed at the end of the test if it still lives. */
export function serve(test: Test, args: string[], options: CliOptions = {}, program = bin): Serving {
  const serving = new Serving(args, options, program);
  test.teardown(() => serving.end('SIGKILL'));
  return serving;
}

/** An empty directory, removed at the end of the test. */
export async function emptyDir(test: Test): Promise<string> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-cli-'));
  test.teardown(() => fs.rm(dir, { recursive: true, force: true }));
  return dir;
}

/** The command line on a database, in a time zone: what it answers, and its JSON. */
export function commandsOn(url: string) {
  const env = { DATABASE_URL: url, TZ: 'America/New_York' };
  const run = (...args: string[]) => chime(args, { env });
  const runJson = async (...args: string[]) => {
    const { stdout, code } = await run(...args, '--json');
    return { code, data: JSON.parse(stdout) };
  };
  return { env, run, runJson };
}

/** A `chime` that somebody types to, and reads what it prints. */
export class Talking {
  readonly child;
  #text = '';
  #read = 0;
  readonly #waiting = new Set<() => void>();

  constructor(test: Test, args: string[], { env, cwd }: CliOptions = {}) {
    this.child = spawn(process.execPath, [bin, ...args], {
      env: environment(env),
      cwd: cwd ?? os.tmpdir(),
      stdio: 'pipe',
    });
    this.child.setMaxListeners(0);
    for (const stream of [this.child.stdout, this.child.stderr])
      stream.on('data', (chunk) => {
        this.#text += String(chunk);
        for (const wake of this.#waiting) wake();
      });
    test.teardown(async () => {
      if (this.child.exitCode === null && this.child.signalCode === null) {
        this.child.kill('SIGKILL');
        await once(this.child, 'exit');
      }
    });
  }

  type(line: string): void {
    this.child.stdin.write(`${line}\n`);
  }

  /** Resolves with the match when what was printed since the last one fits. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text.slice(this.#read));
      if (match !== null) {
        this.#read += match.index + match[0].length;
        return match;
      }
      if (this.child.exitCode !== null) throw new Error(`It ended, and had printed: ${this.#text}`);
      await Promise.race([
        new Promise<void>((resolve) => this.#waiting.add(resolve)),
        once(this.child, 'exit'),
      ]);
      this.#waiting.clear();
    }
  }

  /** What Ctrl-D does; answers the exit code. */
  async end(): Promise<number | null> {
    this.child.stdin.end();
    const [code] = (await once(this.child, 'exit')) as [number | null];
    return code;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
