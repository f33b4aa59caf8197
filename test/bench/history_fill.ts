// A history as it lies there after a day: the runs of schedules that fire each minute, every hundredth failed, all of them counted.
import type pg from 'pg';
import { fill, installClock } from './schedules.ts';

/** Midnight before the Friday of this week: a day before it lies in the same week, and so in the same partition. */
export async function installFriday(client: pg.Client): Promise<Date> {
  await installClock(client);
  const { rows } = await client.query<{ at: Date }>(
    "select chime_private.week_of(pg_catalog.now()) + interval '4 days' as at",
  );
  const friday = rows[0]?.at as Date;
  await setNow(client, friday);
  await client.query('select chime_private.ensure_partitions($1)', [friday]);
  return friday;
}

export async function setNow(client: pg.Client, now: Date): Promise<void> {
  await client.query("select set_config('bench.now', $1, false)", [now.toISOString()]);
}

/** Schedules that are due at each full minute. */
export async function fillSchedules(client: pg.Client, count: number): Promise<void> {
  await fill(
    client,
    count,
    `task => 'noop', cron => '* * * * *', overlap => 'allow', max_retries => 0, payload => '{"text": "a payload of usual size", "n": 1}'`,
  );
}

/**
 * The runs of all schedules at each of the minutes from one on, as they are when they have ended: in the order in which they came.
 * Without triggers, which would take each for one that has just ended, long after its time.
 */
async function fillRuns(client: pg.Client, from: Date, minutes: number): Promise<void> {
  await client.query('set session_replication_role = replica');
  await client.query(
    `insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at, status, attempt,
       started_at, deadline_at, finished_at, output, output_summary, error, created_at)
     select (m.prefix || '8' || substr(s.id::text, 16))::uuid, s.tenant_id, s.id, s.revision, s.task, s.payload, 'schedule', m.at, m.at,
       case when f.failed then 'failed' else 'succeeded' end::chime.run_status, 1,
       m.at + interval '4 milliseconds', m.at + interval '5 minutes', m.at + f.ms * interval '1 millisecond',
       o.output, o.output, case when f.failed then 'The host did not answer within ten seconds.' end, m.at
     from (select at, chime_private.id_prefix(at) as prefix
           from generate_series($1::timestamptz, $1::timestamptz + ($2 - 1) * interval '1 minute', '1 minute') at offset 0) m
     cross join chime.schedules s
     cross join lateral (select random() < 0.01 as failed, 5 + random() * 200 as ms where s.id is not null) f
     cross join lateral (select case when not f.failed then 'Sent to 1 recipient, as asked.' end as output) o
     order by m.at`,
    [from, minutes],
  );
  await client.query('reset session_replication_role');
}

/** All runs of the minutes before an instant, and their statistics. */
export async function fillHistory(client: pg.Client, until: Date, minutes: number): Promise<void> {
  for (let left = minutes; left > 0; left -= 60) {
    const from = new Date(until.getTime() - left * 60_000);
    const some = Math.min(left, 60);
    await fillRuns(client, from, some);
    await client.query(
      `with counted as materialized (
         select chime_private.count_ends(chime_private.first_id($1), chime_private.first_id($1::timestamptz + $2 * interval '1 minute'), 1000))
       update chime.statistics_progress set counted_to = chime_private.first_id($1::timestamptz + $2 * interval '1 minute') from counted`,
      [from, some],
    );
  }
}
