// Clock and worker inside of a program of somebody else's: chime.start(). What `chime start` is for a process of its own.
import { pino } from 'pino';
import type { AgentPort } from './agent.ts';
import { Clock } from './clock/clock.ts';
import { InvalidConfigError } from './errors.ts';
import { createLogger, type Logger } from './log.ts';
import { type Service, startAll, stopAll } from './service.ts';
import { settings } from './settings.ts';
import type { Task } from './task.ts';
import { loadTasks } from './worker/registry.ts';
import { Worker } from './worker/worker.ts';

export interface StartOptions {
  /** Whether schedules fire by this program; true by default. */
  clock?: boolean;
  /** Whether runs are executed by this program; true by default. */
  worker?: boolean;
  /** How many runs it executes at once; 10 by default. */
  concurrency?: number;
  /** How long stop() waits for what runs, in milliseconds, 10,000 by default; what has not ended by then is aborted, and runs again elsewhere. */
  shutdownTimeout?: number;
  /** Where they connect to, where the library was given a pool. */
  connectionString?: string;
  /** What tasks of the type agent ask. */
  agent?: AgentPort;
  /** Hosts, comma-separated, that `ctx.fetch` may reach though they are private; `*` allows all, none is by default. */
  allowPrivateHttp?: string;
  /** Where they log; warnings and errors to standard error, as JSON lines, by default. */
  log?: Logger;
  /**
   * Signals of the process that make them stop, after which the process ends by that signal, as it would have. A second one does not wait
   * for what runs. None by default: the program has its own way to end, and calls stop().
   */
  signals?: NodeJS.Signals[];
  /**
   * Called when a task goes on though its worker has lost its lease: somebody else runs it, and only the end of the process ends it here.
   * By default the error is thrown where nobody catches it, which ends the process.
   */
  onFatal?: (error: Error) => void;
}

/** A clock and a worker that are at work. */
export interface Running {
  /** Takes nothing new, and resolves when what runs has ended and nothing is held any more. May be called at any time and more than once. */
  stop(): Promise<void>;
  /** Makes stop() resolve soon: what runs is aborted, and runs again elsewhere. */
  hurry(): void;
}

const defaultOf = <Name extends 'concurrency' | 'pollInterval' | 'maxOutput' | 'shutdownTimeout'>(
  name: Name,
): number => settings[name].schema.parse(undefined);

/**
 * Starts them.
 * @throws InvalidConfigError (CH032)
 */
export async function startServices({
  tasks,
  connectionString,
  ...options
}: Omit<StartOptions, 'connectionString'> & {
  tasks: ReadonlyMap<string, Task>;
  connectionString: string | undefined;
}): Promise<Running> {
  if (connectionString === undefined)
    throw new InvalidConfigError('A clock and a worker have connections of their own: where to?', {
      hint: 'Give start() the `connectionString`, or createChime in the place of a pool.',
    });
  const log = options.log ?? createLogger('warn', pino.destination(2));
  const pollInterval = defaultOf('pollInterval');
  const services: Service[] = [];
  if (options.worker !== false) {
    const worker = new Worker({
      ...{ connectionString, log, pollInterval },
      tasks: await withOwnTasks(tasks),
      concurrency: options.concurrency ?? defaultOf('concurrency'),
      maxOutput: defaultOf('maxOutput'),
      allowPrivateHttp: options.allowPrivateHttp ?? '',
      shutdownTimeout: options.shutdownTimeout ?? defaultOf('shutdownTimeout'),
      ...(options.agent !== undefined && { agent: options.agent }),
    });
    worker.on('fatal', options.onFatal ?? throwUncaught);
    services.push(worker);
  }
  // The clock last: what it fires finds a worker.
  if (options.clock !== false) services.push(new Clock({ connectionString, log, pollInterval }));
  await startAll(services);
  return runningOf(services, options.signals ?? [], log);
}

/**
 * The tasks that come with pgchime, and these.
 * @throws InvalidConfigError (CH032) where two have the same name
 */
export async function withOwnTasks(tasks: ReadonlyMap<string, Task>): Promise<Map<string, Task>> {
  const all = await loadTasks(undefined);
  for (const [name, task] of tasks) {
    const own = all.get(name);
    if (own !== undefined && own !== task)
      throw new InvalidConfigError(`A task called "${name}" comes with pgchime.`, {
        hint: 'Give yours another name.',
      });
    all.set(name, task);
  }
  return all;
}

function runningOf(services: readonly Service[], signals: readonly NodeJS.Signals[], log: Logger): Running {
  let stopping: Promise<void> | undefined;
  const hurry = () => {
    for (const service of services) service.hurry?.();
  };
  const stop = () => {
    stopping ??= stopAll(services).finally(() => {
      for (const signal of signals) process.off(signal, onSignal);
    });
    return stopping;
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping !== undefined) {
      hurry();
      return;
    }
    // Whatever else listens decides; where nobody does, the process ends as it would have.
    const end = () => process.kill(process.pid, signal);
    stop().then(end, (error: Error) => {
      log.error({ err: error }, 'not everything could be stopped');
      end();
    });
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { stop, hurry };
}

function throwUncaught(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
