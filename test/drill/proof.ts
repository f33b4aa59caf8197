// What the database alone says at the end: whether every fire is accounted for, nothing is finished twice, nothing is left.
import type pg from 'pg';

export interface Check {
  check: string;
  found: number;
  wanted: number;
  ok: boolean;
}

/** Each counts what must not be. */
const violations: Record<string, string> = {
  'fires without a run, or with two': `
    select coalesce(sum(abs(chime_private.timetable_count(s, s.created_at, s.accounted_until) - coalesce(r.fires, 0))), 0)
    from chime.schedules s
    left join (select schedule_id, sum(coalesce(covers_count, 1)) as fires from chime.runs where trigger = 'schedule' group by 1) r
      on r.schedule_id = s.id`,
  'runs that are not finished': 'select count(*) from chime.runs where finished_at is null',
  'runs among the unfinished that are finished': 'select count(*) from chime_private.unfinished_runs',
  'runs not among the unsuccessful that are, or the other way': `
    select count(*)
    from (select id, status from chime.runs where status in ('failed', 'timed_out', 'cancelled', 'skipped')) r
    full join chime_private.unsuccessful_runs u on u.run_id = r.id and u.status = r.status
    where r.id is null or u.run_id is null`,
  'runs that finished twice': `
    select count(*) from (select from drill.ends group by run_id having count(*) > 1) twice`,
  'attempts that were executed twice': `
    select count(*) from (select from drill.executions where what = 'began' group by run_id, attempt having count(*) > 1) twice`,
  'runs that succeeded without their attempt having come to its end': `
    select count(*) from chime.runs r
    where r.status = 'succeeded'
      and not exists (select from drill.executions e where e.run_id = r.id and e.attempt = r.attempt and e.what = 'ended')`,
  'runs that failed and had to succeed': `
    select count(*) from chime.runs r
    where r.status not in ('succeeded', 'skipped') and not r.payload ? 'failEvery' and r.lost_count < 3`,
  'lost attempts that are not on record': `
    select count(*) from chime.runs r
    where r.lost_count <> (select count(*) from chime.run_attempts a where a.run_id = r.id and a.outcome = 'lost')`,
  'jobs left in the queue': 'select count(*) from graphile_worker._private_jobs',
  'jobs left locked': 'select count(*) from graphile_worker._private_jobs where locked_at is not null',
  'workers that nobody has buried': 'select count(*) from chime_private.workers where stopped_at is null',
  'advisory locks left': `
    select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
};

export async function prove(client: pg.Client): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [check, sql] of Object.entries(violations)) {
    const { rows } = await client.query<{ found: string }>(`select (${sql})::bigint as found`);
    const found = Number(rows[0]?.found);
    checks.push({ check, found, wanted: 0, ok: found === 0 });
  }
  return checks;
}

export interface Figures {
  fires: number;
  runs: number;
  succeeded: number;
  failed: number;
  skipped: number;
  lost: number;
  /** Seconds from the death of a worker until its runs were executed again, without those whose database was away meanwhile, or had just come back. */
  recoveries: number;
  recovery_p50_s: number | null;
  recovery_max_s: number | null;
}

export async function figures(client: pg.Client): Promise<Figures> {
  const { rows } = await client.query<Figures>(`
    with recovered as (
      select extract(epoch from n.at - f.at)::float8 as seconds
      from drill.faults f
      join drill.starts s on s.worker_id = f.worker_id and s.at < f.at
      join chime.run_attempts a on a.run_id = s.run_id and a.attempt = s.attempt and a.outcome = 'lost'
      join drill.starts n on n.run_id = s.run_id and n.attempt = s.attempt + 1
      where f.kind = 'kill -9 of a worker'
        and not exists (select from drill.faults d where d.kind = 'an immediate restart of Postgres'
                        and d.at between f.at - interval '20 seconds' and n.at)
    )
    select (select sum(coalesce(covers_count, 1)) from chime.runs where trigger = 'schedule')::integer as fires,
      count(*)::integer as runs, count(*) filter (where status = 'succeeded')::integer as succeeded,
      count(*) filter (where status in ('failed', 'timed_out', 'cancelled'))::integer as failed,
      count(*) filter (where status = 'skipped')::integer as skipped,
      (select count(*) from chime.run_attempts where outcome = 'lost')::integer as lost,
      (select count(*) from recovered)::integer as recoveries,
      (select round(percentile_cont(0.5) within group (order by seconds)::numeric, 2) from recovered)::float8 as recovery_p50_s,
      (select round(max(seconds)::numeric, 2) from recovered)::float8 as recovery_max_s
    from chime.runs`);
  return rows[0] as Figures;
}
