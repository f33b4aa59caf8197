// A run in the hands of a worker: its handler at work, who tells it to end, and until when it is waited for.
import type { Attempt, StartedRun } from '../db/calls.ts';
import { duration } from '../duration.ts';
import type { Outcome } from './handler.ts';
import type { Output } from './output.ts';

/**
 * How long a handler may take to end after its time was over, or its run cancelled, in milliseconds: half of
 * chime_private.write_off_after(), so that it is the worker that writes the attempt off, if it can.
 */
const handlerGrace = 5_000;
/** The longest wait that Node's timers know, in milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** Why a handler was told to end: its time is over, nobody wants the run any more, or somebody else goes on with it. */
type Ending = 'timed_out' | 'cancelled' | 'given_back';

export class Held implements Attempt {
  readonly runId: string;
  readonly attempt: number;
  readonly output: Output;
  readonly #controller = new AbortController();
  readonly #letGo = Promise.withResolvers<Outcome | undefined>();
  readonly #grace: number;
  #ending: Ending | undefined;
  #handler: Promise<Outcome> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDeaf = false;

  constructor({ id, attempt, timeout_ms: timeoutMs }: StartedRun, output: Output, grace = handlerGrace) {
    this.runId = id;
    this.attempt = attempt;
    this.output = output;
    this.#grace = grace;
    this.#after(timeoutMs, () => this.#timeOut(`It took longer than ${duration(timeoutMs)}`));
  }

  /** Aborted when the handler has to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the handler did not end though it was told to. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /**
   * Waits for the handler: what it came to, or what is said in its place when it does not end in time; undefined where the
   * run goes on elsewhere.
   */
  async ended(handler: Promise<Outcome>): Promise<Outcome | undefined> {
    this.#handler = handler;
    const outcome = await Promise.race([handler, this.#letGo.promise]);
    clearTimeout(this.#timer);
    // What a handler returns is its answer, whatever it was told; what it throws then is how it obeys.
    if (outcome?.thrown !== true || this.#ending === undefined) return outcome;
    const { message } = this.signal.reason as Error;
    if (this.#ending === 'given_back') return undefined;
    if (this.#ending === 'timed_out') return { ...outcome, outcome: 'timed_out', error: message };
    return { ...outcome, outcome: 'cancelled', error: null, stack: null, reason: message };
  }

  /** Resolves when the handler has ended. */
  async settled(): Promise<void> {
    await this.#handler;
  }

  /** Tells the handler to end, because the run shall go on elsewhere. */
  abort(reason: Error): void {
    this.#end('given_back', reason);
  }

  /** The run is given back to the queue: what its handler still does changes nothing. */
  abandon(): void {
    this.output.close();
    this.#letGo.resolve(undefined);
  }

  /** Tells the handler to end, because somebody has cancelled the run. */
  cancel(reason: string | null): void {
    if (this.#ending !== undefined) return;
    const message = reason === null ? 'The run was cancelled.' : `The run was cancelled: ${reason}`;
    this.#end('cancelled', new DOMException(message, 'AbortError'));
    this.#writeOff({ outcome: 'cancelled', error: null, reason: message });
  }

  #timeOut(what: string): void {
    if (this.#ending !== undefined) return;
    this.#end('timed_out', new DOMException(`${what}.`, 'TimeoutError'));
    const error = `${what}, and did not end within ${duration(this.#grace)} of being told to.`;
    this.#writeOff({ outcome: 'timed_out', error });
  }

  /** Does not wait for the handler any longer than the grace. */
  #writeOff(what: Pick<Outcome, 'outcome' | 'error' | 'reason'>): void {
    this.#after(this.#grace, () => {
      this.#isDeaf = true;
      this.#letGo.resolve({ output: this.output.close(), result: null, stack: null, ...what });
    });
  }

  /** What it is told first counts. */
  #end(ending: Ending, reason: Error): void {
    this.#ending ??= ending;
    this.#controller.abort(reason);
  }

  #after(ms: number, call: () => void): void {
    clearTimeout(this.#timer);
    const wait = Math.min(ms, longestTimer);
    this.#timer = setTimeout(() => (ms > wait ? this.#after(ms - wait, call) : call()), wait);
  }
}
