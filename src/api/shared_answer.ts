// What many ask for and the database is asked once: whoever asks meanwhile waits for the same answer, and no longer than they have to.

export interface SharedOptions<T> {
  ask: () => Promise<T>;
  /** How long an answer is good for, in milliseconds. */
  goodFor: number;
  /** How long one is waited for, in milliseconds. Asking goes on behind that, and nobody asks beside it. */
  patience: number;
  /** What is answered then. */
  late: () => T;
  /** What asking may take of the time, from 0 to 1, where answers come slowly: they are good for longer then. */
  share?: number;
}

export class SharedAnswer<T> {
  readonly #options: SharedOptions<T>;
  #answer: Promise<T> | undefined;
  #began = 0;
  #staleAt = Number.POSITIVE_INFINITY;

  constructor(options: SharedOptions<T>) {
    this.#options = options;
  }

  /** When nobody will be given the last answer any more, by the clock of `performance`; infinity while it is waited for. */
  get staleAt(): number {
    return this.#staleAt;
  }

  async get(): Promise<T> {
    if (this.#answer === undefined || performance.now() >= this.#staleAt) this.#ask();
    const { patience, late } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, this.#began + patience - performance.now()));
    }).then(late);
    try {
      return await Promise.race([this.#answer as Promise<T>, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }

  #ask(): void {
    const { ask, goodFor, share = 1 } = this.#options;
    this.#began = performance.now();
    this.#staleAt = Number.POSITIVE_INFINITY;
    this.#answer = ask();
    this.#answer.then(
      () => {
        const now = performance.now();
        this.#staleAt = now + Math.max(goodFor, (now - this.#began) * (1 / share - 1));
      },
      () => {
        this.#staleAt = performance.now() + goodFor;
      },
    );
  }
}
