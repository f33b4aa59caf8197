-- What became of a message, by what the channel has answered: the row, its mapping, and the limits of the channel.

create or replace function chime_private.retry_or_fail(d chime.deliveries, reason text, now timestamptz, wait interval default null) returns void
language plpgsql volatile
as $$
declare
  v_waits interval[] := (select c.retry_waits from chime_private.channels c where c.id = d.channel_id);
  v_wait interval := v_waits[d.failure_count + 1];
begin
  if v_wait is null then
    update chime.deliveries u set status = 'failed', failure_reason = reason, failure_count = u.failure_count + 1, finished_at = now,
      sender_id = null, claimed_until = null
    where u.id = d.id;
    return;
  end if;
  -- Up to a tenth more, so that what failed together is not tried again together.
  v_wait := greatest(wait, v_wait * (1 + 0.1 * ('x' || left(md5(d.id::text || d.failure_count), 8))::bit(32)::bigint / 4294967296.0));
  update chime.deliveries u set status = 'pending', failure_reason = reason, failure_count = u.failure_count + 1, due_at = now + v_wait,
    sender_id = null, claimed_until = null
  where u.id = d.id;
  perform chime_private.wake_clock(now + v_wait);
end $$;
comment on function chime_private.retry_or_fail is
  'Lets a message that was not sent wait for another attempt, as long as its channel says, at least `wait`; or gives it up, if it had all of them.';

create or replace function chime_private.move_mapping(m chime.channel_mappings, new_context_id text, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_other chime.channel_mappings;
begin
  select * into v_other from chime.channel_mappings o
  where o.tenant_id = m.tenant_id and o.channel_id = m.channel_id and o.channel_context_id = new_context_id and o.id <> m.id;
  if v_other.id is null then
    update chime.channel_mappings u set channel_context_id = new_context_id, updated_at = now where u.id = m.id;
    return;
  end if;
  -- It is mapped already: what was to go to the old name goes to that one.
  update chime.schedules s set channel_mapping_id = v_other.id, blocked_at = chime_private.blocked_at(s.task, v_other.id) where s.channel_mapping_id = m.id;
  update chime.event_handlers h set channel_mapping_id = v_other.id where h.channel_mapping_id = m.id;
  update chime.runs r set channel_mapping_id = v_other.id
  from chime_private.unfinished_runs u where r.id = u.run_id and r.channel_mapping_id = m.id;
  insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, part_count, status, due_at, held, urgent,
    purpose, output_hash, created_at)
  select chime_private.new_id(now), d.tenant_id, d.owner_id, d.run_id, d.schedule_id, v_other.id, d.channel_id, d.part, d.part_count, 'pending', d.due_at,
    d.held, d.urgent, d.purpose, d.output_hash, now
  from chime.deliveries d where d.channel_id = m.channel_id and d.channel_mapping_id = m.id and d.status = 'pending'
  on conflict do nothing;
  update chime.deliveries d set status = 'skipped', due_at = null, finished_at = now, skip_reason = format('The context is %s by now.', new_context_id)
  where d.channel_id = m.channel_id and d.channel_mapping_id = m.id and d.status = 'pending';
end $$;
comment on function chime_private.move_mapping is 'Gives a mapping the name that its context has by now; where another has it already, that one takes over.';

create or replace function chime_private.pause_sending(channel_id text, context_id text, whole_channel boolean, until timestamptz) returns void
language sql volatile
as $$
  insert into chime_private.send_pauses as p (channel_id, bucket, until)
  select c.id, case when whole_channel then '*' else coalesce((chime_private.buckets_of(c.limits, context_id))[1], context_id) end, pause_sending.until
  from chime_private.channels c where c.id = pause_sending.channel_id
  on conflict on constraint send_pauses_pkey do update set until = greatest(p.until, excluded.until)
$$;
comment on function chime_private.pause_sending is 'Keeps a channel, or what the narrowest of its limits counts together with this context, from being sent to for a time.';

create or replace function chime_private.record_sent(d chime.deliveries, external_id text, parts integer, now timestamptz) returns void
language plpgsql volatile
as $$
begin
  update chime.deliveries u set status = 'sent', external_id = left(record_sent.external_id, 500), part_count = coalesce(u.part_count, parts, 1),
    failure_reason = null, finished_at = now, sender_id = null, claimed_until = null
  where u.id = d.id;
  if d.part < coalesce(d.part_count, parts, 1) then
    -- Only now: a part never overtakes the one before, and what follows one that failed is not sent alone.
    insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, part_count, status, urgent,
      purpose, output_hash, tier, created_at)
    values (chime_private.new_id(now), d.tenant_id, d.owner_id, d.run_id, d.schedule_id, d.channel_mapping_id, d.channel_id, d.part + 1,
      coalesce(d.part_count, parts), 'pending', d.urgent, d.purpose, d.output_hash, d.tier, now)
    on conflict do nothing;
    perform pg_notify('chime_delivery', '');
  end if;
