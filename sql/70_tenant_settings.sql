-- The settings of a tenant, read and changed: one place for all of them, and the only one that writes them.

create or replace function chime.settings() returns chime.tenant_settings
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select chime_private.tenant_settings_of(null) $$;
comment on function chime.settings is 'How the tenant wants things to be where nothing else is said.';

create or replace function chime_private.default_settings() returns chime.tenant_settings
language plpgsql stable
as $$
declare
  v_defaults chime.tenant_settings;
begin
  -- Dynamic, because the table itself says what they are, and nothing else does.
  execute (
    select 'select ' || string_agg(
      case when a.attname <> 'updated_at' then coalesce(pg_get_expr(d.adbin, d.adrelid), 'null') else 'null' end || '::' || format_type(a.atttypid, a.atttypmod),
      ', ' order by a.attnum)
    from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = 'chime.tenant_settings'::regclass and a.attnum > 0 and not a.attisdropped)
  into v_defaults;
  return v_defaults;
end $$;
comment on function chime_private.default_settings is 'What a tenant has that has changed no setting.';

create or replace function chime.tenant_settings_changed(settings chime.tenant_settings) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  -- By their values; but before a meeting 24 hours are not a day, where clocks change.
  select array_remove(array[
    case when settings.timezone is distinct from d.timezone then 'timezone' end,
    case when settings.max_retries is distinct from d.max_retries then 'max_retries' end,
    case when settings.retry_delay is distinct from d.retry_delay then 'retry_delay' end,
    case when settings.retry_backoff is distinct from d.retry_backoff then 'retry_backoff' end,
    case when settings.quiet_from is distinct from d.quiet_from then 'quiet_from' end,
    case when settings.quiet_until is distinct from d.quiet_until then 'quiet_until' end,
    case when settings.check_in_window is distinct from d.check_in_window then 'check_in_window' end,
    case when settings.check_in_silence is distinct from d.check_in_silence then 'check_in_silence' end,
    case when settings.meeting_reminders::text is distinct from d.meeting_reminders::text then 'meeting_reminders' end,
    case when settings.follow_up_limit is distinct from d.follow_up_limit then 'follow_up_limit' end,
    case when settings.keep_executed is distinct from d.keep_executed then 'keep_executed' end,
    case when settings.keep_cancelled is distinct from d.keep_cancelled then 'keep_cancelled' end
  ], null)
  from chime_private.default_settings() d
$$;
comment on function chime.tenant_settings_changed is 'The names of the settings that are not as they are by default, as set_tenant_settings takes them to reset.';

create or replace function chime_private.check_reminder_settings(leads interval[]) returns interval[]
language plpgsql immutable
as $$
begin
  if cardinality(leads) > 10 or array_ndims(leads) > 1
    or exists (select from unnest(leads) l where l is null or not isfinite(l) or l < '1 minute' or l > '30 days')
    or (select count(distinct l) from unnest(leads) l) < cardinality(leads)
  then
    perform chime_private.fail('CH007', 'meeting_reminders must be at most 10 lengths of time from 1 minute to 30 days, none of them twice.',
      'They say how long before a meeting its reminders come.', '{"field": "meeting_reminders"}');
  end if;
  return array(select l from unnest(leads) l order by l desc);
end $$;
comment on function chime_private.check_reminder_settings is 'How long before a meeting its reminders come, the longest first. Raises CH007.';

create or replace function chime_private.check_settings(s chime.tenant_settings) returns chime.tenant_settings
language plpgsql stable
as $$
declare
  v_wrong text;
begin
  v_wrong := case
    when s.max_retries not between 0 and 100 then 'max_retries must be between 0 and 100.'
    when not isfinite(s.retry_delay) or s.retry_delay not between '0' and '365 days' then 'retry_delay must be between 0 and 365 days.'
    when (s.quiet_from is null) <> (s.quiet_until is null) or s.quiet_from = s.quiet_until then 'quiet_until and quiet_from must both be there, or neither, and differ.'
    when not isfinite(s.check_in_window) or s.check_in_window not between '1 minute' and '12 hours' then 'check_in_window must be between 1 minute and 12 hours.'
    when not isfinite(s.check_in_silence) or s.check_in_silence not between '1 minute' and '7 days' then 'check_in_silence must be between 1 minute and 7 days.'
    when s.follow_up_limit not between 1 and 1000 then 'follow_up_limit must be between 1 and 1000.'
    when not isfinite(s.keep_executed) or s.keep_executed not between '1 hour' and '100 years' then 'keep_executed must be between 1 hour and 100 years.'
    when not isfinite(s.keep_cancelled) or s.keep_cancelled not between '1 hour' and '100 years' then 'keep_cancelled must be between 1 hour and 100 years.'
  end;
  if v_wrong is not null then
    perform chime_private.fail('CH007', v_wrong, null, jsonb_build_object('field', split_part(v_wrong, ' ', 1)));
  end if;
  s.timezone := chime_private.check_timezone(s.timezone);
  s.meeting_reminders := chime_private.check_reminder_settings(s.meeting_reminders);
  return s;
