-- The shape of a set of numbers, for whoever has to put it into words: what is in it, where it is without a gap, and
-- whether it goes on in equal steps. A rule is described by what it does and not by how it was written, so that two
-- ways of writing one rule read the same, and no two rules do.

create or replace function chime_private.bit_values(bits bigint) returns integer[]
language plpgsql immutable strict parallel safe
as $$
declare
  v_values integer[] := '{}';
  v_number integer;
begin
  while bits <> 0 loop
    v_number := chime_private.lowest_bit(bits);
    v_values := v_values || v_number;
    bits := bits & (bits - 1);
  end loop;
  return v_values;
end $$;
comment on function chime_private.bit_values is 'The numbers of the bits that are set, lowest first; bits must not be negative.';

create or replace function chime_private.value_runs(numbers integer[], out lows integer[], out highs integer[])
language plpgsql immutable strict parallel safe
as $$
declare
  v_number integer;
begin
  lows := '{}';
  highs := '{}';
  foreach v_number in array numbers loop
    if v_number = highs[cardinality(highs)] + 1 then
      highs[cardinality(highs)] := v_number;
    else
      lows := lows || v_number;
      highs := highs || v_number;
    end if;
  end loop;
end $$;
comment on function chime_private.value_runs is 'The stretches without a gap in a sorted list of numbers.';

create or replace function chime_private.run_items(numbers integer[], ending text default '') returns text[]
language plpgsql immutable strict parallel safe
as $$
begin
  return array(
    select case when r.high - r.low < 2 then n::text else r.low || '–' || r.high end || ending
    from (select u.* from chime_private.value_runs(numbers) v, unnest(v.lows, v.highs) u(low, high)) r,
      generate_series(r.low, case when r.high - r.low < 2 then r.high else r.low end) n
    order by n);
end $$;
comment on function chime_private.run_items is '0, 15 and 30–40 as items of a list, each with an ending.';

create or replace function chime_private.value_step(numbers integer[]) returns integer
language plpgsql immutable strict parallel safe
as $$
declare
  v_step integer := numbers[2] - numbers[1];
begin
  for v_index in 3..cardinality(numbers) loop
    if numbers[v_index] - numbers[v_index - 1] <> v_step then return null; end if;
  end loop;
  return v_step;
end $$;
comment on function chime_private.value_step is 'The step of a sorted list of numbers that are all equally far apart; null for any other, and for a single number.';

create or replace function chime_private.cycle_step(numbers integer[], size integer) returns integer
language sql immutable strict parallel safe
as $$
  select v.step from (select chime_private.value_step(numbers)) v(step) where v.step * cardinality(numbers) = size
$$;
comment on function chime_private.cycle_step is
  'The step of numbers that go on in it for ever, past the end of a cycle of this size (minutes 5, 20, 35, 50: 15); else null.';
