// Schedules and ticks, in few words.
import type { TestDatabase } from './database.ts';

export interface TickRow {
  fired: number;
  skipped: number;
  resumed: number;
  recovered: number;
  more: boolean;
  next_due_at: Date | null;
}

export interface RunRow {
  scheduled_for: Date;
  status: string;
  skip_reason: string | null;
  covers_count: number | null;
  covers_until: Date | null;
}

/** Shorthand for one database. */
export function shorthand(database: TestDatabase) {
  return {
    /** Creates a schedule from named arguments in SQL; answers its id. */
    create: async (fields: string): Promise<string> =>
      (await database.row<{ id: string }>(`select id from chime.create_schedule(task => 'noop', ${fields})`))
        .id,
    tick: (most = 500): Promise<TickRow> =>
      database.row<TickRow>('select * from chime_private.tick($1)', [most]),
    schedule: (id: string) => database.row('select * from chime.schedules where id = $1', [id]),
    /** The runs of a schedule in the order of their nominal times. */
    runs: (id: string): Promise<RunRow[]> =>
      database.rows<RunRow>(
        `select scheduled_for, status, skip_reason, covers_count, covers_until from chime.runs
         where schedule_id = $1 order by scheduled_for, id`,
        [id],
      ),
    /** Ends all queued runs as a worker would, so that nothing overlaps. */
    finishAll: () =>
      database.rows(
        `update chime.runs set status = 'running', attempt = 1, started_at = chime.now(), worker_id = gen_random_uuid() where status = 'queued';
         update chime.runs set status = 'succeeded', finished_at = chime.now(), worker_id = null where status = 'running'`,
      ),
    /** Graphile-worker jobs that wait. */
    jobs: () => database.value<number>('select count(*)::integer from graphile_worker.jobs'),
  };
}

/**
 * Many due schedules at once, without going through create_schedule for each.
 * @param due how many minutes past the hour they are due
 */
export async function fill(database: TestDatabase, count: number, cron: string): Promise<void> {
  const { id } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'noop', cron => $1, key => 'template')",
    [cron],
  );
  await database.rows(
    `insert into chime.schedules
     select (jsonb_populate_record(s, jsonb_build_object('id', chime_private.new_id(chime.now()), 'key', 'k' || n))).*
     from chime.schedules s, generate_series(2, $2) n where s.id = $1`,
    [id, count],
  );
}
