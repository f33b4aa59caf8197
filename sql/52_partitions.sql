-- The weeks of the history. Runs, their attempts and their logs lie in partitions by week, made ahead. What comes for a week that
-- has none is kept by the default partitions, and moved when its week is made: nothing is out of sight for a moment.

create or replace function chime_private.id_time(id uuid) returns timestamptz
language sql immutable strict parallel safe
as $$ select to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint / 1000.0) $$;
comment on function chime_private.id_time is 'The instant that a time-ordered id belongs to.';

create or replace function chime_private.week_of(at timestamptz) returns timestamptz
language sql immutable strict parallel safe
as $$ select date_trunc('week', at at time zone 'UTC') at time zone 'UTC' $$;
comment on function chime_private.week_of is 'The beginning of a week, as partitions have it: Monday, 00:00 UTC.';

create or replace function chime_private.weeks_of(history text) returns table (name text, from_id uuid, to_id uuid)
language sql stable
as $$
  select c.relname::text, b.bounds[1]::uuid, b.bounds[2]::uuid
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  cross join lateral regexp_match(pg_get_expr(c.relpartbound, c.oid), '\(''([0-9a-f-]{36})''\) TO \(''([0-9a-f-]{36})''\)') b(bounds)
  where i.inhparent = format('chime.%I', history)::regclass and b.bounds is not null
$$;
comment on function chime_private.weeks_of is 'The partitions of a table of the history, but for its default one.';

create or replace function chime_private.attach_week(history text, name text, from_id uuid, to_id uuid) returns void
language plpgsql volatile
as $$
begin
  execute format('alter table chime.%I attach partition chime_private.%I for values from (%L) to (%L)', history, name, from_id, to_id);
end $$;
comment on function chime_private.attach_week is 'Makes a table a partition of the history.';

create or replace function chime_private.move_week(history text, key text, name text, from_id uuid, to_id uuid) returns void
language plpgsql volatile
as $$
begin
  -- Room for the row of a run as it is queued, running and finished: its updates stay on its page, the first one outside the indexes.
  execute format('create table chime_private.%I (like chime.%I including all) %s', name, history,
    case history when 'runs' then 'with (fillfactor = 45)' else '' end);
  -- Moved while it is no partition yet: no trigger takes what is moved for new.
  execute format('with moved as (delete from chime_private.%I where %I >= $1 and %2$I < $2 returning *) insert into chime_private.%I select * from moved',
    history || '_default', key, name) using from_id, to_id;
  perform chime_private.attach_week(history, name, from_id, to_id);
end $$;
comment on function chime_private.move_week is 'Makes the partition of a week, and moves into it what the default partition has of it.';

create or replace function chime_private.adopt_default(history text, key text, name text, from_id uuid, to_id uuid, most integer) returns boolean
language plpgsql volatile
as $$
declare
  c_default constant text := history || '_default';
  v_strays integer;
  v_index text;
begin
  execute format('select count(*) from (select from chime_private.%I where %I < $1 or %2$I >= $2 limit $3) s', c_default, key)
    into v_strays using from_id, to_id, most + 1;
  if v_strays > most then return false; end if;
  execute format('alter table chime.%I detach partition chime_private.%I', history, c_default);
  execute format('alter table chime_private.%I rename to %I', c_default, name);
  for v_index in
    select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = format('chime_private.%I', name)::regclass
  loop
    execute format('alter index chime_private.%I rename to %I', v_index, replace(v_index, c_default, name));
  end loop;
  execute format('create table chime_private.%I (like chime.%I including all)', c_default, history);
  execute format('with moved as (delete from chime_private.%I where %I < $1 or %2$I >= $2 returning *) insert into chime_private.%I select * from moved',
    name, key, c_default) using from_id, to_id;
  perform chime_private.attach_week(history, name, from_id, to_id);
  execute format('alter table chime.%I attach partition chime_private.%I default', history, c_default);
  return true;
end $$;
comment on function chime_private.adopt_default is
  'Makes the default partition the partition of the time whose rows it is full of, and a new one in its place: nothing is moved but '
  'the rows of other times, `most` of them; where there are more, answers false and does nothing.';

create or replace function chime_private.make_week(history text, key text, week timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  c_week constant interval := '168 hours';
  v_name constant text := history || '_' || to_char(week at time zone 'UTC', 'IYYY"w"IW');
  v_from uuid := chime_private.first_id(week);
  v_to uuid := chime_private.first_id(week + c_week);
  v_look constant text := format('select count(*) from (select from chime_private.%I where %I >= $1 and %2$I < $2 limit $3) d', history || '_default', key);
  v_moves boolean;
  v_rows integer;
begin
  if exists (select from chime_private.weeks_of(history) w where w.from_id < v_to and w.to_id > v_from) then return 0; end if;
  execute v_look into v_rows using v_from, v_to, 1;
  v_moves := v_rows > 0;
  if v_moves then
    -- A query that is being planned knows the partitions that there are, before it waits for them: it would look for what is moved
    -- where it is not any more. So none is being planned.
    execute format('lock table only chime.%I in access exclusive mode', history);
  end if;
  -- Nothing is added to it between the look and the move.
  execute format('lock table chime_private.%I in access exclusive mode', history || '_default');
  execute v_look into v_rows using v_from, v_to, most + 1;
  -- Its first row came just now: in six hours the week is made.
  if v_rows > 0 and not v_moves then return 0; end if;
  if v_rows = 0 and week + c_week <= chime.now() then
    return 0;
  elsif v_rows <= most then
    perform chime_private.move_week(history, key, v_name, v_from, v_to);
    return 1;
  end if;
  -- Too many to be moved at once: all that lies between the weeks there are becomes one partition, but for the oldest, which can be moved.
  execute format('select chime_private.first_id(chime_private.week_of(chime_private.id_time(%I))) from chime_private.%I where %1$I < $1 order by %1$I offset $2 limit 1',
    key, history || '_default') into v_from using v_to, most;
  v_from := greatest(v_from, (select w.to_id from chime_private.weeks_of(history) w where w.to_id <= v_to order by w.to_id desc limit 1));
  return chime_private.adopt_default(history, key, v_name, v_from, v_to, most)::integer;
end $$;
comment on function chime_private.make_week is
  'Makes the partition of a week, if it is missing, with what the default partition has of it; answers how many it made. A week that is '
  'over is only made where the default partition has rows of it.';

create or replace function chime_private.ensure_partitions(now timestamptz, weeks_ahead integer default 4) returns integer
language plpgsql volatile
as $$
declare
  c_most constant integer := 20000;
  v_made integer := 0;
  v_history record;
  v_ahead integer;
begin
  for v_history in select * from (values ('runs', 'id'), ('run_attempts', 'run_id'), ('run_logs', 'run_id')) h(name, key) loop
    for v_ahead in -1..weeks_ahead loop
      v_made := v_made + chime_private.make_week(v_history.name, v_history.key,
        chime_private.week_of(ensure_partitions.now) + v_ahead * interval '168 hours', c_most);
    end loop;
  end loop;
  return v_made;
end $$;
comment on function chime_private.ensure_partitions is
  'Makes the partitions of chime.runs, run_attempts and run_logs for this week and some ahead, and for the last one where it is missing; '
  'answers how many were. What is outside of them is kept by the default partitions.';
