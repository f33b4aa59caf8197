-- What people choose for themselves: their language, their time zone, when their mornings and evenings are, and where they are written to.

create or replace function chime.set_preferences(
  timezone text default null, locale text default null, morning_at time default null, evening_at time default null, user_id uuid default null,
  place text default null, preferred_channels text[] default null
) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user chime.users;
begin
  if timezone is not null then timezone := chime_private.check_timezone(timezone); end if;
  if locale is not null and locale !~ '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8}){0,3}$' then
    perform chime_private.fail('CH007', 'locale must be a language tag, such as en or ru.', null, '{"field": "locale"}');
  end if;
  if morning_at not between '03:00' and '12:00' then
    perform chime_private.fail('CH007', 'morning_at must be a time from 03:00 to 12:00.', null, '{"field": "morning_at"}');
  end if;
  if evening_at not between '15:00' and '23:59' then
    perform chime_private.fail('CH007', 'evening_at must be a time from 15:00 to 23:59.', null, '{"field": "evening_at"}');
  end if;
  if length(left(place, 101)) > 100 then
    perform chime_private.fail('CH007', 'place must have at most 100 characters.', 'An empty one takes it away.', '{"field": "place"}');
  end if;
  if cardinality(preferred_channels) > 20 or array_ndims(preferred_channels) > 1
      or exists (select from unnest(preferred_channels) c where c is null or c !~ '^[a-z][a-z0-9_]{0,31}$') then
    perform chime_private.fail('CH007', 'preferred_channels must be a list of at most 20 ids of channels, such as telegram.', null, '{"field": "preferred_channels"}');
  end if;
  update chime.users u set timezone = coalesce(set_preferences.timezone, u.timezone), locale = coalesce(set_preferences.locale, u.locale),
    morning_at = coalesce(set_preferences.morning_at, u.morning_at), evening_at = coalesce(set_preferences.evening_at, u.evening_at),
    place = case when set_preferences.place is null then u.place else nullif(btrim(set_preferences.place), '') end,
    preferred_channels = coalesce(set_preferences.preferred_channels, u.preferred_channels), updated_at = chime.now()
  where u.id = chime_private.whose_settings(set_preferences.user_id)
  returning * into v_user;
  return v_user;
end $$;
comment on function chime.set_preferences is
  'Sets the time zone and the language of a person (the current user, if none is given), and when "in the morning" and "in the evening" are to them; place is the town whose weather concerns them (empty takes it away), preferred_channels where they would rather be written to, the best first; what is '
  'not given stays. Schedules keep the zones and times that they have. '
  'Errors: CH003, CH007, CH015.';
