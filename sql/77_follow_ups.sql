-- Follow-ups: what somebody is asked later, unless they have spoken before. Each is a schedule that fires once. Its time and the word of the
-- person race for the lock of the schedule's row: a clock leaves alone what is locked, and who speaks waits for a clock. Whoever commits
-- first has won. What was executed and is not sent yet (no worker, quiet hours) is withdrawn when the person speaks.

create or replace function chime_private.check_follow_up(message_template text, reason text, task text, payload jsonb) returns void
language plpgsql immutable
as $$
declare
  v_unknown text := (
    select m[1] from regexp_matches(left(message_template, 2001), '\{\{\s*([^{}]*?)\s*\}\}', 'g') m
    where m[1] not in ('person', 'reason') limit 1);
begin
  if task is not null and message_template is not null then
    perform chime_private.fail('CH007', 'A follow-up says message_template, or what its task makes: give one of them.', null, '{"field": "task"}');
  elsif task is null and payload is not null then
    perform chime_private.fail('CH007', 'A payload is for a task, and none is given.', null, '{"field": "payload"}');
  elsif task is null and (message_template is null or length(left(message_template, 2001)) not between 1 and 2000) then
    perform chime_private.fail('CH007', 'message_template must have 1 to 2000 characters.', null, '{"field": "message_template"}');
  elsif reason is null or length(btrim(left(reason, 501), E' \t\r\n')) not between 1 and 500 then
    perform chime_private.fail('CH007', 'reason must have 1 to 500 characters.', null, '{"field": "reason"}');
  elsif v_unknown is not null then
    perform chime_private.fail('CH007', format('There is no placeholder {{%s}} in a follow-up.', left(v_unknown, 80)),
      'There are {{person}}, the name of the person, and {{reason}}.', '{"field": "message_template"}');
  elsif payload is not null then
    perform chime_private.check_template(payload, 'payload');
  end if;
end $$;
comment on function chime_private.check_follow_up is 'Refuses a text, a task or a reason that a follow-up cannot have (CH007).';

create or replace function chime_private.check_follow_up_limit(mapping_id uuid, person_id uuid) returns void
language plpgsql volatile
as $$
declare
  v_limit integer := (chime_private.tenant_settings_of(chime.current_tenant())).follow_up_limit;
begin
  -- Whoever adds one to the same conversation waits, so that two do not both take the last place.
  perform chime_private.lock_key(chime.current_tenant(), 'follow_up:' || person_id || coalesce(':' || mapping_id, ''));
  if (select count(*) from chime.follow_ups f
      where f.person_id = check_follow_up_limit.person_id and f.channel_mapping_id is not distinct from mapping_id and f.status = 'pending') >= v_limit then
    perform chime_private.fail('CH013', format('There are %s follow-ups pending in this conversation, as many as there may be.', v_limit),
      'Cancel one of them, or raise follow_up_limit: see chime.set_tenant_settings.', jsonb_build_object('limit', v_limit));
  end if;
end $$;
comment on function chime_private.check_follow_up_limit is 'Refuses one more follow-up in a conversation that has as many as it may (CH013).';

create or replace function chime_private.follow_up_person(person_id uuid, mapping_id uuid) returns uuid
language plpgsql stable
as $$
declare
  v_person uuid := coalesce(person_id, (select m.user_id from chime.channel_mappings m where m.id = mapping_id), chime.current_user_id());
begin
  if v_person is null then
    perform chime_private.fail('CH007', 'There is nobody to follow up with.', 'Give channel_mapping_id, person_id, or act as a user.', '{"field": "person_id"}');
  elsif not exists (select from chime.users u where u.id = v_person and u.tenant_id = chime.current_tenant())
    -- Of others one would learn the name. Who has spoken in this conversation is known there.
    or not chime_private.may_see(v_person)
      and not exists (select from chime_private.conversations c where c.channel_mapping_id = mapping_id and c.person_id = v_person) then
    perform chime_private.fail('CH015', format('There is no user %s in this conversation.', v_person), 'See chime.users.');
  end if;
  return v_person;
