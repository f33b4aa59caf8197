// chime.now() of a test database: an instant in a table, which stands still until it is moved.
import type pg from 'pg';
import { InvalidArgumentError } from '../errors.ts';

/**
 * Makes the clock of a database movable: for one that was made for a test, by its owner. Housekeeping wakes nobody, for a clock that moves
 * from fire to fire would stop for it four times a day; and runs are not moved into the statistics nor removed when they are old: a
 * test sees all of them.
 */
export const movableNow = `
  set role chime_owner;
  create table chime_private.test_now (at timestamptz not null);
  comment on table chime_private.test_now is 'What chime.now() says.';
  insert into chime_private.test_now values (pg_catalog.clock_timestamp());
  create or replace function chime.now() returns timestamptz
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$ select n.at from chime_private.test_now n $$;
  create or replace function chime_private.maintenance_due_at() returns timestamptz language sql stable as $$ select null::timestamptz $$;
  update chime_private.settings set value = '"infinity"' where key = 'history_due_at';
  reset role`;

/** An instant to the microsecond, as text that sorts as time does. */
export type Instant = string;

/** The clock of one test database. */
export class MovableNow {
  readonly #pool: pg.Pool;
  readonly #timezone: string;
  #at: Instant = '';

  constructor(pool: pg.Pool, timezone: string) {
    this.#pool = pool;
    this.#timezone = timezone;
  }

  get at(): Instant {
    return this.#at;
  }

  async set(at: Instant): Promise<void> {
    await this.#pool.query('update chime_private.test_now set at = $1', [at]);
    this.#at = at;
  }

  /**
   * Reads an instant: a Date, text with an offset, or a wall-clock time of the test's zone.
   * @throws InvalidArgumentError (CH007)
   */
  read(at: Date | string): Promise<Instant> {
    if (at instanceof Date) return this.#read('$1::timestamptz', [at.toISOString()], at);
    return /\d[T ]\d.*(Z|[+-]\d\d(:?\d\d)?)$/i.test(at)
      ? this.#read('$1::timestamptz', [at], at)
      : this.#read('$1::timestamp at time zone $2', [at, this.#timezone], at);
  }

  /** So much later than now; a day is 24 hours. */
  later(interval: string): Promise<Instant> {
    return this.#read('$1::timestamptz + $2::interval', [this.#at, interval], interval);
  }

  async #read(expression: string, values: unknown[], given: unknown): Promise<Instant> {
    try {
      const { rows } = await this.#pool.query<{ at: Instant }>(
        `select chime_private.instant_text(${expression}) as at`,
        values,
      );
      return rows[0]?.at ?? '';
    } catch (error) {
      throw new InvalidArgumentError(`"${given}" cannot be read: ${(error as Error).message}.`, {
        hint: 'Instants are written like 2026-03-29T01:30:00Z or 2026-03-29 02:30 (in the `timezone` of the test), intervals like "2 days".',
        cause: error,
      });
    }
  }
}
