import type { Send } from './chime.ts';
import { fromRow } from './rows.ts';
import type { ConcurrencyLimit } from './types.ts';

const columns = 'l.key, l.max_running, l.updated_at';

/** How many runs with the same `concurrencyKey` may run at once; one, for a key that has no limit here. */
export class ConcurrencyLimits {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Lets so many run at once, 0 for none. What runs already goes on. */
  async set(key: string, maxRunning: number): Promise<ConcurrencyLimit> {
    const rows = await this.#send(`select ${columns} from chime.set_concurrency_limit($1, $2) l`, [
      key,
      maxRunning,
    ]);
    return fromRow<ConcurrencyLimit>(rows[0] ?? {});
  }

  async list(): Promise<ConcurrencyLimit[]> {
    const rows = await this.#send(
      `select ${columns} from chime.concurrency_limits l where l.tenant_id = chime.current_tenant() order by l.key`,
    );
    return rows.map((row) => fromRow<ConcurrencyLimit>(row));
  }

  /** From now on one at a time. */
  async delete(key: string): Promise<ConcurrencyLimit> {
    const rows = await this.#send(`select ${columns} from chime.delete_concurrency_limit($1) l`, [key]);
    return fromRow<ConcurrencyLimit>(rows[0] ?? {});
  }
}
