-- What becomes of a run when an attempt of it ends otherwise than well: whether it is tried again, and when. States are
-- drawn in README.md.

create or replace function chime_private.retry_wait(
  run_id uuid, retry integer, delay interval, backoff chime.retry_backoff, max_delay interval
) returns interval
language sql immutable parallel safe
as $$
  select make_interval(secs =>
    least(date_part('epoch', max_delay), date_part('epoch', delay) * case backoff
      when 'constant' then 1
      when 'linear' then retry
      else 2 ^ least(retry - 1, 100) end)
    * (1 + 0.1 * ('x' || left(md5(run_id::text || ' ' || retry), 8))::bit(32)::bigint / 4294967296.0))
$$;
comment on function chime_private.retry_wait is
  'How long a run waits before a retry of it, the first being 1: by the policy, and up to a tenth more, so that runs that failed '
  'together are not tried again together.';

create or replace function chime_private.end_attempts(
  run_ids uuid[], attempts integer[], outcomes chime_private.outcome[], outputs text[], errors text[], stacks text[],
  reasons text[], waits interval[], now timestamptz
) returns table (id uuid, status chime.run_status, wait_ms double precision, retry integer, retries integer)
language plpgsql volatile
as $$
declare
  c_shortest_snooze constant interval := '1 second';
begin
  return query
    with ended as (
      select r.*, i.outcome, i.output as written, i.error as problem, i.stack, i.reason, i.wait,
        coalesce((r.policy ->> 'retry_delay')::interval, s.retry_delay, t.retry_delay) as retry_delay,
        coalesce((r.policy ->> 'retry_backoff')::chime.retry_backoff, s.retry_backoff, t.retry_backoff) as retry_backoff,
        coalesce((r.policy ->> 'retry_max_delay')::interval, s.retry_max_delay, greatest(interval '1 hour', t.retry_delay)) as retry_max_delay,
        coalesce((r.policy ->> 'max_retries')::integer, s.max_retries, t.max_retries) as max_retries,
        -- What nobody wants any more is not tried again.
        r.cancel_requested_at is not null as unwanted,
        i.outcome in ('failed', 'timed_out') and r.retry_count < coalesce((r.policy ->> 'max_retries')::integer, s.max_retries, t.max_retries)
          and r.cancel_requested_at is null and s.status is distinct from 'cancelled' as again
      from unnest(run_ids, attempts, outcomes, outputs, errors, stacks, reasons, waits) i(id, attempt, outcome, output, error, stack, reason, wait)
      join chime.runs r on r.id = i.id and r.attempt = i.attempt
      left join chime.schedules s on s.id = r.schedule_id
      join chime.tenant_settings t on t.tenant_id = r.tenant_id
      where r.status = 'running' and i.outcome <> 'succeeded'
      for no key update of r
    ), decided as (
      select e.*,
        case
          when e.outcome = 'snoozed' and not e.unwanted then end_attempts.now + greatest(e.wait, c_shortest_snooze)
          when e.again then end_attempts.now + coalesce(e.wait, chime_private.retry_wait(e.id, e.retry_count + 1,
            e.retry_delay, e.retry_backoff, e.retry_max_delay))
        end as next_at
      from ended e
    ), recorded as (
      insert into chime.run_attempts (run_id, attempt, tenant_id, owner_id, worker_id, outcome, started_at, finished_at, error, error_stack, output)
      select d.id, d.attempt, d.tenant_id, d.owner_id, d.worker_id, case d.outcome when 'timed_out' then 'timed_out' else 'failed' end,
        d.started_at, end_attempts.now, d.problem, d.stack, case when d.again then d.written end
      from decided d
      where d.outcome in ('failed', 'gave_up', 'timed_out')
      on conflict do nothing
    )
    update chime.runs r set
      status = case
        when d.next_at is not null then 'retrying'
        when d.unwanted then 'cancelled'
        when d.outcome = 'gave_up' then 'failed'
        else d.outcome::text end::chime.run_status,
      worker_id = null, retry_at = d.next_at, retry_count = r.retry_count + d.again::integer,
      finished_at = case when d.next_at is null then end_attempts.now end,
      output = case when not d.again then d.written end,
      output_summary = case when not d.again then left(d.written, 500) end,
      error = d.problem, error_stack = d.stack,
      cancel_reason = case when d.unwanted then r.cancel_reason when d.outcome = 'cancelled' then d.reason end
    from decided d
    where r.id = d.id
    returning r.id, r.status, date_part('epoch', r.retry_at - end_attempts.now) * 1000,
      case when d.again then r.retry_count end, case when d.again then d.max_retries end;
  perform chime_private.wake_clock(min(r.retry_at)) from chime.runs r where r.id = any (run_ids) and r.retry_at is not null;
end $$;
comment on function chime_private.end_attempts is
  'Ends running attempts that did not succeed, arrays side by side: by the policy of its schedule, as it is now, a run that failed or '
  'timed out waits for a retry, after wait where that is given; one that is snoozed waits without spending any; one that somebody '
  'wants cancelled is. Steps of workflows have a policy of their own, runs without a schedule that of their tenant. Answers what became of each, how long it waits, which retry that is, and of how many.';
