// Numbers of an installation over a time: of those that SQL counts by the hour, and of what is unfinished now.
import type { Send } from './chime.ts';
import { fromRow } from './rows.ts';
import type { ScheduleStatus } from './types.ts';

/** How a number of milliseconds is spread; quantiles are within 5 %, and null where there is no value. */
export interface Spread {
  averageMs: number | null;
  p50Ms: number | null;
  p95Ms: number | null;
  p99Ms: number | null;
}

/** What became of runs. */
export interface RunCounts {
  succeeded: number;
  failed: number;
  timedOut: number;
  cancelled: number;
  /** Fires that were not run. */
  skippedFires: number;
  /** From start to finish. */
  duration: Spread;
  /** How much later than due first attempts started. */
  lateness: Spread;
}

/** Runs that are not finished. */
export interface QueueDepth {
  task: string;
  queued: number;
  running: number;
  retrying: number;
  /** Since when the first of those has been due that wait for a worker. */
  oldestDueAt: Date | null;
}

export interface Metrics {
  /** From this hour on, by the nominal times of runs. */
  since: Date;
  /** To before this instant. */
  until: Date;
  /** How many schedules are in each status now. */
  schedules: Record<ScheduleStatus, number>;
  /** All finished runs of that time. */
  runs: RunCounts;
  /** The same by task, in the order of their names. */
  tasks: ({ task: string } & RunCounts)[];
  /** What is unfinished now, by task. */
  queue: QueueDepth[];
}

export interface MetricsOptions {
  /** The beginning, rounded down to a full hour (UTC); 24 hours ago by default, 400 days at most. */
  since?: Date | string;
  /** The end; now by default. A time of hours that has begun is counted as far as it goes. */
  until?: Date | string;
}

const sum = (name: string) => `coalesce(sum(${name}), 0)::float8 as ${name}`;
const spread = (name: 'duration' | 'lateness', values: string) => `jsonb_build_object(
    'averageMs', round(sum(${name}_us) / nullif(sum(${values}), 0) / 1000, 3)::float8,
    ${[50, 95, 99].map((share) => `'p${share}Ms', chime_private.quantile_ms(chime_private.sum_histograms(${name}_histogram), 0.${share})`).join(', ')}) as ${name}`;
const histogram = (name: string) =>
  `chime_private.histogram_of(array_agg(chime_private.histogram_bucket(e.${name}_us)))`;

/** Hours that are counted, and what came since, as chime.run_stats adds them up, but for quantiles of all of it. */
const counted = `
  with hours as (
    select h.task, h.succeeded, h.failed, h.timed_out, h.cancelled, h.skipped_fires, h.durations, h.duration_us, h.duration_histogram,
      h.latenesses, h.lateness_us, h.lateness_histogram
    from chime.run_hours h
    where h.tenant_id = chime.current_tenant() and h.hour >= $1 and h.hour < $2
    union all
    select e.task, count(*) filter (where e.status = 'succeeded'), count(*) filter (where e.status = 'failed'),
      count(*) filter (where e.status = 'timed_out'), count(*) filter (where e.status = 'cancelled'), sum(e.fires),
      count(e.duration_us), coalesce(sum(e.duration_us), 0), ${histogram('duration')},
      count(e.lateness_us), coalesce(sum(e.lateness_us), 0), ${histogram('lateness')}
    from chime_private.uncounted_ends e
    where e.tenant_id = chime.current_tenant() and chime_private.id_time(e.id) >= $1 and chime_private.id_time(e.id) < $2
    group by e.task
  )
  select task, ${['succeeded', 'failed', 'timed_out', 'cancelled', 'skipped_fires'].map(sum).join(', ')},
    ${spread('duration', 'durations')}, ${spread('lateness', 'latenesses')}
  from hours group by grouping sets ((task), ()) order by task nulls first`;

/** Reads them. */
export async function readMetrics(send: Send, { since, until }: MetricsOptions): Promise<Metrics> {
  const [period] = await send<{ since: Date; until: Date }>(
    `select date_trunc('hour', coalesce($1::timestamptz, n.now - interval '24 hours'), 'UTC') as since,
       coalesce($2::timestamptz, date_trunc('milliseconds', n.now) + interval '1 millisecond') as until
     from (select chime.now() as now) n`,
    [since ?? null, until ?? null],
  );
  const between = [period?.since, period?.until];
  const schedules = await send<{ status: ScheduleStatus; count: number }>(
    `select k.status, count(s.id)::float8 as count
     from unnest(enum_range(null::chime.schedule_status)) k(status)
     left join chime.schedules s on s.status = k.status and s.tenant_id = chime.current_tenant() and s.deleted_at is null
     group by k.status order by k.status`,
  );
  const [all, ...tasks] = (await send(counted, between)).map((row) =>
    fromRow<{ task: string } & RunCounts>(row),
  );
  const { task: _none, ...runs } = all as { task: string } & RunCounts;
  const queue = await send(
    `select q.task, q.queued::float8, q.running::float8, q.retrying::float8, q.oldest_due_at
     from chime.queue_depth q where q.tenant_id = chime.current_tenant() order by q.task`,
  );
  return {
    since: period?.since as Date,
    until: period?.until as Date,
    schedules: Object.fromEntries(schedules.map((row) => [row.status, row.count])) as Metrics['schedules'],
    runs,
    tasks,
    queue: queue.map((row) => fromRow<QueueDepth>(row)),
  };
}