end $$;
comment on function chime_private.record_sent is 'Records the proof that a message was sent, and makes the next part of it, if there is one.';

create or replace function chime_private.finish_delivery(
  d chime.deliveries, outcome chime_private.send_outcome, external_id text, reason text, wait interval, parts integer, context_id text, whole_channel boolean, now timestamptz
) returns void
language plpgsql volatile
as $$
declare
  v_mapping chime.channel_mappings;
begin
  if outcome = 'sent' and external_id is not null then
    perform chime_private.record_sent(d, external_id, parts, now);
    return;
  elsif outcome in ('sent', 'unknown') then
    update chime.deliveries u set status = 'unknown', failure_reason = coalesce(reason, 'The channel has not said which message it became.'),
      finished_at = now, sender_id = null, claimed_until = null
    where u.id = d.id;
    return;
  elsif outcome = 'retry' then
    perform chime_private.retry_or_fail(d, reason, now, wait);
    return;
  elsif outcome = 'refused' then
    update chime.deliveries u set status = 'failed', failure_reason = reason, finished_at = now, sender_id = null, claimed_until = null where u.id = d.id;
    return;
  end if;
  -- All others may be sent after all, if its mapping is not blocked.
  update chime.deliveries u set status = 'pending', failure_reason = reason, tier = u.tier + (outcome = 'plainer')::integer,
    sender_id = null, claimed_until = null
  where u.id = d.id;
  select * into v_mapping from chime.channel_mappings m where m.id = d.channel_mapping_id for no key update;
  case outcome
    when 'blocked' then
      perform chime_private.set_mapping_status(v_mapping, 'blocked', reason);
      -- It was blocked before, and this one was on its way.
      update chime.deliveries u set status = 'skipped', skip_reason = chime_private.blocked_words(v_mapping), finished_at = now
      where u.id = d.id and u.status = 'pending';
    when 'degraded' then perform chime_private.set_mapping_status(v_mapping, 'degraded', reason) where v_mapping.status = 'active';
    when 'moved' then perform chime_private.move_mapping(v_mapping, context_id, now);
    when 'throttled' then perform chime_private.pause_sending(d.channel_id, v_mapping.channel_context_id, whole_channel, now + coalesce(wait, interval '5 seconds'));
    else null;
  end case;
  perform pg_notify('chime_delivery', '');
end $$;
comment on function chime_private.finish_delivery is 'What follows for a message, whose row the caller has locked, and its mapping, from how sending it ended.';

create or replace function chime_private.finish_deliveries(reports jsonb) returns uuid[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
as $$
declare
  v_now timestamptz := chime.now();
  v_report record;
  v_delivery chime.deliveries;
  v_recorded uuid[] := '{}';
begin
  for v_report in
    select * from jsonb_to_recordset(reports) r(id uuid, attempt integer, outcome chime_private.send_outcome, external_id text, reason text,
      wait_ms double precision, parts integer, context_id text, whole_channel boolean)
    order by r.id
  loop
    update chime_private.sends s set ended_at = v_now where s.delivery_id = v_report.id and s.attempt = v_report.attempt and s.ended_at is null;
    select * into v_delivery from chime.deliveries d
    where d.id = v_report.id and d.attempt = v_report.attempt
      -- The proof that it was sent is welcome late, too.
      and (d.status = 'sending' or d.status = 'unknown' and v_report.outcome = 'sent')
    for no key update;
    continue when v_delivery.id is null;
    perform chime_private.finish_delivery(v_delivery, v_report.outcome, v_report.external_id, left(v_report.reason, 500),
      make_interval(secs => v_report.wait_ms / 1000), v_report.parts, v_report.context_id, coalesce(v_report.whole_channel, false), v_now);
    v_recorded := v_recorded || v_report.id;
  end loop;
  return v_recorded;
end $$;
comment on function chime_private.finish_deliveries is
  'Records what became of messages: an array of {id, attempt, outcome, external_id, reason, wait_ms, parts, context_id, whole_channel}. Answers the ids of '
  'those that are recorded: an attempt that is not the current one changes nothing. May be sent again.';

create or replace function chime_private.announce_inbox() returns trigger
language plpgsql
as $$
begin
  perform pg_notify('chime_inbox', json_build_object('user_id', new.owner_id, 'delivery_id', new.id)::text);
  return null;
end $$;
comment on function chime_private.announce_inbox is 'Tells who looks at an inbox that something has come in.';

create or replace trigger deliveries_in_inbox
  after update of status on chime.deliveries
  for each row
  when (new.status = 'sent' and old.status <> 'sent' and new.channel_id = 'web')
  execute function chime_private.announce_inbox();
