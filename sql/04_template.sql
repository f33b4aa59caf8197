-- Payloads that are filled in when they are needed: JSON in which strings have placeholders such as {{payload.order.id}}. A string that
-- is one placeholder takes the value with its type; inside longer strings it is put in as text. Placeholders of other
-- names are left as they are: the task may have its own.

create or replace function chime_private.placeholder(roots text) returns text
language sql immutable strict parallel safe
as $$ select '\{\{\s*((?:' || roots || ')(?:\.[^\s.{}]+)*)\s*\}\}' $$;
comment on function chime_private.placeholder is 'The pattern of placeholders whose paths begin with one of these names, which | parts.';

create or replace function chime_private.fill_template(template jsonb, scope jsonb, pattern text) returns jsonb
language plpgsql immutable parallel safe
as $$
declare
  v_text text;
  v_path text[];
  v_between text[];
  v_filled text := '';
begin
  if jsonb_typeof(template) = 'object' then
    return (select coalesce(jsonb_object_agg(m.key, chime_private.fill_template(m.value, scope, pattern)), '{}') from jsonb_each(template) m);
  elsif jsonb_typeof(template) = 'array' then
    return (
      select coalesce(jsonb_agg(chime_private.fill_template(e.value, scope, pattern) order by e.n), '[]')
      from jsonb_array_elements(template) with ordinality e(value, n));
  elsif jsonb_typeof(template) <> 'string' then
    return template;
  end if;
  v_text := template #>> '{}';
  if v_text !~ pattern then return template; end if;
  v_path := regexp_match(v_text, '^' || pattern || '$');
  if v_path is not null then return coalesce(scope #> string_to_array(v_path[1], '.'), 'null'); end if;
  v_between := regexp_split_to_array(v_text, pattern);
  for v_path in select regexp_matches(v_text, pattern, 'g') loop
    v_filled := v_filled || v_between[1] || coalesce(scope #>> string_to_array(v_path[1], '.'), '');
    v_between := v_between[2:];
  end loop;
  return to_jsonb(v_filled || v_between[1]);
end $$;
comment on function chime_private.fill_template is
  'A template with its placeholders filled from scope, an object. What is not there is null, and nothing inside a longer string.';

create or replace function chime_private.template_depth(template jsonb, most integer) returns integer
language plpgsql immutable parallel safe
as $$
begin
  if most = 0 or jsonb_typeof(template) not in ('object', 'array') then return 0; end if;
  return 1 + coalesce((
    select max(chime_private.template_depth(v.value, most - 1))
    from (
      select m.value from jsonb_each(case jsonb_typeof(template) when 'object' then template else '{}' end) m
      union all
      select e.value from jsonb_array_elements(case jsonb_typeof(template) when 'array' then template else '[]' end) e) v), 0);
end $$;
comment on function chime_private.template_depth is 'How deep a template is nested; not looked at deeper than `most`.';

create or replace function chime_private.check_template(template jsonb, field text) returns void
language plpgsql stable
as $$
declare
  v_wrong text;
begin
  v_wrong := case
    when template is null then 'must be JSON'
    when octet_length(template::text) > 65536 then 'must have at most 64 KB'
    when chime_private.template_depth(template, 21) > 20 then 'must be nested at most 20 deep'
    when regexp_count(template::text, '\{\{') > 100 then 'must have at most 100 placeholders'
  end;
  if v_wrong is not null then
    perform chime_private.fail('CH007', format('%s %s.', field, v_wrong), null, jsonb_build_object('field', field));
  end if;
end $$;
comment on function chime_private.check_template is 'Refuses a template that is too large to be filled in again and again (CH007).';

create or replace function chime_private.template_payload(template jsonb, scope jsonb, pattern text, out payload jsonb, out problem text)
language plpgsql stable
as $$
begin
  payload := chime_private.fill_template(template, scope, pattern);
  -- Whoever raises an event must not suffer for what a handler makes of it: its run fails, and says why.
  if octet_length(payload::text) > 1048576 then
    payload := '{}';
    problem := 'Filled in, its payload would have more than 1 MB.';
  end if;
end $$;
comment on function chime_private.template_payload is 'The payload that a template makes, or why it makes none that a run may have.';
