-- Is a payload one that can be kept and read again? What is small as it is stored can be enormous as text: a number of ten characters,
-- 1e100000, has a hundred thousand digits, and enough of them are more text than Postgres can make.

create or replace function chime_private.payload_error(payload jsonb) returns text
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := 1048576;
  c_depth constant integer := 100;
  c_digits constant integer := 400;  -- those that a double has: JavaScript reads any larger one as infinite
  v_error text;
begin
  if payload is null or pg_column_size(payload) > c_most then
    return 'must be JSON of at most 1 MB';
  end if;
  with recursive walk(value, depth) as (
    select payload, 0
    union all
    select e.value, w.depth + 1
    from walk w, lateral (
      select a.value from jsonb_array_elements(case jsonb_typeof(w.value) when 'array' then w.value else '[]' end) a
      union all
      select o.value from jsonb_each(case jsonb_typeof(w.value) when 'object' then w.value else '{}' end) o) e
    where jsonb_typeof(w.value) in ('array', 'object') and w.depth <= c_depth
  )
  select case when w.depth > c_depth then format('must not be nested more than %s levels deep', c_depth)
      else format('has a number of more than %s digits', c_digits) end
    into v_error
  from walk w
  where w.depth > c_depth or jsonb_typeof(w.value) = 'number' and length(w.value::text) > c_digits
  limit 1;
  return coalesce(v_error, case when octet_length(payload::text) > c_most then 'must be JSON of at most 1 MB' end);
end $$;
comment on function chime_private.payload_error is 'Why a payload cannot be kept: its size, its depth, a number in it; null where it can.';
