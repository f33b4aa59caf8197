// The life of a process that serves: start everything, wait until it shall stop, stop everything.
import type { Service } from '../service.ts';
import { startAll, stopAll } from '../service.ts';
import type { Worker } from '../worker/worker.ts';
import { onClosedOutput } from './closed_output.ts';
import type { Reporter } from './report.ts';
import type { Shutdown } from './shutdown.ts';

export interface ProcessParts {
  reporter: Reporter;
  shutdown: Shutdown;
  /** In the order of their start; they stop in the reverse order. */
  services: readonly Service[];
  worker?: Worker;
  /** Called when everything is at work. */
  onStarted(): Promise<void> | void;
}

/** Runs services until the process shall stop, nobody reads what they say, or one cannot start; then stops them. */
export async function runProcess(parts: ProcessParts): Promise<void> {
  const { reporter, shutdown, services, worker, onStarted } = parts;
  worker?.on('fatal', (error) => shutdown.fail(error));
  const hurry = () => {
    for (const service of services) service.hurry?.();
  };
  shutdown.hurried.addEventListener('abort', hurry, { once: true });
  const unwatch = onClosedOutput(() => shutdown.ask());
  const starting = startAll(services, shutdown.asked);
  await shutdown.unlessAsked(starting);
  if (!shutdown.asked.aborted) {
    await onStarted();
    await shutdown.unlessAsked(new Promise(() => {}));
  }
  reporter.stopping(worker?.running ?? 0);
  const stopped = stopAll(services);
  if (shutdown.hurried.aborted) hurry();
  await stopped;
  // One may have come to its start just when it was told to stop.
  await starting.catch(() => {});
  await stopAll(services);
  reporter.stopped();
  unwatch();
}
