-- Check-ins that are due. Whether one is wanted at this moment is decided when it fires, and put on record in chime.check_ins; a unique
-- index sees to it that there is one a day. What may have come up since is asked when its run begins, and when it is about to be sent.

-- Where a person is written to. The inbox is there for everybody; a terminal only while it is open, and a webhook is a program.
create or replace function chime_private.places_of(user_id uuid) returns setof chime.channel_mappings
language sql stable rows 3
as $$
  select m.* from chime.channel_mappings m join chime.users u on u.id = m.user_id
  where m.user_id = places_of.user_id and (m.channel_id not in ('web', 'terminal', 'webhook') or m.channel_id = any (u.preferred_channels))
  order by array_position(u.preferred_channels, m.channel_id) nulls last, m.heard_at desc nulls last, m.id
$$;
comment on function chime_private.places_of is 'The places where a person is written to, blocked ones too, the best first.';

create or replace function chime_private.messaged_on(user_id uuid, day date, zone text) returns boolean
language plpgsql stable
as $$
begin
  return exists (
      select from chime.check_ins c
      where c.user_id = messaged_on.user_id and c.skip_reason is null and c.created_at > (messaged_on.day - 2)::timestamp at time zone 'UTC'
        -- By the day for which it counted, and by the day that it was where they are now: who changes zones gets no second one on either.
        and (c.day = messaged_on.day or (c.created_at at time zone zone)::date = messaged_on.day))
    or exists (
      select from chime.follow_ups f
      where f.person_id = messaged_on.user_id and f.status = 'executed'
        and f.executed_at >= messaged_on.day::timestamp at time zone zone and f.executed_at < (messaged_on.day + 1)::timestamp at time zone zone);
end $$;
comment on function chime_private.messaged_on is 'Whether somebody had a check-in or a follow-up on a day of theirs.';

create or replace function chime_private.spoke_recently(user_id uuid, silence interval, now timestamptz) returns boolean
language plpgsql stable
as $$
begin
  return silence is not null and exists (
    select from chime.channel_mappings m where m.user_id = spoke_recently.user_id and m.heard_at > spoke_recently.now - silence);
end $$;
comment on function chime_private.spoke_recently is 'Whether a person has said something so short a time ago; null asks for nothing.';

create or replace function chime_private.judge_check_in(r chime.runs) returns chime.runs
language plpgsql volatile
as $$
declare
  v record;
  v_day date;
  v_reason text;
begin
  select u.status, u.onboarded_at, coalesce(u.timezone, t.timezone) as zone, coalesce(u.check_in_silence, t.check_in_silence) as silence, t.check_in_window,
    u.own_quiet_hours and u.quiet_from is not null or not u.own_quiet_hours and t.quiet_from is not null as may_be_quiet,
    p.best, p.number > 0 and p.best is null as is_unreachable
  into v
  from chime.users u
  join chime.tenant_settings t on t.tenant_id = u.tenant_id
  cross join lateral (
    select (array_agg(m.id order by m.place) filter (where m.status <> 'blocked'))[1] as best, count(*) as number
    from (select m.id, m.status, row_number() over () as place from chime_private.places_of(u.id) m) m) p
  where u.id = r.owner_id;
  if r.status = 'queued' then r.channel_mapping_id := v.best; end if;
  -- Who runs it by hand wants it now, whatever there was.
  if r.trigger <> 'schedule' or r.status = 'skipped' and r.skip_reason <> 'missed' then return r; end if;
  v_day := (r.scheduled_for at time zone v.zone)::date;
  v_reason := case
    when r.status = 'skipped' then 'late'
    when v.status <> 'active' then 'blocked'
    when v.onboarded_at is null then 'not_onboarded'
    when v.is_unreachable then 'unreachable'
    when chime_private.messaged_on(r.owner_id, v_day, v.zone) then 'messaged_today'
    when v.may_be_quiet and chime_private.quiet_until(r.owner_id, r.created_at) is not null then 'quiet_hours'
    when chime_private.spoke_recently(r.owner_id, v.silence, r.created_at) then 'spoke_recently'
    when r.created_at > r.scheduled_for + v.check_in_window then 'late'
  end;
  insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, channel_mapping_id, skip_reason, created_at)
  values (chime_private.new_id(r.created_at), r.tenant_id, r.owner_id, r.schedule_id, r.id, v_day, r.scheduled_for,
    case when v_reason is null then r.channel_mapping_id end, v_reason, r.created_at)
  on conflict do nothing;
  if not found and v_reason is null and not exists (select from chime.check_ins c where c.run_id = r.id) then
    -- The index knows of one that nobody could see a moment ago.
    v_reason := 'messaged_today';
    insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, skip_reason, created_at)
    values (chime_private.new_id(r.created_at), r.tenant_id, r.owner_id, r.schedule_id, r.id, v_day, r.scheduled_for, v_reason, r.created_at);
  end if;
  return case when v_reason is null or r.status = 'skipped' then r else chime_private.unwanted(r) end;
