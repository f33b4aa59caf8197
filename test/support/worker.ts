// A worker with tasks of the test's own.
import { once } from 'node:events';
import type { Test } from 'tap';
import { z } from 'zod';
import { defineTask, type Task, type TaskContext } from '../../src/task.ts';
import type { FinishedRun } from '../../src/worker/executor.ts';
import { Worker, type WorkerOptions } from '../../src/worker/worker.ts';
import type { TestDatabase } from './database.ts';
import { type CapturedLog, captureLog, type LogLine } from './log.ts';

export interface TestWorker {
  worker: Worker;
  lines: LogLine[];
  logged: CapturedLog['logged'];
  /** Resolves when so many runs have ended since the worker started. */
  finished(count: number): Promise<FinishedRun[]>;
}

export async function startWorker(
  test: Test,
  database: Pick<TestDatabase, 'url'>,
  tasks: Task[],
  options: Partial<WorkerOptions> = {},
): Promise<TestWorker> {
  const { log, lines, logged } = captureLog();
  const worker = new Worker({
    connectionString: database.url,
    tasks: new Map(tasks.map((task) => [task.name, task])),
    log,
    concurrency: 10,
    pollInterval: 100,
    maxOutput: 16 * 1024 * 1024,
    allowPrivateHttp: '',
    shutdownTimeout: 10_000,
    ...options,
  });
  const done: FinishedRun[] = [];
  worker.on('finished', (run) => done.push(run));
  await worker.start();
  test.teardown(() => worker.stop());
  return {
    worker,
    lines,
    logged,
    async finished(count) {
      while (done.length < count) await once(worker, 'finished');
      return done;
    },
  };
}

/** Queues runs of a task, each with its payload, that are not tried again when they fail; answers their ids in order. */
export async function queueRuns(
  database: TestDatabase,
  task: string,
  payloads: unknown[],
): Promise<string[]> {
  const { id } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => $1, cron => '0 0 1 1 *', overlap => 'allow', key => $2, payload => $3, max_retries => 0)",
    [task, `queue:${task}`, JSON.stringify(payloads[0] ?? {})],
  );
  const rows = await database.rows<{ id: string }>(
    'select (chime.run_now($1, p.payload)).id from unnest($2::jsonb[]) with ordinality p(payload, n) order by n',
    [id, payloads.map((payload) => JSON.stringify(payload))],
  );
  return rows.map((row) => row.id);
}

/** A task that does what the test wants. */
export const task = (name: string, handler: (ctx: TaskContext) => unknown): Task =>
  defineTask({ name, payload: z.looseObject({}), run: handler });

/** A handler that runs until the test lets it go, or it is aborted. */
export function gate() {
  let open!: () => void;
  let entered!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    entered = resolve;
  });
  const handler = async ({ signal }: TaskContext) => {
    entered();
    await Promise.race([opened, once(signal, 'abort').then(() => Promise.reject(signal.reason))]);
    return 'went through';
  };
  return { handler, open, begun };
}
