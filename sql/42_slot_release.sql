-- Slots that have become free, and who gets them: ticks let held runs go to a worker again, which asks for the slot then.

create or replace function chime_private.release_slot(slot text, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_room bigint := chime_private.slot_room(slot);
  v_ids uuid[];
  v_tasks text[];
  v_priorities chime.priority[];
begin
  if v_room <= 0 then return 0; end if;
  v_ids := array(
    select r.id
    from chime_private.slot_runs h
    join chime.runs r on r.id = h.run_id
    where h.slot = release_slot.slot and h.state = 'held'
    order by h.priority desc, h.due_at, h.run_id
    limit least(v_room, most)
    for no key update of r skip locked);
  if v_ids = '{}' then return 0; end if;
  update chime_private.slot_runs h set state = 'woken' where h.run_id = any (v_ids) and h.state = 'held';
  with released as (
    update chime.runs r set waits_for = null where r.id = any (v_ids) returning r.id, r.task, r.priority
  )
  select array_agg(r.id), array_agg(r.task), array_agg(r.priority) into v_ids, v_tasks, v_priorities from released r;
  perform chime_private.enqueue(v_ids, v_tasks, v_priorities);
  return cardinality(v_ids);
end $$;
comment on function chime_private.release_slot is
  'Lets as many held runs go as a slot, whose lock the caller has, has room for, by priority, then by due time; answers how many.';

create or replace function chime_private.release_slots(most integer) returns integer
language plpgsql volatile
as $$
declare
  c_most_rows constant integer := 10000;
  v_slot text;
  v_count integer := 0;
begin
  for v_slot in
    select f.slot from (select f.id, f.slot from chime_private.freed_slots f order by f.id limit most) f group by f.slot order by min(f.id)
  loop
    -- Somebody is just starting runs there, or letting them go: the row stays, for another tick.
    continue when not pg_try_advisory_xact_lock(chime_private.slot_lock(v_slot));
    -- Where no clock was there for long they are many; what is left of them is looked at again.
    delete from chime_private.freed_slots f
    where f.id in (select o.id from chime_private.freed_slots o where o.slot = v_slot order by o.id limit c_most_rows);
    v_count := v_count + chime_private.release_slot(v_slot, most);
    exit when v_count >= most;
  end loop;
  return v_count;
end $$;
comment on function chime_private.release_slots is 'Lets runs go that were held at slots which have become free, about `most` of them; answers how many.';

create or replace function chime_private.check_slots() returns integer
language plpgsql volatile
as $$
declare
  c_most constant integer := 1000;
  v_after text := (select s.value #>> '{}' from chime_private.settings s where s.key = 'slots_checked');
  v_slots text[];
begin
  -- From one slot to the next, however many runs each has.
  v_slots := array(
    with recursive walk(slot, number) as (
      select (select min(s.slot) from chime_private.slot_runs s where s.slot > v_after), 1
      union all
      select (select min(s.slot) from chime_private.slot_runs s where s.slot > w.slot), w.number + 1
      from walk w
      where w.slot is not null and w.number < c_most)
    select w.slot from walk w where w.slot is not null order by w.number);
  update chime_private.settings s set
    value = to_jsonb(case when cardinality(v_slots) = c_most then v_slots[c_most] else '' end)
  where s.key = 'slots_checked' and s.value <> to_jsonb(case when cardinality(v_slots) = c_most then v_slots[c_most] else '' end);
  -- What no run has any more. Rows that are just being written are not seen here.
  delete from chime_private.slot_runs s
  where s.slot = any (v_slots) and s.state = 'taken' and not exists (select from chime.runs r where r.id = s.run_id and r.finished_at is null);
  perform chime_private.free_slots(array(
    select f.slot from unnest(v_slots) f(slot)
    where exists (select from chime_private.slot_runs h where h.slot = f.slot and h.state = 'held') and chime_private.slot_room(f.slot) > 0));
  return cardinality(v_slots);
end $$;
comment on function chime_private.check_slots is
  'Looks for what should never happen: runs that are held though their slot has room, slots that a finished run has. A thousand slots a call, in turn.';

insert into chime_private.settings (key, value) values ('slots_checked', to_jsonb(''::text))
on conflict do nothing;