end $$;
comment on function chime_private.judge_check_in is
  'Decides whether a check-in that is due is wanted, puts that on record, and says where it goes: to the best place that can be reached, else the inbox.';

create or replace function chime_private.skip_check_in(run_id uuid, reason text) returns void
language sql volatile
as $$ update chime.check_ins c set skip_reason = reason, channel_mapping_id = null where c.run_id = skip_check_in.run_id and c.skip_reason is null $$;
comment on function chime_private.skip_check_in is 'Puts on record that a check-in that was to be sent is not.';

create or replace function chime_private.late_obstacle(user_id uuid, status chime.user_status, may_be_quiet boolean, silence interval, now timestamptz) returns text
language plpgsql stable
as $$
begin
  return case when status <> 'active' then 'blocked' when may_be_quiet and chime_private.quiet_until(user_id, now) is not null then 'quiet_hours'
    when chime_private.spoke_recently(user_id, silence, now) then 'spoke_recently' end;
end $$;
comment on function chime_private.late_obstacle is 'What may have come up since a check-in was decided on.';

create or replace function chime_private.check_in_unwanted(run_id uuid, now timestamptz) returns text
language plpgsql volatile
as $$
declare
  v record;
  v_reason text;
begin
  select c.day, u.id as user_id, u.status, coalesce(u.timezone, t.timezone) as zone, coalesce(u.check_in_silence, t.check_in_silence) as silence,
    case when u.own_quiet_hours then u.quiet_from else t.quiet_from end is not null as may_be_quiet
  into v
  from chime.check_ins c join chime.users u on u.id = c.user_id join chime.tenant_settings t on t.tenant_id = u.tenant_id
  where c.run_id = check_in_unwanted.run_id and c.skip_reason is null;
  -- Run by hand, or decided already.
  if v.user_id is null then return null; end if;
  v_reason := coalesce(chime_private.late_obstacle(v.user_id, v.status, v.may_be_quiet, v.silence, now),
    -- However long the sending takes, nobody gets it the day after.
    case when (now at time zone v.zone)::date > v.day then 'late' end);
  if v_reason is null then return null; end if;
  perform chime_private.skip_check_in(run_id, v_reason);
  return chime_private.check_in_words(v_reason);
end $$;
comment on function chime_private.check_in_unwanted is 'Why a check-in that is about to be sent is not wanted any more, which is put on record; null where it is.';

create or replace function chime_private.check_in_words(reason text) returns text
language sql immutable parallel safe
as $$
  select case reason
    when 'late' then 'It came too late.'
    when 'blocked' then 'The person is blocked.'
    when 'quiet_hours' then 'The person is in their quiet hours.'
    when 'spoke_recently' then 'The person has said something a short time before.' end
$$;
comment on function chime_private.check_in_words is 'A reason why a check-in that was decided on is skipped after all, in words.';

create or replace function chime_private.person_of(run_id uuid, attempt integer) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
  -- As start_runs: to plan it for each call, over all weeks, takes longer than to do it.
  set plan_cache_mode = force_generic_plan
as $$
declare
  v_now timestamptz := chime.now();
  v record;
  v_reason text;
begin
  select r.purpose = 'check_in' and r.trigger = 'schedule' as is_planned, r.scheduled_for, u.id as user_id, u.status, u.name, u.locale, u.place, u.context,
    coalesce(u.timezone, t.timezone) as zone, coalesce(u.check_in_silence, t.check_in_silence) as silence, t.check_in_window,
    case when u.own_quiet_hours then u.quiet_from else t.quiet_from end is not null as may_be_quiet
  into v
  from chime.runs r join chime.users u on u.id = r.owner_id join chime.tenant_settings t on t.tenant_id = u.tenant_id
  where r.id = person_of.run_id and r.attempt = person_of.attempt and r.status = 'running';
  if v.user_id is null then return null; end if;
  if v.is_planned then
    v_reason := case
      when v_now > v.scheduled_for + v.check_in_window then 'late'
      else chime_private.late_obstacle(v.user_id, v.status, v.may_be_quiet, v.silence, v_now) end;
    perform chime_private.skip_check_in(person_of.run_id, v_reason) where v_reason is not null;
  end if;
  return jsonb_build_object('name', v.name, 'locale', v.locale, 'timezone', v.zone, 'place', v.place, 'context', v.context,
    'unwanted', chime_private.check_in_words(v_reason), 'local_time', to_char(v_now at time zone v.zone, 'YYYY-MM-DD HH24:MI'));
end $$;
comment on function chime_private.person_of is
  'What a running handler may know of the owner of its run, and, of a check-in, why it is not wanted any more (unwanted); null where nobody owns it.';
