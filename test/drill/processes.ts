// The processes of a drill, each as a user would start it, and started again by its supervisor whenever it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/chime.js', import.meta.url));

export type Kind = 'clock' | 'worker';

export class Supervised {
  readonly kind: Kind;
  readonly name: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string;
  #child: ChildProcess;
  #wanted = true;
  /** How often it was started again. */
  restarts = 0;

  constructor(kind: Kind, name: string, options: { dir: string; env: NodeJS.ProcessEnv }) {
    this.kind = kind;
    this.name = name;
    this.#env = options.env;
    this.#logFile = path.join(options.dir, `${name}.log`);
    this.#child = this.#launch();
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  #launch(): ChildProcess {
    const log = fs.openSync(this.#logFile, 'a');
    const child = spawn(process.execPath, [bin, this.kind, '--json'], {
      env: this.#env,
      cwd: path.dirname(this.#logFile),
      stdio: ['ignore', log, log],
    });
    fs.closeSync(log);
    child.on('exit', () => {
      if (!this.#wanted) return;
      this.restarts++;
      setTimeout(() => {
        if (this.#wanted) this.#child = this.#launch();
      }, 300);
    });
    return child;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** For good: by SIGTERM, as a deployment does. */
  async stop(): Promise<void> {
    this.#wanted = false;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    await exited;
  }
}
