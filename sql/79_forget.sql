-- Forgetting a person: all that is theirs or about them goes, in one transaction; what stays is a row of chime.users that says no more than
-- that there was somebody, and sums in which nobody is seen. Locks are taken in the order in which others take them: the places (hear), then
-- meetings and schedules (ticks), then the user, then runs (workers) and deliveries. Whoever was about to write something of theirs at that moment is
-- refused by triggers (79_forgotten.sql); what came by another way goes with the pass over the history: see forget_again.

create or replace function chime_private.lock_person(user_id uuid) returns chime.users
language plpgsql volatile
as $$
declare
  v_user chime.users;
begin
  -- No more than hear takes: a worker that has just written a delivery to one of them goes on.
  perform from chime.channel_mappings m where m.user_id = lock_person.user_id order by m.id for no key update;
  -- Meetings before the schedules that remind of them, as whoever moves one.
  perform from chime.meetings m where m.owner_id = lock_person.user_id order by m.id for update;
  perform from chime.schedules s
  where s.owner_id = lock_person.user_id or s.id in (select f.schedule_id from chime.follow_ups f where f.person_id = lock_person.user_id)
  order by s.id for update;
  -- From here on nothing new can refer to them: foreign keys wait.
  select * into v_user from chime.users u where u.id = lock_person.user_id for update;
  return v_user;
end $$;
comment on function chime_private.lock_person is 'Locks a person, their places, and the schedules that are theirs or about them.';

