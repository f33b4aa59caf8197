// A clock that tests move: chime.now() reads a row instead of the wall clock, for every connection of the database.
import type { TestDatabase } from './database.ts';

export class MovableNow {
  readonly #database: TestDatabase;

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  /**
   * Puts a standing clock in the place of the real one. Ticks leave the history alone then, lest what they answer depends on how
   * far they come with it: see upkeepOf.
   */
  static async install(database: TestDatabase, at: string): Promise<MovableNow> {
    await database.pool.query(`
      create table if not exists chime_private.moved_now (at timestamptz not null);
      create or replace function chime.now() returns timestamptz language sql volatile security definer set search_path = pg_catalog
        as $$ select at from chime_private.moved_now $$;
      grant select on chime_private.moved_now to public;
      delete from chime_private.moved_now;
      update chime_private.settings set value = '"infinity"' where key = 'history_due_at';`);
    await database.pool.query('insert into chime_private.moved_now values ($1)', [at]);
    return new MovableNow(database);
  }

  async set(at: string): Promise<void> {
    await this.#database.pool.query('update chime_private.moved_now set at = $1', [at]);
  }

  read(): Promise<Date> {
    return this.#database.value<Date>('select at from chime_private.moved_now');
  }

  async advance(interval: string): Promise<void> {
    await this.#database.pool.query('update chime_private.moved_now set at = at + $1::interval', [interval]);
  }

  /** Gives the real clock back. */
  async release(): Promise<void> {
    await this.#database.pool.query(
      'create or replace function chime.now() returns timestamptz language sql volatile parallel safe as $$ select pg_catalog.clock_timestamp() $$',
    );
  }
}