end $$;
comment on function chime_private.check_settings is 'The settings of a tenant as they are stored; refuses what cannot be (CH003, CH007).';

create or replace function chime_private.reset_settings(s chime.tenant_settings, names text[], given jsonb) returns chime.tenant_settings
language plpgsql stable
as $$
declare
  v_defaults constant jsonb := to_jsonb(chime_private.default_settings()) - '{tenant_id,updated_at}'::text[];
  v_name text;
  v_wrong text;
begin
  if cardinality(names) > 50 then
    perform chime_private.fail('CH007', 'reset names more settings than there are.', null, '{"field": "reset"}');
  end if;
  -- Programs may call them as they call them elsewhere: retryDelay, retryDelayMs.
  names := array(select lower(regexp_replace(regexp_replace(left(n, 64), 'Ms$', ''), '([A-Z])', '_\1', 'g')) from unnest(names) n);
  foreach v_name in array names loop
    v_wrong := case
      when v_name is null or not v_defaults ? v_name then format('There is no setting "%s".', coalesce(v_name, ''))
      when given ? v_name then format('%s is both given and reset.', v_name)
    end;
    if v_wrong is not null then
      perform chime_private.fail('CH007', v_wrong,
        (select 'Settings are ' || string_agg(k, ', ' order by k) || '.' from jsonb_object_keys(v_defaults) k), '{"field": "reset"}');
    end if;
  end loop;
  return jsonb_populate_record(s, (select coalesce(jsonb_object_agg(d.key, d.value), '{}') from jsonb_each(v_defaults) d where d.key = any (names)));
end $$;
comment on function chime_private.reset_settings is
  'Settings with those of these names as they are by default; refuses names of none, and of those that somebody gives in the same call (CH007).';

create or replace function chime.set_tenant_settings(
  timezone text default null, max_retries integer default null, retry_delay interval default null, retry_backoff chime.retry_backoff default null,
  quiet_from time default null, quiet_until time default null, check_in_window interval default null, check_in_silence interval default null,
  meeting_reminders interval[] default null, follow_up_limit integer default null, keep_executed interval default null, keep_cancelled interval default null,
  reset text[] default null
) returns chime.tenant_settings
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_given constant jsonb := jsonb_strip_nulls(jsonb_build_object(
    'timezone', left(timezone, 101), 'max_retries', max_retries, 'retry_delay', retry_delay, 'retry_backoff', retry_backoff,
    'quiet_from', quiet_from, 'quiet_until', quiet_until, 'check_in_window', check_in_window, 'check_in_silence', check_in_silence,
    'meeting_reminders', meeting_reminders, 'follow_up_limit', follow_up_limit, 'keep_executed', keep_executed, 'keep_cancelled', keep_cancelled));
  v_old chime.tenant_settings;
  v_new chime.tenant_settings;
begin
  perform chime_private.require_admin('change its settings');
  perform chime_private.check_reminder_settings(meeting_reminders);
  select * into v_old from chime.tenant_settings s where s.tenant_id = chime.current_tenant() for no key update;
  if v_old.tenant_id is null then
    perform chime_private.fail('CH016', format('There is no tenant %s.', chime.current_tenant()), 'See chime.tenants.');
  end if;
  v_new := chime_private.check_settings(jsonb_populate_record(chime_private.reset_settings(v_old, reset, v_given), v_given));
  if v_new is not distinct from v_old then return v_old; end if;
  v_new.updated_at := chime.now();
  update chime.tenant_settings s set timezone = v_new.timezone, max_retries = v_new.max_retries, retry_delay = v_new.retry_delay,
    retry_backoff = v_new.retry_backoff, quiet_from = v_new.quiet_from, quiet_until = v_new.quiet_until, check_in_window = v_new.check_in_window,
    check_in_silence = v_new.check_in_silence, meeting_reminders = v_new.meeting_reminders, follow_up_limit = v_new.follow_up_limit,
    keep_executed = v_new.keep_executed, keep_cancelled = v_new.keep_cancelled, updated_at = v_new.updated_at
  where s.tenant_id = v_old.tenant_id;
  return v_new;
end $$;
comment on function chime.set_tenant_settings is
  'Changes how the tenant wants things to be where nothing else is said; what is not given stays as it is. What reset names goes back to its default: no quiet hours, '
  'and no check_in_silence. Schedules keep the zones and policies that they have; check-ins of people without a time zone of their own follow the new one. For administrators. Errors: CH003, CH007, CH042.';
