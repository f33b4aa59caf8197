// What /readyz answers: whether requests would be served. Asked often, by several, it asks the database once a second at most.
import type pg from 'pg';
import { describeLag } from '../db/schema_version.ts';

export interface Readiness {
  ready: boolean;
  /** Why not. */
  reason?: string;
}

/** So long an answer is good for, in milliseconds. */
const goodFor = 1000;
/** A database that has not answered by then is not there, in milliseconds. */
const patience = 2000;

export class ReadinessCheck {
  readonly #pool: pg.Pool;
  #asked: Promise<Readiness> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  check(): Promise<Readiness> {
    if (this.#asked === undefined || performance.now() - this.#askedAt > goodFor) {
      this.#askedAt = performance.now();
      this.#asked = this.#ask();
    }
    return this.#asked;
  }

  async #ask(): Promise<Readiness> {
    const away: Readiness = { ready: false, reason: 'The database does not answer.' };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Readiness>((resolve) => {
      timer = setTimeout(resolve, patience, away);
    });
    const answer = describeLag(this.#pool).then(
      (lag): Readiness => (lag === undefined ? { ready: true } : { ready: false, reason: lag.message }),
      () => away,
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