end $$;
comment on function chime_private.follow_up_person is
  'Who is followed up with: the one given, else whose the conversation is, else the current user. Raises CH007, CH015.';

create or replace function chime.schedule_follow_up(
  follow_up_time text,
  message_template text default null,
  reason text default null,
  timezone text default null,
  channel_mapping_id uuid default null,
  person_id uuid default null,
  task text default null,
  payload jsonb default null,
  catch_up_window interval default '1 day'
) returns chime.follow_ups
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_id uuid := chime_private.new_id(v_now);
  v_schedule_id uuid;
  v_follow_up chime.follow_ups;
begin
  perform chime_private.check_follow_up(message_template, reason, task, payload);
  if follow_up_time is null then
    perform chime_private.fail('CH007', 'follow_up_time is missing: when is it said?', null, '{"field": "follow_up_time"}');
  end if;
  channel_mapping_id := coalesce(channel_mapping_id, chime_private.current_mapping());
  perform chime_private.check_destination(channel_mapping_id);
  person_id := chime_private.follow_up_person(person_id, channel_mapping_id);
  perform chime_private.check_follow_up_limit(channel_mapping_id, person_id);
  v_schedule_id := (chime.create_schedule(task => coalesce(task, 'remind'), at => follow_up_time, timezone => timezone,
    name => left(split_part(btrim(reason, E' \t\r\n'), E'\n', 1), 100),
    payload => case when task is null then jsonb_build_object('text', message_template) else payload end,
    catch_up_window => catch_up_window, channel_mapping_id => schedule_follow_up.channel_mapping_id)).id;
  update chime.schedules s set purpose = 'follow_up' where s.id = v_schedule_id;
  insert into chime.follow_ups (id, tenant_id, owner_id, schedule_id, channel_mapping_id, person_id, task, message_template, reason, created_at)
  select v_id, s.tenant_id, s.owner_id, s.id, s.channel_mapping_id, schedule_follow_up.person_id, s.task, schedule_follow_up.message_template,
    schedule_follow_up.reason, v_now
  from chime.schedules s where s.id = v_schedule_id
  returning * into v_follow_up;
  return v_follow_up;
end $$;
comment on function chime.schedule_follow_up is
  'Says message_template to a person at a time (an instant, or a wall-clock time in timezone, by default that of the tenant), unless they say anything in the conversation before: then it '
  'is cancelled. In place of a text, a task with a payload makes it, such as ask_llm. {{person}} and {{reason}}, in the text or the payload, are filled in when it is executed. The conversation is channel_mapping_id, else the one that the setting '
  'chime.session_id names, else the inbox of the current user, where their word anywhere counts. person_id says whose word counts; by default that of the '
  'user whose conversation it is, in a group anybody''s. If pgchime is away at its time, it is said later, up to catch_up_window after it, and cancelled (missed) after that. Its schedule may be changed, paused and deleted as any other. '
  'A conversation has follow_up_limit of them at once (see set_tenant_settings). Errors: CH003, CH004, CH005, CH006, CH007, CH013, CH015, CH018, CH041.';

create or replace function chime_private.judge_follow_up(r chime.runs) returns chime.runs
language plpgsql volatile
as $$
declare
  v_follow_up chime.follow_ups;
