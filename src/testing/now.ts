// chime.now() of a test database: an instant in a table, which stands still until it is moved.
import type pg from 'pg';
import { InvalidArgumentError } from '../errors.ts';

/**
 * Makes the clock of a database movable: for one that was made for a test, by its owner. Its housekeeping is not done every few hours, for
 * which a clock that moves from fire to fire would have to stop, but by whoever moves it; and runs are not moved into the statistics nor
 * removed when they are old: a test sees all of them. Ids are counted instead of drawn, for what is spread by chance, retries and jitter, is spread by them: so it is
 * the same each time.
 */
export const movableNow = `
  set role chime_owner;
  create table chime_private.test_now (at timestamptz not null);
  comment on table chime_private.test_now is 'What chime.now() says.';
  insert into chime_private.test_now values (pg_catalog.clock_timestamp());
  create or replace function chime.now() returns timestamptz
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$ select n.at from chime_private.test_now n $$;
  create sequence chime_private.test_ids;
  create or replace function chime_private.new_id(at timestamptz) returns uuid
    language sql volatile security definer set search_path = pg_catalog, pg_temp
    as $$
      select (chime_private.id_prefix(at) || '7' || lpad(to_hex(n % 4096), 3, '0') || '-8' || substr(md5('test ' || n), 1, 3) || '-'
        || substr(md5('test ' || n), 4, 12))::uuid
      from nextval('chime_private.test_ids') n
    $$;
  update chime_private.settings set value = '"infinity"' where key in ('maintenance_due_at', 'history_due_at');
  reset role`;

/** An instant to the microsecond, as text that sorts as time does. */
export type Instant = string;

/** How long partitions suffice, in milliseconds: they are made four weeks ahead. */
const prepareEvery = 21 * 86_400_000;

/** The clock of one test database. */
export class MovableNow {
  readonly #pool: pg.Pool;
  readonly #timezone: string;
  #at: Instant = '';
  #preparedAt = Number.NEGATIVE_INFINITY;

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
   * Makes partitions of the history for now and the next weeks. Where the clock stays, and not on the way: with those of a long way every
   * statement would have more to look at, and what lies between finds room in the default partition.
   */
  async prepare(): Promise<void> {
    if (Date.parse(this.#at) - this.#preparedAt < prepareEvery) return;
    this.#preparedAt = Date.parse(this.#at);
    await this.#pool.query('select chime_private.ensure_partitions(chime.now())');
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
