// What waits for one subscriber: an asynchronous iterator that never holds more than a few hundred events. Who is slower than what
// happens is told to look for themselves instead.

export interface LiveEvent {
  /** REFETCH = at the beginning, and where changes may have been missed: read what is shown. */
  kind: 'CHANGED' | 'REFETCH';
  id: string | null;
  /** When the server heard of it. */
  at: string;
  /** Of a run's log: the lines after this one are new, up to the other. */
  afterSeq?: number;
  untilSeq?: number;
}

const most = 500;

export class EventQueue implements AsyncIterableIterator<LiveEvent> {
  readonly #events: LiveEvent[] = [];
  readonly #closed: () => void;
  #waiting: ((result: IteratorResult<LiveEvent>) => void) | undefined;
  #done = false;

  /** @param closed is called once, when nobody reads any more */
  constructor(closed: () => void) {
    this.#closed = closed;
  }

  push(event: LiveEvent): void {
    if (this.#done) return;
    if (this.#waiting !== undefined) {
      this.#waiting({ value: event, done: false });
      this.#waiting = undefined;
    } else if (this.#events.length < most) {
      this.#events.push(event);
    } else {
      this.#events.length = 0;
      this.#events.push({ kind: 'REFETCH', id: null, at: event.at });
    }
  }

  next(): Promise<IteratorResult<LiveEvent>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.#done) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  return(): Promise<IteratorResult<LiveEvent>> {
    if (!this.#done) {
      this.#done = true;
      this.#events.length = 0;
      this.#waiting?.({ value: undefined, done: true });
      this.#waiting = undefined;
      this.#closed();
    }
    return Promise.resolve({ value: undefined, done: true });
  }

  async throw(error: unknown): Promise<IteratorResult<LiveEvent>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
