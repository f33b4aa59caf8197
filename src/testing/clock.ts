// What a test moves.
import { IllegalStateError, InvalidArgumentError } from '../errors.ts';
import type { Chronicle, Happening } from './chronicle.ts';
import type { Engine } from './engine.ts';
import type { Instant, MovableNow } from './now.ts';

/** The clock of a test. It stands still while handlers are at work, and while nobody moves it. */
export class TestClock {
  readonly #now: MovableNow;
  readonly #engine: Engine;
  readonly #chronicle: Chronicle;

  constructor(now: MovableNow, engine: Engine, chronicle: Chronicle) {
    this.#now = now;
    this.#engine = engine;
    this.#chronicle = chronicle;
  }

  /** What it shows, which is what `run.startedAt` is, and what SQL reads as `chime.now()`. */
  get now(): Date {
    return new Date(this.#now.at);
  }

  /**
   * Moves it to an instant. On the way everything comes to pass when it is due: schedules fire, handlers run, what failed is tried again,
   * events that wait lead to their runs. Answers what happened, in order.
   * @param options.asleep as if no clock and no worker had been alive until then: what was due meanwhile is caught up with, or not, as
   * each schedule says
   * @throws InvalidArgumentError (CH007) where the instant is in the past, or cannot be read
   */
  advanceTo(at: Date | string, { asleep = false }: { asleep?: boolean } = {}): Promise<Happening[]> {
    return this.#move(() => this.#now.read(at), asleep);
  }

  /** The same for an interval, such as `90 minutes` or `1 day`, which is 24 hours. */
  advanceBy(interval: string, { asleep = false }: { asleep?: boolean } = {}): Promise<Happening[]> {
    return this.#move(() => this.#now.later(interval), asleep);
  }

  /** Does what is due without moving: runs that were asked for, events that were triggered. Answers what happened, in order. */
  settle(): Promise<Happening[]> {
    return this.#move(async () => this.#now.at, false);
  }

  #move(read: () => Promise<Instant>, asleep: boolean): Promise<Happening[]> {
    if (this.#engine.isInside)
      return Promise.reject(
        new IllegalStateError('A handler cannot move the clock: it stands until the handler has ended.', {
          hint: 'Move it in the test, or answer with snooze().',
        }),
      );
    return this.#engine.alone(async () => {
      const since = this.#now.at;
      const to = await read();
      if (to < since)
        throw new InvalidArgumentError(`The clock shows ${since} already, and does not go back to ${to}.`, {
          hint: 'A test that needs an earlier time begins with one: `now` of createTestChime.',
        });
      if (asleep) await this.#now.set(to);
      await this.#engine.advance(to);
      await this.#now.prepare();
      return this.#chronicle.close(since);
    });
  }
}
