-- From a run that has ended to its deliveries, in the same transaction: who is told, where, and whether at all. One statement for all
-- runs of a batch. Runs without owner and destination do not come here: what finish_runs sees of them in their row says so.

create or replace function chime_private.output_hash(r chime.runs) returns bytea
language sql immutable
as $$ select decode(md5(concat_ws(chr(1), r.status = 'succeeded', coalesce(r.output, r.error))), 'hex') $$;
comment on function chime_private.output_hash is 'What there is to tell of a run, in sixteen bytes.';

create or replace function chime_private.last_told_hash(schedule_id uuid, before uuid) returns bytea
language sql stable
as $$
  select d.output_hash from chime.deliveries d
  where d.schedule_id = last_told_hash.schedule_id and d.run_id < before and d.status not in ('failed', 'skipped')
  order by d.run_id desc limit 1
$$;
comment on function chime_private.last_told_hash is 'What was last told of a schedule before this run, or is about to be.';

create or replace function chime_private.failed_before(schedule_id uuid, before uuid) returns boolean
language sql stable
as $$
  select coalesce((
    select n.status in ('failed', 'timed_out')
    from (select r.id, r.status from chime.runs r where r.schedule_id = failed_before.schedule_id and r.id < before order by r.id desc limit 1000) n
    where n.status in ('succeeded', 'failed', 'timed_out')
    order by n.id desc limit 1), false)
$$;
comment on function chime_private.failed_before is 'Whether the last run of a schedule before this one that came to an end of its own failed.';

create or replace function chime_private.untold(r chime.runs, deliver chime.deliver_policy) returns text
language sql stable
as $$
  select case
    when r.silent_reason is not null then 'Its task has nothing to say: ' || r.silent_reason
    -- Asked to end when its task was at work already.
    when r.purpose is not null and r.cancel_requested_at is not null then coalesce(r.cancel_reason, 'Somebody has cancelled it.')
    when r.purpose is not null and r.status <> 'succeeded' then 'It has failed, and there is nothing to say.'
    when deliver = 'on_failure' and r.status = 'succeeded' then 'It has succeeded, and only failures are told of.'
    when deliver = 'on_change' and chime_private.output_hash(r) = chime_private.last_told_hash(r.schedule_id, r.id)
      then 'It says what the last delivery said.'
    when deliver = 'on_recovery' and r.status = 'succeeded' and not chime_private.failed_before(r.schedule_id, r.id)
      then 'It has succeeded, as the run before did.'
  end
$$;
comment on function chime_private.untold is 'Why nobody need be told of a run, by the policy of its schedule or by its own word; null where somebody is.';

create or replace function chime_private.plan_deliveries(run_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_wake boolean;
  v_due timestamptz;
begin
  -- The inbox of an owner who has had nothing delivered yet. Seldom, so it is looked for in a way that writes nothing.
  perform chime_private.ensure_mapping(o.tenant_id, 'web', o.owner_id::text, o.owner_id)
  from (
    select distinct r.tenant_id, r.owner_id from unnest(run_ids) i(id) join chime.runs r on r.id = i.id where r.owner_id is not null
  ) o
  -- Looked up one by one, by the key: joined, all inboxes of the tenant would be read for a few.
  where (select u.id from chime.users u where u.id = o.owner_id limit 1) is not null
    and (select m.id from chime.channel_mappings m where m.tenant_id = o.tenant_id and m.channel_id = 'web' and m.channel_context_id = o.owner_id::text limit 1) is null;
  with told as materialized (
    select r as run, chime_private.untold(r, coalesce(s.deliver, h.deliver, 'always')) as reason
    from unnest(run_ids) i(id)
    join chime.runs r on r.id = i.id
    left join chime.schedules s on s.id = r.schedule_id
    left join chime.event_handlers h on h.id = r.event_handler_id
    -- What somebody cancelled or left out is no news to tell.
    where r.status in ('succeeded', 'failed', 'timed_out') and coalesce(s.deliver, h.deliver, 'always') <> 'never'
  ), placed as (
    select t.run, m.id as mapping_id, m.channel_id,
      coalesce(t.reason, case when m.status = 'blocked' then chime_private.blocked_words(m) end) as reason,
      case when (t.run).priority <> 'critical' then chime_private.quiet_until(coalesce(m.user_id, (t.run).owner_id), v_now) end as quiet_until
    from told t
    cross join lateral (
      select * from chime.channel_mappings c where c.id = (t.run).channel_mapping_id
      union all
      -- Nowhere else, or not there any more: the inbox of its owner, and wherever the owner looks on.
      select c.* from chime.channel_mappings c
      where c.user_id = (t.run).owner_id and c.tenant_id = (t.run).tenant_id and c.id is distinct from (t.run).channel_mapping_id
        and (c.channel_id = 'web' and c.channel_context_id = (t.run).owner_id::text or c.live_until > v_now and t.reason is null)
        and not exists (select from chime.channel_mappings d where d.id = (t.run).channel_mapping_id and d.status <> 'blocked')
    ) m
  ), planned as (
    insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, status, skip_reason, due_at, held, urgent,
      purpose, output_hash, created_at, finished_at)
    select chime_private.new_id(v_now), (p.run).tenant_id, (p.run).owner_id, (p.run).id, (p.run).schedule_id, p.mapping_id, p.channel_id,
      case when p.reason is null then 'pending' else 'skipped' end::chime.delivery_status, left(p.reason, 500),
      case when p.reason is null then p.quiet_until end, p.reason is null and p.quiet_until is not null, (p.run).priority = 'critical',
      (p.run).purpose, chime_private.output_hash(p.run), v_now, case when p.reason is not null then v_now end
    from placed p
    on conflict do nothing
    returning status, due_at
  )
  select bool_or(p.status = 'pending' and p.due_at is null), min(p.due_at) into v_wake, v_due from planned p;
  if v_wake then perform pg_notify('chime_delivery', ''); end if;
  perform chime_private.wake_clock(v_due);
end $$;
comment on function chime_private.plan_deliveries is
  'Writes the deliveries of runs that have just ended, one for each place where somebody is told, and one that is skipped where nobody need be. '
  'May be called again for the same runs.';

create or replace function chime_private.plan_of_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform chime_private.plan_deliveries(array[new.id]);
  return null;
end $$;
comment on function chime_private.plan_of_end is 'Writes the deliveries of a run that did not end in finish_runs: one that failed, in whatever way, or a workflow.';

create or replace trigger runs_told_of
  after update of finished_at on chime.runs
  for each row
  when (old.finished_at is null and new.finished_at is not null
    and (new.status in ('failed', 'timed_out') or new.status = 'succeeded' and new.steps is not null)
    and (new.owner_id is not null or new.channel_mapping_id is not null) and new.trigger not in ('backfill', 'workflow'))
  execute function chime_private.plan_of_end();
