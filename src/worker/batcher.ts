// Many small writes as few large ones: what is added while a batch is on its way to the database goes with the next.

/** Sends items in batches and answers each with its own result, or its own error. */
export class Batcher<Item, Result> {
  readonly #send: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>;
  readonly #most: number;
  #waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  #busy = false;

  /**
   * @param send takes a batch and answers what came of each item, in order
   * @param most how many items a batch may have
   */
  constructor(send: (items: Item[]) => Promise<PromiseSettledResult<Result>[]>, most: number) {
    this.#send = send;
    this.#most = most;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      // Not at once: what else this turn of the event loop adds goes along.
      if (!this.#busy) {
        this.#busy = true;
        setImmediate(() => void this.#drain());
      }
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#most);
      try {
        const results = await this.#send(batch.map(({ item }) => item));
        for (const [index, { resolve, reject }] of batch.entries()) {
          const result = results[index] as PromiseSettledResult<Result>;
          if (result.status === 'fulfilled') resolve(result.value);
          else reject(result.reason);
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}
