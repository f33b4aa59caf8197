// Reads on behalf of one reader: whether they may see what has changed. All subscriptions of a reader share it, and what comes while it
// reads is read together, so that a burst costs few transactions however many rows it has.
import type pg from 'pg';
import { withTransaction } from '../../../db/transaction.ts';
import type { EventQueue, LiveEvent } from './queue.ts';

export type Settings = Readonly<Record<string, string>>;
export type Topic = 'run' | 'schedule' | 'log' | 'inbox';

export interface Interest {
  topic: Topic;
  /** Of runs, those of this schedule; of schedules, this one; of logs, those of this run; of inboxes, that of this user. */
  of: string | null;
  /** Of runs, those of this task. */
  task: string | null;
  /** Of logs, the last line that is known. */
  afterSeq: number;
}

export interface Subscription {
  interest: Interest;
  queue: EventQueue;
}

/** Lines of a log that one event brings. */
const mostLines = 100;

const now = () => new Date().toISOString();
export const refetch = (): LiveEvent => ({ kind: 'REFETCH', id: null, at: now() });

export class Reader {
  readonly #pool: pg.Pool;
  readonly #settings: Settings;
  readonly #failed: (error: unknown) => void;
  #pending = new Map<Subscription, Set<string>>();
  #reading = false;

  constructor(pool: pg.Pool, settings: Settings, failed: (error: unknown) => void) {
    this.#pool = pool;
    this.#settings = settings;
    this.#failed = failed;
  }

  /** Something of this id has changed that the subscription is interested in. */
  changed(subscription: Subscription, id: string): void {
    const ids = this.#pending.get(subscription);
    if (ids === undefined) this.#pending.set(subscription, new Set([id]));
    else ids.add(id);
    if (!this.#reading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    // What arrives in the same turn is read together.
    await new Promise(setImmediate);
    while (this.#pending.size > 0) {
      const pending = this.#pending;
      this.#pending = new Map();
      try {
        await withTransaction(
          this.#pool,
          async (client) => {
            await client.query('select set_config(s.key, s.value, true) from json_each_text($1::json) s', [
              JSON.stringify(this.#settings),
            ]);
            await this.#tell(client, pending);
          },
          { readOnly: true },
        );
      } catch (error) {
        this.#failed(error);
        for (const { queue } of pending.keys()) queue.push(refetch());
      }
    }
    this.#reading = false;
  }

  async #tell(client: pg.PoolClient, pending: ReadonlyMap<Subscription, ReadonlySet<string>>): Promise<void> {
    const ids = (topic: Topic) => [
      ...new Set(
        [...pending].flatMap(([{ interest }, wanted]) => (interest.topic === topic ? [...wanted] : [])),
      ),
    ];
    const visible = new Map<string, string>();
    const [runs, schedules] = [ids('run'), ids('schedule')];
    if (runs.length > 0) {
      const { rows } = await client.query(
        'select r.id, r.task from chime.runs r where r.id = any ($1::uuid[])',
        [runs],
      );
      for (const { id, task } of rows) visible.set(id, task);
    }
    if (schedules.length > 0) {
      const { rows } = await client.query(
        'select s.id, s.task from chime.schedules s where s.id = any ($1::uuid[])',
        [schedules],
      );
      for (const { id, task } of rows) visible.set(id, task);
    }
    const items = ids('inbox');
    if (items.length > 0) {
      const { rows } = await client.query('select i.id from chime.inbox i where i.id = any ($1::uuid[])', [
        items,
      ]);
      for (const { id } of rows) visible.set(id, '');
    }
    for (const [{ interest, queue }, wanted] of pending) {
      if (interest.topic === 'log') {
        await this.#tellLines(client, interest, queue);
        continue;
      }
      for (const id of wanted) {
        const task = visible.get(id);
        if (task !== undefined && (interest.task === null || interest.task === task))
          queue.push({ kind: 'CHANGED', id, at: now() });
      }
    }
  }

  async #tellLines(client: pg.PoolClient, interest: Interest, queue: EventQueue): Promise<void> {
    for (;;) {
      const { rows } = await client.query<{ seq: number }>(
        'select l.seq from chime.run_logs l where l.run_id = $1 and l.seq > $2 order by l.seq limit $3',
        [interest.of, interest.afterSeq, mostLines],
      );
      const last = rows.at(-1)?.seq;
      if (last === undefined) return;
      queue.push({
        kind: 'CHANGED',
        id: interest.of,
        at: now(),
        afterSeq: interest.afterSeq,
        untilSeq: last,
      });
      interest.afterSeq = last;
      if (rows.length < mostLines) return;
    }
  }
}
