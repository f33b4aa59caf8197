// What /readyz answers: whether requests would be served. That takes a database of this version, and nothing else: an API without a clock
// or a worker stores schedules and shows runs all the same, and taking it out of service would bring back neither. They are told of, for
// whoever looks; a monitor is told by /metrics.
import type pg from 'pg';
import { describeLag } from '../db/schema_version.ts';
import { SharedAnswer } from './shared_answer.ts';

type Check = 'ok' | 'failed' | 'unknown';

export interface Readiness {
  ready: boolean;
  /** Why not. */
  reason?: string;
  checks: { database: Check; migrations: Check; clock: Check; worker: Check };
}

/** So long an answer is good for, in milliseconds. */
const goodFor = 1000;
/** A database that has not answered by then is not there, in milliseconds. */
const patience = 2000;

const away: Readiness = {
  ready: false,
  reason: 'The database does not answer.',
  checks: { database: 'failed', migrations: 'unknown', clock: 'unknown', worker: 'unknown' },
};

async function ask(pool: pg.Pool): Promise<Readiness> {
  try {
    const lag = await describeLag(pool);
    if (lag !== undefined) {
      const checks = { database: 'ok', migrations: 'failed', clock: 'unknown', worker: 'unknown' } as const;
      return { ready: false, reason: lag.message, checks };
    }
    const { rows } = await pool.query<{ clock: boolean; worker: boolean }>(
      'select p.clocks > 0 as clock, p.workers > 0 as worker from chime_private.processes_alive(chime.now()) p',
    );
    const alive = (is: boolean | undefined): Check => (is === true ? 'ok' : 'failed');
    const [found] = rows;
    return {
      ready: true,
      checks: {
        ...{ database: 'ok', migrations: 'ok' },
        ...{ clock: alive(found?.clock), worker: alive(found?.worker) },
      },
    };
  } catch {
    return away;
  }
}

/** Asked often, by several, it asks the database once a second at most. */
export class ReadinessCheck {
  readonly #answer: SharedAnswer<Readiness>;

  constructor(pool: pg.Pool) {
    this.#answer = new SharedAnswer({ ask: () => ask(pool), goodFor, patience, late: () => away });
  }

  check(): Promise<Readiness> {
    return this.#answer.get();
  }
}
