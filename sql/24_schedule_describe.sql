-- A stored schedule in words.

create or replace function chime.describe(schedule_id uuid, locale text default 'en') returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_locale text := chime_private.check_locale(locale);
  v_rule chime_private.rule;
begin
  select (s.rule).* into v_rule from chime.schedules s
  where s.id = describe.schedule_id and s.tenant_id = chime.current_tenant() and s.deleted_at is null;
  if v_rule.kind is null then
    perform chime_private.fail('CH010', format('There is no schedule %s.', coalesce(schedule_id::text, 'without an id')),
      'chime.find_schedule finds one by id, key or name.');
  end if;
  return chime_private.rule_words(v_rule, v_locale);
end $$;
comment on function chime.describe(uuid, text) is
  'The rule of a stored schedule in words; locale is en or ru. Errors: CH007, CH010.';
