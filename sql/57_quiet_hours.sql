-- Quiet hours: a time of day in which a person is left alone. What would be sent then is held until they end.

create or replace function chime_private.quiet_until(user_id uuid, now timestamptz) returns timestamptz
language sql stable
as $$
  select greatest(((l.local::date + (l.quiet_until <= l.local::time)::integer) + l.quiet_until) at time zone l.zone, now + interval '1 second')
  from (
    select coalesce(u.timezone, t.timezone) as zone, now at time zone coalesce(u.timezone, t.timezone) as local,
      case when u.own_quiet_hours then u.quiet_from else t.quiet_from end as quiet_from,
      case when u.own_quiet_hours then u.quiet_until else t.quiet_until end as quiet_until
    from chime.users u join chime.tenant_settings t on t.tenant_id = u.tenant_id
    where u.id = quiet_until.user_id) l
  where l.quiet_from is not null
    and case when l.quiet_from < l.quiet_until then l.local::time >= l.quiet_from and l.local::time < l.quiet_until
      else l.local::time >= l.quiet_from or l.local::time < l.quiet_until end
$$;
comment on function chime_private.quiet_until is
  'When the quiet hours end in which the person is at this instant, their own or those of their tenant; null where there are none.';

create or replace function chime_private.whose_settings(user_id uuid) returns uuid
language plpgsql stable
as $$
declare
  v_id uuid;
begin
  select u.id into v_id from chime.users u
  where u.id = coalesce(whose_settings.user_id, chime.current_user_id()) and u.tenant_id = chime.current_tenant() and chime_private.may_see(u.id);
  if v_id is null then
    perform chime_private.fail('CH015', format('There is no user %s.', coalesce(user_id::text, 'signed in')), 'See chime.users.');
  end if;
  return v_id;
end $$;
comment on function chime_private.whose_settings is
  'The person whose settings somebody wants to change: the current user, if none is given. Raises CH015 where they may not, or there is nobody.';

create or replace function chime.set_quiet_hours(quiet_from time default null, quiet_until time default null, user_id uuid default null) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user chime.users;
begin
  if quiet_from is null <> (quiet_until is null) or quiet_from = quiet_until then
    perform chime_private.fail('CH007', 'quiet_from and quiet_until must both be given, and differ.', 'Both null ends quiet hours.', '{"field": "quiet_until"}');
  end if;
  update chime.users u set quiet_from = set_quiet_hours.quiet_from, quiet_until = set_quiet_hours.quiet_until,
    own_quiet_hours = true, updated_at = chime.now()
  where u.id = chime_private.whose_settings(set_quiet_hours.user_id)
  returning * into v_user;
  return v_user;
end $$;
comment on function chime.set_quiet_hours is
  'Holds what is sent to a person (the current user, if none is given) from one time of day to another, on the wall clock of their time zone; '
  'over midnight, where quiet_from is the later one. Neither: never any more, whatever the tenant has. What is held already is still held until then. Only runs of critical priority get through. Errors: CH007, CH015.';
