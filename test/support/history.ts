// The upkeep of the history that ticks do in bites, done to its end.
import type { TestDatabase } from './database.ts';

/** Shorthand for one database. */
export function upkeepOf(database: TestDatabase) {
  /** Counts all runs whose time has come. */
  const countAll = async () => {
    // Whoever wrote at the moment of the first round, Postgres' own housekeeping too, has to have ended before the second.
    for (let round = 0; round < 2; round++) {
      while (
        await database.value(
          `select exists (select from chime.statistics_progress p, unnest(p.next_waits_for) x(xid)
             where not pg_visible_in_snapshot(x.xid, pg_current_snapshot()))`,
        )
      );
      while (await database.value('select chime_private.count_runs(chime.now())'));
    }
  };
  return {
    countAll,
    /** Lets ticks do it, as they do where no test has moved the clock. */
    leaveToTicks: () =>
      database.rows(`update chime_private.settings set value = '"-infinity"' where key = 'history_due_at'`),
    /** Counts, and removes all that need not be kept. */
    async maintain() {
      await countAll();
      await database.rows("update chime_private.retention_pass set due_at = '-infinity'");
      for (let bites = 0; await database.value('select chime_private.retain(chime.now())'); bites++) {
        if (bites === 500) throw new Error('The pass does not end.');
      }
    },
  };
}