create or replace function chime_private.erase_runs(run_ids uuid[], now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  v_slots text[];
begin
  if run_ids = '{}' then return 0; end if;
  perform from chime.runs r where r.id = any (run_ids) and r.finished_at is null order by r.id for update;
  v_slots := array(
    select distinct s from chime.runs r, unnest(chime_private.slots_of(r)) s where r.id = any (run_ids) and r.finished_at is null);
  insert into chime_private.forgotten_runs (run_id, worker_id, until)
  select r.id, r.worker_id, greatest(r.deadline_at, erase_runs.now) + interval '1 hour' from chime.runs r where r.id = any (run_ids) and r.status = 'running'
  on conflict do nothing;
  perform pg_notify('chime_worker', w.worker_id::text) from (select distinct f.worker_id from chime_private.forgotten_runs f where f.run_id = any (run_ids)) w;
  -- Their slots become free, and those that wait for them go on.
  update chime.runs r set status = 'cancelled', finished_at = erase_runs.now, worker_id = null, retry_at = null, waits_for = null, cancel_requested_at = erase_runs.now
  where r.id = any (run_ids) and r.finished_at is null;
  delete from chime_private.unfinished_runs u where u.run_id = any (run_ids);
  delete from chime_private.slot_runs s where s.run_id = any (run_ids);
  delete from chime_private.freed_slots f where f.slot = any (v_slots) and not exists (select from chime_private.slot_runs h where h.slot = f.slot);
  delete from chime.late_ends l where l.run_id = any (run_ids);
  delete from chime_private.failed_ends f where f.run_id = any (run_ids);
  return chime_private.remove_runs(run_ids);
end $$;
comment on function chime_private.erase_runs is
  'Removes runs with all that they have left, also those that are not finished: workers are told to end them, and nothing of what they still say is written. Answers how many.';

create or replace function chime_private.erase_runs_of(u chime.users, schedule_ids uuid[], now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  c_most constant integer := 5000;
  v_last uuid := '00000000-0000-0000-0000-000000000000';
  v_ids uuid[];
  v_count integer;
begin
  -- All that are not finished at once, so that no workflow goes on when a step of it ends.
  v_count := chime_private.erase_runs(array(
    select r.id from chime_private.unfinished_runs n join chime.runs r on r.id = n.run_id
    where r.owner_id = u.id or r.schedule_id = any (schedule_ids)), now);
  v_count := v_count + chime_private.erase_runs(array(select r.id from chime.runs r where r.schedule_id = any (schedule_ids)), now);
  loop
    v_ids := array(select r.id from chime.runs r where r.owner_id = u.id and r.id > v_last order by r.id limit c_most);
    exit when v_ids = '{}';
    v_last := v_ids[cardinality(v_ids)];
    v_count := v_count + chime_private.erase_runs(v_ids, now);
  end loop;
  return v_count;
end $$;
comment on function chime_private.erase_runs_of is 'Removes the runs that a person owns, and those of schedules that are about them; answers how many.';

create or replace function chime_private.erase_events_of(u chime.users, schedule_ids uuid[], now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  c_most constant integer := 5000;
  v_ids uuid[];
  v_count integer := 0;
begin
  loop
    v_ids := array(select e.id from chime.events e where e.owner_id = u.id limit c_most)
      -- Of all of a tenant, and it names theirs.
      || array(
        select e.id from chime.events e, jsonb_array_elements(case jsonb_typeof(e.payload -> 'schedules') when 'array' then e.payload -> 'schedules' else '[]' end) s
        where e.tenant_id = u.tenant_id and e.name = 'chime.schedule.late' and s ->> 'schedule_id' = any (schedule_ids::text[]));
    exit when v_ids = '{}';
    -- Whoever answered them has their words.
    perform chime_private.erase_runs(array(select r.id from chime.runs r where r.event_id = any (v_ids)), now);
    delete from chime_private.event_waits w where w.event_id = any (v_ids);
    delete from chime.events e where e.id = any (v_ids);
    v_count := v_count + cardinality(v_ids);
  end loop;
  return v_count;
end $$;
comment on function chime_private.erase_events_of is
  'Removes the events that a person has raised, or that are about schedules of theirs, with the runs that answered them; answers how many.';

create or replace function chime_private.erase_schedules(u chime.users, schedule_ids uuid[], now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  v_count integer;
begin
  delete from chime.schedule_revisions r where r.tenant_id = u.tenant_id and r.schedule_id = any (schedule_ids);
  delete from chime.schedule_revisions r where r.owner_id = u.id;
  delete from chime.late_ends l where l.schedule_id = any (schedule_ids) or l.owner_id = u.id;
  delete from chime.schedule_totals t where t.schedule_id = any (schedule_ids);
  delete from chime_private.failing_schedules f where f.schedule_id = any (schedule_ids);
  delete from chime_private.failed_ends f where f.schedule_id = any (schedule_ids);
  delete from chime.schedules s where s.id = any (schedule_ids) and not exists (select from chime.runs r where r.schedule_id = s.id);
  get diagnostics v_count = row_count;
  -- It was somebody else's before, who keeps the runs of that time: what is left is what they are runs of.
  update chime.schedules s set owner_id = null, key = null, name = s.task, description = null, payload = '{}', tags = '{}', concurrency_key = null,
    channel_mapping_id = null, purpose = null, status = 'cancelled', status_reason = null, next_run_at = null, next_due_at = null, paused_at = null, paused_until = null,
    paused_by = null, deleted_at = coalesce(s.deleted_at, erase_schedules.now), updated_at = erase_schedules.now
  where s.id = any (schedule_ids);
  return v_count;
end $$;
comment on function chime_private.erase_schedules is 'Removes schedules, whose runs are gone, with all that hangs on them; answers how many.';

create or replace function chime_private.erase_talk(u chime.users) returns integer
language plpgsql volatile
as $$
declare
  v_contexts text[] := array(
    select m.channel_id || ':' || m.channel_context_id from chime.channel_mappings m where m.user_id = u.id
    union select u.subject where u.subject ~ '^[a-z][a-z0-9_]{0,31}:.');
  v_chats text[] := array(select distinct split_part(c, ':', 1) || ':' || split_part(c, ':', 2) from unnest(v_contexts) c);
  v_lanes text[] := array(select split_part(c, ':', 2) from unnest(v_chats) c where c like 'telegram:%');
  v_count integer;
begin
  delete from chime_private.replies r
  where r.channel_id || ':' || split_part(r.lane, ':', 1) = any (v_chats)
    or (r.bot_id, r.update_id) in (select p.bot_id, p.update_id from chime_private.updates p where p.lane = any (v_lanes));
  -- Where the bot was asked for it, the update that asks is one of them, and the next ones are of somebody new.
  if coalesce(current_setting('chime.surface', true), '') <> 'bot' then
    delete from chime_private.updates p where p.lane = any (v_lanes) and p.handled_at is null;
  end if;
  -- That they were handled is still to be known: Telegram may repeat them.
  update chime_private.updates p set lane = 'forgotten', error = null where p.lane = any (v_lanes) and p.handled_at is not null;
  delete from chime_private.sends s using chime_private.channels c, unnest(v_contexts) x
  where c.id = split_part(x, ':', 1) and s.channel_id = c.id
    and s.buckets && array(select b from unnest(chime_private.buckets_of(c.limits, substr(x, length(c.id) + 2))) b where b like '%:%');
  delete from chime_private.send_pauses p using chime_private.channels c, unnest(v_contexts) x
  where c.id = split_part(x, ':', 1) and p.channel_id = c.id
    and p.bucket in (substr(x, length(c.id) + 2), (chime_private.buckets_of(c.limits, substr(x, length(c.id) + 2)))[1]) and p.bucket <> '*';
  delete from chime_private.conversations c
  where c.person_id = u.id or c.channel_mapping_id in (select m.id from chime.channel_mappings m where m.user_id = u.id);
  get diagnostics v_count = row_count;
  delete from chime_private.schedule_authors a where a.person_id = u.id;
  delete from chime_private.groups g where g.user_id = u.id;
  return v_count;
end $$;
comment on function chime_private.erase_talk is 'Removes what a person and the bot have said to each other, as far as it is there; answers how many conversations they had.';

create or replace function chime_private.erase_places(u chime.users, now timestamptz) returns integer
language plpgsql volatile
as $$
declare
  c_reason constant text := 'The person is forgotten.';
  v_mapping chime.channel_mappings;
  v_count integer := 0;
begin
  delete from chime.webhooks w where w.owner_id = u.id or w.id in (select m.id from chime.channel_mappings m where m.user_id = u.id);
  for v_mapping in select * from chime.channel_mappings m where m.user_id = u.id order by m.id loop
    delete from chime_private.channel_sessions s where s.tenant_id = v_mapping.tenant_id and s.channel_mapping_id = v_mapping.id;
    -- What others have sent there refers to it: it stays, and leads nowhere.
    update chime.channel_mappings m set user_id = null, channel_context_id = 'forgotten:' || m.id, session_id = null, status = 'active', status_reason = null,
      live_until = null, heard_at = null, updated_at = erase_places.now
    where m.id = v_mapping.id
    returning * into v_mapping;
    perform chime_private.set_mapping_status(v_mapping, 'blocked', c_reason);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
comment on function chime_private.erase_places is 'Takes away where a person is reached; answers how many places that were.';

create or replace function chime_private.erase_names(u chime.users) returns void
language plpgsql volatile
as $$
declare
  c_nobody constant text := 'forgotten';
  -- A name that others have, too, says nothing of them.
  v_names constant text[] := array(
    select left(n, 200) from unnest(array[u.subject, u.name]) n
    where not exists (select from chime.users o where o.tenant_id = u.tenant_id and o.id <> u.id and n in (o.name, o.subject)));
begin
  update chime.schedules s set paused_by = c_nobody where s.tenant_id = u.tenant_id and s.paused_by = any (v_names);
  update chime.schedule_revisions r set actor = case when r.actor = any (v_names) then c_nobody else r.actor end,
    before = case when r.before ->> 'paused_by' = any (v_names) then r.before || jsonb_build_object('paused_by', c_nobody) else r.before end,
    after = case when r.after ->> 'paused_by' = any (v_names) then r.after || jsonb_build_object('paused_by', c_nobody) else r.after end
  where r.tenant_id = u.tenant_id and (r.actor = any (v_names) or r.before ->> 'paused_by' = any (v_names) or r.after ->> 'paused_by' = any (v_names));
  update chime.events e set actor = c_nobody where e.tenant_id = u.tenant_id and e.actor = any (v_names);
  update chime.api_tokens k set created_by = c_nobody where k.tenant_id = u.tenant_id and k.created_by = any (v_names);
end $$;
comment on function chime_private.erase_names is 'Takes the name of a person out of what is on record of others.';

create or replace function chime_private.erase_person(user_id uuid, now timestamptz) returns jsonb
language plpgsql volatile
as $$
declare
  c_actor constant text := coalesce(current_setting('chime.actor', true), '');
  v_user chime.users := chime_private.lock_person(user_id);
  v_about uuid[];
  v_schedules uuid[];
  v_counts jsonb;
begin
  -- For the triggers that keep what is on record: chime_private.refuse_revision_change, note_revision, users_stay_forgotten.
  perform set_config('chime.forgetting', 'on', true), set_config('chime.actor', 'pgchime', true);
  v_about := array(select f.schedule_id from chime.follow_ups f where f.person_id = v_user.id);
  v_schedules := v_about || array(select s.id from chime.schedules s where s.owner_id = v_user.id and s.id <> all (v_about));
  v_counts := jsonb_build_object(
    'deliveries', (select count(*) from chime.deliveries d where d.owner_id = v_user.id),
    'follow_ups', (select count(*) from chime.follow_ups f where f.person_id = v_user.id or f.owner_id = v_user.id),
    'meetings', (select count(*) from chime.meetings m where m.owner_id = v_user.id),
    'calendar_feeds', (select count(*) from chime.calendar_feeds f where f.user_id = v_user.id),
    'check_ins', (select count(*) from chime.check_ins c where c.user_id = v_user.id),
    'event_handlers', (select count(*) from chime.event_handlers h where h.owner_id = v_user.id),
    'api_tokens', (select count(*) from chime.api_tokens k where k.tenant_id = v_user.tenant_id and k.user_id = v_user.id),
    'webhooks', (select count(*) from chime.webhooks w where w.owner_id = v_user.id));
  delete from chime.follow_ups f where f.person_id = v_user.id or f.owner_id = v_user.id;
  delete from chime.meetings m where m.owner_id = v_user.id;
  delete from chime.calendar_feeds f where f.user_id = v_user.id;
  v_counts := v_counts || jsonb_build_object('runs', chime_private.erase_runs_of(v_user, v_about, erase_person.now));
  v_counts := v_counts || jsonb_build_object('events', chime_private.erase_events_of(v_user, v_schedules, erase_person.now));
  delete from chime.deliveries d where d.owner_id = v_user.id;
  delete from chime.check_ins c where c.user_id = v_user.id;
  delete from chime_private.event_waits w using chime.event_handlers h where h.id = w.handler_id and h.owner_id = v_user.id;
  delete from chime.event_handlers h where h.owner_id = v_user.id;
  delete from chime.api_tokens k where k.tenant_id = v_user.tenant_id and k.user_id = v_user.id;
  v_counts := v_counts || jsonb_build_object(
    'schedules', chime_private.erase_schedules(v_user, v_schedules, erase_person.now),
    'conversations', chime_private.erase_talk(v_user));
  perform chime_private.erase_names(v_user) where v_user.status <> 'forgotten';
  update chime.users u set status = 'forgotten', subject = 'forgotten:' || u.id, name = null, locale = null, timezone = null, quiet_from = null, quiet_until = null,
    own_quiet_hours = default, morning_at = default, evening_at = default, preferred_message_time = null, check_in_days = null, check_in_silence = null,
    onboarded_at = null, preferred_channels = default, place = null, context = default,
    updated_at = case u.status when 'forgotten' then u.updated_at else erase_person.now end
  where u.id = v_user.id;
  v_counts := v_counts || jsonb_build_object('channel_mappings', chime_private.erase_places(v_user, erase_person.now));
  perform set_config('chime.forgetting', '', true), set_config('chime.actor', c_actor, true);
  return v_counts;
end $$;
comment on function chime_private.erase_person is 'Removes all that is of a person or about them; answers how much of what that was. Doing it again removes what has come since.';

create or replace function chime.forget_person(user_id uuid default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return chime_private.erase_person(chime_private.whose_settings(user_id), chime.now());
end $$;
comment on function chime.forget_person is
  'Forgets a person (the current user, if none is given), for good and at once: their schedules and runs with all of their output, deliveries, follow-ups by them and about '
  'them, check-ins, meetings, calendar feeds, events with the runs that answered them, handlers, tokens, webhooks, conversations, where they are reached, who they are and what is remembered of them. What stays is a row that says that '
  'there was somebody, and sums of what ran. Runs that are being executed are told to end, and nothing of them is kept. Who comes back is somebody new. Answers how '
  'much of what was removed. For the person, and for administrators; export_person tells before what there is. Errors: CH015.';

create or replace function chime_private.forget_again(now timestamptz) returns void
language plpgsql volatile
as $$
begin
  delete from chime_private.forgotten_runs f where f.until < forget_again.now;
  perform chime_private.erase_person(u.id, forget_again.now)
  from (select o.id from chime.users o where o.status = 'forgotten' and o.updated_at > forget_again.now - interval '1 day' order by o.id) u;
end $$;
comment on function chime_private.forget_again is
  'Removes what was written of people at the very moment at which they were forgotten, by whoever had asked before who they are: an event that nobody answered, for one.';
