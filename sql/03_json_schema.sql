-- Does a value fit a JSON Schema? Enough of draft 2020-12 for what zod writes, so that a payload that does not
-- fit its task is refused where it is written, by whatever program, and not when it runs.
-- Keywords it does not know are ignored: the worker reads the payload with the task's own schema once more.

create or replace function chime_private.json_type_fits(type text, instance jsonb) returns boolean
language sql immutable parallel safe
as $$
  select case type
    when 'integer' then jsonb_typeof(instance) = 'number' and (instance #>> '{}')::numeric % 1 = 0
    else jsonb_typeof(instance) = type
  end
$$;
comment on function chime_private.json_type_fits is 'Whether a JSON value is of a JSON Schema type.';

create or replace function chime_private.json_scalar_error(schema jsonb, instance jsonb) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_text text;
  v_number numeric;
begin
  if jsonb_typeof(instance) = 'string' then
    v_text := instance #>> '{}';
    if length(v_text) < (schema ->> 'minLength')::numeric then
      return format('must have at least %s characters', schema ->> 'minLength');
    elsif length(v_text) > (schema ->> 'maxLength')::numeric then
      return format('must have at most %s characters', schema ->> 'maxLength');
    elsif schema ? 'pattern' then
      begin
        -- Escapes that Postgres reads otherwise than JavaScript (\b is a backspace here) are left to the worker.
        if schema ->> 'pattern' !~ '\\[^dDsSwWnrtfv\W_]' and v_text !~ (schema ->> 'pattern') then
          return format('must match the pattern %s', schema ->> 'pattern');
        end if;
      exception when invalid_regular_expression then
        null;  -- JavaScript has patterns that Postgres has not; the worker checks them
      end;
    end if;
  elsif jsonb_typeof(instance) = 'number' then
    v_number := (instance #>> '{}')::numeric;
    if v_number < (schema ->> 'minimum')::numeric then
      return format('must be %s or more', schema ->> 'minimum');
    elsif v_number > (schema ->> 'maximum')::numeric then
      return format('must be %s or less', schema ->> 'maximum');
    elsif v_number <= (schema ->> 'exclusiveMinimum')::numeric then
      return format('must be more than %s', schema ->> 'exclusiveMinimum');
    elsif v_number >= (schema ->> 'exclusiveMaximum')::numeric then
      return format('must be less than %s', schema ->> 'exclusiveMaximum');
    elsif v_number % (schema ->> 'multipleOf')::numeric <> 0 then
      return format('must be a multiple of %s', schema ->> 'multipleOf');
    end if;
  end if;
  return null;
end $$;
comment on function chime_private.json_scalar_error is 'Why a string or number does not keep the limits of a JSON Schema; null where it does.';

create or replace function chime_private.json_schema_error(
  schema jsonb,
  instance jsonb,
  path text default 'payload',
  root jsonb default null,
  depth integer default 0
) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_root jsonb := coalesce(root, schema);
  v_error text;
  v_sub jsonb;
  v_item record;
  v_fits integer := 0;
begin
  -- A schema that refers to itself, or is nested without end, is checked this deep and no deeper.
  if schema is null or depth > 40 or schema = 'true' or jsonb_typeof(schema) not in ('object', 'boolean') then
    return null;
  elsif schema = 'false' then
    return format('%s is not allowed', path);
  end if;

  if schema ? '$ref' then
    v_sub := v_root #> string_to_array(ltrim(schema ->> '$ref', '#/'), '/');
    v_error := chime_private.json_schema_error(coalesce(v_sub, 'true'), instance, path, v_root, depth + 1);
    if v_error is not null then return v_error; end if;
  end if;

  if jsonb_typeof(schema -> 'type') = 'string' then
    if not chime_private.json_type_fits(schema ->> 'type', instance) then
      return format('%s must be of type %s, not %s', path, schema ->> 'type', jsonb_typeof(instance));
    end if;
  elsif jsonb_typeof(schema -> 'type') = 'array' then
    if not exists (select from jsonb_array_elements_text(schema -> 'type') t where chime_private.json_type_fits(t, instance)) then
      return format('%s must be of one of the types %s, not %s', path, schema -> 'type', jsonb_typeof(instance));
    end if;
  end if;
  if schema ? 'const' and instance <> schema -> 'const' then
    return format('%s must be %s', path, schema -> 'const');
  elsif schema ? 'enum' and not exists (select from jsonb_array_elements(schema -> 'enum') e where e = instance) then
    return format('%s must be one of %s', path, schema -> 'enum');
  end if;
  v_error := chime_private.json_scalar_error(schema, instance);
  if v_error is not null then return path || ' ' || v_error; end if;

  if jsonb_typeof(instance) in ('object', 'array') then
    v_error := chime_private.json_members_error(schema, instance, path, v_root, depth);
    if v_error is not null then return v_error; end if;
  end if;

  for v_sub in select * from jsonb_array_elements(coalesce(schema -> 'allOf', '[]')) loop
    v_error := chime_private.json_schema_error(v_sub, instance, path, v_root, depth + 1);
    if v_error is not null then return v_error; end if;
  end loop;
  v_error := null;
  for v_item in select v as sub from jsonb_array_elements(coalesce(schema -> 'anyOf', schema -> 'oneOf', '[]')) v loop
    v_sub := to_jsonb(chime_private.json_schema_error(v_item.sub, instance, path, v_root, depth + 1));
    if v_sub is null or v_sub = 'null' then v_fits := v_fits + 1; else v_error := coalesce(v_error, v_sub #>> '{}'); end if;
  end loop;
  if v_fits = 0 and v_error is not null then
    return v_error;
  elsif v_fits > 1 and schema ? 'oneOf' then
    return format('%s fits more than one of the alternatives', path);
  elsif schema ? 'not' and chime_private.json_schema_error(schema -> 'not', instance, path, v_root, depth + 1) is null then
    return format('%s has a value that is excluded', path);
  end if;
  return null;
end $$;
comment on function chime_private.json_schema_error is
  'Why a value does not fit a JSON Schema, with the path to the place; null where it fits.';

create or replace function chime_private.json_members_error(
  schema jsonb,
  instance jsonb,
  path text,
  root jsonb,
  depth integer
) returns text
language plpgsql immutable parallel safe
as $$
declare
  v_error text;
  v_member record;
begin
  if jsonb_typeof(instance) = 'object' then
    select format('%s.%s is missing', path, r) into v_error
    from jsonb_array_elements_text(coalesce(schema -> 'required', '[]')) r where not instance ? r limit 1;
    if v_error is not null then return v_error; end if;
    for v_member in select key, m.value from jsonb_each(instance) m order by key loop
      if schema -> 'properties' ? v_member.key then
        v_error := chime_private.json_schema_error(
          schema -> 'properties' -> v_member.key, v_member.value, path || '.' || v_member.key, root, depth + 1);
      elsif schema -> 'additionalProperties' = 'false' then
        v_error := format('%s.%s is not known', path, v_member.key);
      elsif schema ? 'additionalProperties' then
        v_error := chime_private.json_schema_error(
          schema -> 'additionalProperties', v_member.value, path || '.' || v_member.key, root, depth + 1);
      end if;
      if v_error is not null then return v_error; end if;
    end loop;
  else
    if jsonb_array_length(instance) < (schema ->> 'minItems')::numeric then
      return format('%s must have at least %s items', path, schema ->> 'minItems');
    elsif jsonb_array_length(instance) > (schema ->> 'maxItems')::numeric then
      return format('%s must have at most %s items', path, schema ->> 'maxItems');
    end if;
    for v_member in select e.value, e.i - 1 as i from jsonb_array_elements(instance) with ordinality e(value, i) loop
      v_error := chime_private.json_schema_error(
        coalesce(schema -> 'prefixItems' -> v_member.i::integer, schema -> 'items', 'true'),
        v_member.value, format('%s[%s]', path, v_member.i), root, depth + 1);
      if v_error is not null then return v_error; end if;
    end loop;
  end if;
  return null;
end $$;
comment on function chime_private.json_members_error is
  'Why the members of an object or array do not fit a JSON Schema; null where they do.';
