// The lease of a worker, renewed from a thread of its own: a handler that keeps the event loop busy for a minute does
// not make the worker look dead. Once the lease can no longer be trusted, everything that runs under it must end.
import { EventEmitter, once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import type { CancelledRun } from '../db/calls.ts';
import type { Service } from '../service.ts';

/**
 * How long a lease is trusted after it was last renewed, in milliseconds: chime_private.lease() without the time to stop
 * in, before others may take over. SQL decides when a lease has ended, this only when to stop trusting it.
 */
const trusted = 13_000;

export interface LeaseData {
  connectionString: string;
  workerId: string;
  intervalMs: number;
  /** One number, shared: when the request was sent that last renewed the lease, in nanoseconds of process.hrtime. */
  renewedAt: BigInt64Array;
}

/** What the thread says beside the shared number. */
export type LeaseMessage =
  | { kind: 'lost' }
  | { kind: 'failed'; reason: string }
  | { kind: 'cancelled'; runs: CancelledRun[] };

interface LeaseEvents {
  /** Nobody may act under this lease any more. */
  lost: [reason: string];
  /** Somebody wants these runs cancelled; said again until they have ended. */
  cancelled: [runs: CancelledRun[]];
}

export class Lease extends EventEmitter<LeaseEvents> implements Service {
  readonly name = 'lease';
  readonly #data: LeaseData;
  #thread: Thread | undefined;
  #expiry: NodeJS.Timeout | undefined;
  readonly #trustMs: number;
  #ended = false;
  #lastFailure = 'no answer';

  constructor(connectionString: string, workerId: string, intervalMs = 3_000, trustMs = trusted) {
    super();
    this.#trustMs = trustMs;
    const renewedAt = new BigInt64Array(new SharedArrayBuffer(8));
    this.#data = { connectionString, workerId, intervalMs, renewedAt };
  }

  /** When the request was sent that last renewed it, in nanoseconds of process.hrtime. */
  get renewedAt(): bigint {
    return Atomics.load(this.#data.renewedAt, 0);
  }

  /** Begins to renew a lease that has just been granted. */
  async start(): Promise<void> {
    const file = new URL(
      import.meta.url.endsWith('.ts') ? './lease_thread.ts' : './lease_thread.js',
      import.meta.url,
    );
    Atomics.store(this.#data.renewedAt, 0, process.hrtime.bigint());
    this.#check();
    // A program that was given as text (node --input-type=module -e ...) hands that on to its threads, which are files.
    const isText = process.execArgv.some((option) => option.startsWith('--input-type'));
    this.#thread = new Thread(file, { workerData: this.#data, ...(isText && { execArgv: [] }) });
    this.#thread.on('message', (message: LeaseMessage) => {
      if (message.kind === 'lost') this.#lose('this worker was taken for dead');
      else if (message.kind === 'cancelled') this.emit('cancelled', message.runs);
      else this.#lastFailure = message.reason;
    });
    this.#thread.on('error', (error) => this.#lose(`its thread failed: ${error.message}`));
    await once(this.#thread, 'online');
  }

  async stop(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#expiry);
    await this.#thread?.terminate();
    this.#thread = undefined;
  }

  /** Reads the shared number and not messages: after a busy spell those would come later than this timer. */
  #check(): void {
    if (this.#ended) return;
    const age = Number(process.hrtime.bigint() - this.renewedAt) / 1e6;
    const remaining = this.#trustMs - age;
    if (remaining <= 0) this.#lose(`it could not be renewed: ${this.#lastFailure}`);
    else this.#expiry = setTimeout(() => this.#check(), remaining).unref();
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#expiry);
    this.emit('lost', reason);
  }
}
