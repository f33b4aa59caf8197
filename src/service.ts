/** What everything that runs in a process has in common: clock, worker, server, embedded Postgres. */
export interface Service {
  readonly name: string;
  /** Resolves when it is at work. Rejects when it cannot be; it needs no stop then. */
  start(): Promise<void>;
  /** Resolves when it has ended and holds nothing any more. May be called at any time and more than once. */
  stop(): Promise<void>;
  /** Makes stop() resolve soon, whatever it waits for. */
  hurry?(): void;
}

/** Starts services in order; when one fails, or `signal` says to stop, stops those before it and rejects. */
export async function startAll(services: readonly Service[], signal?: AbortSignal): Promise<void> {
  const started: Service[] = [];
  try {
    for (const service of services) {
      signal?.throwIfAborted();
      await service.start();
      started.push(service);
    }
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}

/** Stops services in reverse order; one that fails to stop does not keep the others from it. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const problems: unknown[] = [];
  for (const service of [...services].reverse()) {
    try {
      await service.stop();
    } catch (error) {
      problems.push(error);
    }
  }
  if (problems.length > 0) throw new AggregateError(problems, 'Not everything could be stopped.');
}
