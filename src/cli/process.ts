// The life of a process that serves: start everything, wait for a signal or a fatal error, stop everything.
import type { Service } from '../service.ts';
import { startAll, stopAll } from '../service.ts';
import type { Worker } from '../worker/worker.ts';
import { onClosedOutput } from './closed_output.ts';
import type { Reporter } from './report.ts';

export interface ProcessParts {
  reporter: Reporter;
  /** In the order of their start; they stop in the reverse order. */
  services: readonly Service[];
  worker?: Worker;
  /** Called when everything is at work. */
  onStarted(): Promise<void> | void;
}

/** Runs services until SIGINT or SIGTERM, until nobody reads what they say, or until one cannot go on; then stops them. Rejects with what was fatal. */
export async function runProcess({ reporter, services, worker, onStarted }: ProcessParts): Promise<void> {
  let fatal: Error | undefined;
  let signals = 0;
  let finish!: () => void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const onSignal = () => {
    // The first asks to stop, the second not to wait for what runs. None loses anything: what did not end is given back.
    if (++signals > 1) worker?.hurry();
    finish();
  };
  worker?.on('fatal', (error) => {
    fatal = error;
    finish();
  });
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const unwatch = onClosedOutput(finish);
  try {
    const starting = startAll(services);
    await Promise.race([starting, finished]);
    await starting;
    if (signals === 0) await onStarted();
    await finished;
    reporter.stopping(worker?.running ?? 0);
    await stopAll(services);
    reporter.stopped();
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    unwatch();
  }
  if (fatal !== undefined) throw fatal;
}
