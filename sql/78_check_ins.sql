-- Daily check-ins. Each person who wants them has a schedule that fires at their preferred time on their own clock, made and changed by a
-- trigger whenever what it depends on changes. What becomes of one that is due: 78_check_ins_due.sql.

create or replace function chime_private.check_in_key(user_id uuid) returns text
language sql immutable parallel safe
as $$ select 'check_in:' || user_id $$;
comment on function chime_private.check_in_key is 'The key of the schedule of a person''s check-ins.';

create or replace function chime_private.check_in_schedule(u chime.users, s chime.schedules) returns chime.schedules
language plpgsql stable
as $$
begin
  s.tenant_id := u.tenant_id; s.owner_id := u.id; s.key := chime_private.check_in_key(u.id);
  s.task := 'check_in'; s.payload := '{}'; s.purpose := 'check_in';
  s.name := case when u.locale ~* '^ru' then 'Ежедневное «как дела?»' else 'Daily check-in' end;
  s.cron := format('%s %s * * %s', extract(minute from u.preferred_message_time), extract(hour from u.preferred_message_time),
    coalesce((select string_agg(d::text, ',' order by d) from (select distinct d from unnest(u.check_in_days) d) x), '*'));
  -- null takes that of the tenant, again each time.
  s.timezone := u.timezone;
  -- How late it may be is asked when it fires: the window may have changed since.
  s.catch_up_window := interval '12 hours';
  s.overlap := 'allow'; s.dst_gap := 'next'; s.dst_fold := 'first';
  return chime_private.complete_schedule(s);
end $$;
comment on function chime_private.check_in_schedule is 'What the schedule of a person''s check-ins has to be, made of what it is.';

create or replace function chime_private.keep_check_in(u chime.users) returns void
language plpgsql volatile
as $$
declare
  v_now timestamptz := chime.now();
  v_old chime.schedules;
begin
  perform chime_private.lock_key(u.tenant_id, chime_private.check_in_key(u.id));
  select * into v_old from chime.schedules s
  where s.owner_id = u.id and s.purpose = 'check_in' and s.deleted_at is null and s.status <> 'cancelled'
  for no key update;
  if u.preferred_message_time is null or u.status = 'forgotten' then
    perform chime_private.stop_schedule(v_old, 'The person wants no check-ins.', v_now, v_now) where v_old.id is not null;
  elsif u.status <> 'active' or u.onboarded_at is null then
    perform chime_private.pause(v_old, case u.status when 'active' then 'The person is not onboarded.' else 'The person is blocked.' end, null, 'pgchime', v_now)
    where v_old.status = 'active';
  elsif v_old.id is null then
    perform chime_private.store_schedule(chime_private.check_in_schedule(u, null), 'refuse', v_now);
  else
    perform chime_private.change_schedule(v_old, chime_private.check_in_schedule(u, v_old));
    select * into v_old from chime.schedules s where s.id = v_old.id;
    -- Not where the person has paused it.
    v_old := chime_private.resume(v_old, v_now) where v_old.status = 'paused' and v_old.paused_by = 'pgchime';
    perform chime_private.wake_clock(v_old.next_due_at);
  end if;
end $$;
comment on function chime_private.keep_check_in is 'Keeps the schedule of a person''s check-ins as the person is: makes, changes, pauses, resumes or removes it.';

-- enable_seqscan: whoever stores thousands of people at once does so by plans that were made when there were none.
create or replace function chime_private.follow_user() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
begin
  perform chime_private.keep_check_in(new);
  return null;
end $$;
comment on function chime_private.follow_user is 'Lets the schedule of check-ins follow the person.';

create or replace trigger users_with_check_ins
  after insert on chime.users
  for each row
  when (new.preferred_message_time is not null)
  execute function chime_private.follow_user();

create or replace trigger users_change_check_ins
  after update of preferred_message_time, check_in_days, timezone, locale, status, onboarded_at on chime.users
  for each row
  when ((new.preferred_message_time is not null or old.preferred_message_time is not null)
    and row(old.preferred_message_time, old.check_in_days, old.timezone, old.locale, old.status, old.onboarded_at)
      is distinct from row(new.preferred_message_time, new.check_in_days, new.timezone, new.locale, new.status, new.onboarded_at))
  execute function chime_private.follow_user();

create or replace function chime_private.follow_tenant_zone() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform chime_private.keep_check_in(u) from chime.users u
  where u.tenant_id = new.tenant_id and u.timezone is null and u.preferred_message_time is not null;
  return null;
end $$;
comment on function chime_private.follow_tenant_zone is 'Lets the check-ins of people without a time zone follow that of their tenant.';

create or replace trigger tenant_settings_zone
  after update of timezone on chime.tenant_settings
  for each row
  when (old.timezone <> new.timezone)
  execute function chime_private.follow_tenant_zone();

create or replace function chime_private.note_check_in_stopped() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update chime.users u set preferred_message_time = null, updated_at = new.updated_at
  where u.id = new.owner_id and u.preferred_message_time is not null and u.status <> 'forgotten';
  return null;
end $$;
comment on function chime_private.note_check_in_stopped is 'Who cancels or deletes the schedule of their check-ins wants none.';

create or replace trigger schedules_of_check_ins
  after update of status on chime.schedules
  for each row
  when (new.purpose = 'check_in' and old.status <> 'cancelled' and new.status = 'cancelled')
  execute function chime_private.note_check_in_stopped();