begin
  select * into v_follow_up from chime.follow_ups f where f.schedule_id = r.schedule_id for no key update;
  if v_follow_up.id is null then return r; end if;
  if r.status = 'skipped' then
    update chime.follow_ups f set status = 'cancelled', cancelled_at = r.created_at, cancel_reason = 'missed'
    where f.id = v_follow_up.id and f.status = 'pending' and r.skip_reason = 'missed';
    return r;
  end if;
  r.payload := chime_private.fill_template(r.payload,
    jsonb_build_object('person', coalesce((select u.name from chime.users u where u.id = v_follow_up.person_id), ''), 'reason', v_follow_up.reason),
    chime_private.placeholder('person|reason'));
  -- Run by hand before its time, it still waits for that.
  if r.trigger = 'schedule' then
    update chime.follow_ups f set status = 'executed', executed_at = r.created_at where f.id = v_follow_up.id and f.status = 'pending';
  end if;
  return r;
end $$;
comment on function chime_private.judge_follow_up is 'Fills in what the run of a follow-up says, and puts on record that its time came, or was missed.';

create or replace function chime_private.follow_up_unwanted(schedule_id uuid) returns text
language sql stable
as $$
  select case f.cancel_reason when 'client_responded' then 'The person has spoken first.' else 'It was taken back.' end
  from chime.follow_ups f where f.schedule_id = follow_up_unwanted.schedule_id and f.status = 'cancelled'
$$;
comment on function chime_private.follow_up_unwanted is 'Why a follow-up is not to be said any more; null where it is.';

create or replace function chime_private.heard_follow_ups(mapping_id uuid, person_id uuid, user_id uuid, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_schedule chime.schedules;
  v_status chime.follow_up_status;
begin
  for v_schedule in
    select s.* from chime.schedules s
    where s.id in (
      select f.schedule_id from chime.follow_ups f
      where f.person_id in (heard_follow_ups.person_id, heard_follow_ups.user_id) and f.status <> 'cancelled'
        and coalesce(f.channel_mapping_id, heard_follow_ups.mapping_id) = heard_follow_ups.mapping_id
        -- What has fired earlier than that has been said, or never will be.
        and coalesce(f.executed_at, 'infinity') > heard_follow_ups.now - interval '2 days')
    order by s.id
    for no key update
  loop
    -- It may have fired while this waited for the lock.
    select f.status into v_status from chime.follow_ups f where f.schedule_id = v_schedule.id for no key update;
    if v_status = 'pending' or v_status = 'executed' and chime_private.withdraw_run(v_schedule.id, 'The person has spoken first.', heard_follow_ups.now) then
      update chime.follow_ups f set status = 'cancelled', cancelled_at = heard_follow_ups.now, cancel_reason = 'client_responded'
      where f.schedule_id = v_schedule.id;
      if v_schedule.status in ('active', 'paused') then
        perform chime_private.stop_schedule(v_schedule, 'The person has spoken first.', null, heard_follow_ups.now);
      end if;
    end if;
  end loop;
end $$;
comment on function chime_private.heard_follow_ups is
  'Cancels the follow-ups of who has just spoken at a channel mapping, and withdraws those that were executed and are not sent yet.';

create or replace function chime_private.note_follow_up_stopped() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if new.status = 'cancelled' then
    update chime.follow_ups f set status = 'cancelled', cancelled_at = new.updated_at, cancel_reason = 'by_hand'
    where f.schedule_id = new.id and f.status = 'pending';
  else
    -- Restored. Who has spoken meanwhile is not asked again.
    update chime.follow_ups f set status = 'pending', cancelled_at = null, cancel_reason = null
    where f.schedule_id = new.id and f.status = 'cancelled' and f.cancel_reason = 'by_hand' and f.executed_at is null
      and not exists (select from chime.channel_mappings m where m.id = f.channel_mapping_id and m.heard_at > f.cancelled_at);
  end if;
  return null;
end $$;
comment on function chime_private.note_follow_up_stopped is 'Keeps a follow-up as its schedule is: cancelled, or restored.';

create or replace trigger schedules_of_follow_ups
  after update of status on chime.schedules
  for each row
  when (new.purpose = 'follow_up' and old.status <> new.status and (new.status = 'cancelled' or old.status = 'cancelled'))
  execute function chime_private.note_follow_up_stopped();
