-- Slots: what a run must have before it may start, where it may not run beside others: its turn among the runs of its schedule,
-- and one of the places that its concurrency key has. A worker that starts such a run takes its slots; where one is full the run
-- stays queued without a job, and is held. What frees a slot says so in a row, and a tick lets the next run go.
--
-- Nobody waits for anybody's transaction but workers for each other, in start_runs: those take an advisory lock for each slot,
-- in order, after the rows of the runs. Ticks try that lock and come back later; callers of functions take none.

create or replace function chime_private.schedule_slot(schedule_id uuid) returns text
language sql immutable parallel safe
as $$ select 'schedule:' || schedule_id $$;
comment on function chime_private.schedule_slot is 'The slot that runs of a schedule have when it is their turn.';

create or replace function chime_private.slots_of(r chime.runs) returns text[]
language sql immutable parallel safe
as $$
  select array_remove(array[
    case when r.in_turn then chime_private.schedule_slot(r.schedule_id) end,
    'key:' || r.tenant_id || ':' || r.concurrency_key], null)
$$;
comment on function chime_private.slots_of is 'The slots that a run needs; none for most.';

create or replace function chime_private.slot_room(slot text) returns bigint
language sql volatile
as $$
  select coalesce((select l.max_running from chime.concurrency_limits l where l.slot = slot_room.slot), 1)
    - (select count(*) from chime_private.slot_runs t where t.slot = slot_room.slot and t.state = 'taken')
$$;
comment on function chime_private.slot_room is 'How many more runs a slot has room for; less than none where its limit was lowered.';

create or replace function chime_private.slot_lock(slot text) returns bigint
language sql immutable parallel safe
as $$ select hashtextextended('chime:slot:' || slot, 0) $$;
comment on function chime_private.slot_lock is 'The advisory lock of a slot. Two that share one take turns, and that is all.';

create or replace function chime_private.free_slots(slots text[]) returns void
language plpgsql volatile
as $$
begin
  insert into chime_private.freed_slots (slot) select s from unnest(slots) s;
  if found then perform chime_private.wake_clock(chime.now()); end if;
end $$;
comment on function chime_private.free_slots is 'Says that slots may have become free.';

create or replace function chime_private.leave_slots() returns trigger
language plpgsql
as $$
declare
  v_turn text := case when new.in_turn then chime_private.schedule_slot(new.schedule_id) end;
  v_freed text[];
begin
  with gone as (
    -- One that is tried again keeps its turn: its schedule has a run that is not finished.
    delete from chime_private.slot_runs s
    where s.run_id = new.id and (new.finished_at is not null or s.slot is distinct from v_turn)
    returning s.slot, s.state
  )
  select array_agg(g.slot) filter (where g.state = 'taken') into v_freed from gone g;
  -- Another may have let it go first, without it having had its turn yet.
  if new.finished_at is not null and exists (select from chime_private.slot_runs s where s.slot = v_turn and s.state = 'held') then
    v_freed := v_freed || v_turn;
  end if;
  if v_freed is not null then perform chime_private.free_slots(v_freed); end if;
  if new.waits_for is not null then
    update chime.runs r set waits_for = null where r.id = new.id;
  end if;
  return null;
end $$;
comment on function chime_private.leave_slots is 'Gives up the slots of a run that has ended, or does not run any more.';

-- Whatever path a run takes. As the triggers of 43_run_invariants.sql, it is called for few runs only, and after the update: one
-- before it would make every update of a run lock its row first.
create or replace trigger runs_leave_slots
  after update of status on chime.runs
  for each row
  when ((old.concurrency_key is not null or old.in_turn) and new.status <> old.status and new.status <> 'running')
  execute function chime_private.leave_slots();

create or replace function chime_private.is_overtaking(r chime.runs) returns boolean
language sql volatile
as $$
  -- Only within a schedule, whose runs have the same task: the earlier one waits for nothing but a worker that has it. One that
  -- has begun before keeps its turn.
  select r.attempt = 0 and exists (
    select from chime_private.unfinished_runs u
    join chime.runs e on e.id = u.run_id
    where u.schedule_id = r.schedule_id and e.finished_at is null and e.in_turn and e.status = 'queued' and e.attempt = 0
      and e.waits_for is null and (e.due_at, e.id) < (r.due_at, r.id))
$$;
comment on function chime_private.is_overtaking is 'Whether an earlier run of its schedule, whose turn comes first, is on its way to a worker.';

create or replace function chime_private.count_ahead(r chime.runs, slot text, most bigint) returns bigint
language sql volatile
as $$
  select count(*)
  from (
    select from chime_private.slot_runs h
    where h.slot = count_ahead.slot and h.state = 'held' and h.run_id <> r.id
      and (h.priority > r.priority or h.priority = r.priority and (h.due_at, h.run_id) < (r.due_at, r.id))
    limit greatest(most, 0)) h
$$;
comment on function chime_private.count_ahead is 'How many runs, `most` at most, are held at a slot and come before this one.';

create or replace function chime_private.hold_runs(runs chime.runs[], ids uuid[], slots text[], open_slots text[], now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_free text[];
begin
  insert into chime_private.slot_runs (run_id, slot, state, priority, due_at)
  select r.id, w.slot, 'held', r.priority, r.due_at
  from unnest(ids, slots) w(id, slot)
  join unnest(runs) r on r.id = w.id
  on conflict on constraint slot_runs_pkey do update set state = 'held';
  update chime.runs u set waits_for = case when w.turn then 'other runs of its schedule' else 'concurrency key ' || u.concurrency_key end
  from (select i.id, bool_or(i.slot like 'schedule:%') as turn from unnest(ids, slots) i(id, slot) group by i.id) w
  where u.id = w.id;
  v_free := array(
    select distinct o from unnest(open_slots) o
    where exists (select from chime_private.slot_runs h where h.slot = o and h.state = 'held'));
  for i in 1..cardinality(runs) loop
    continue when not (runs[i]).in_turn
      or (select s.overlap <> 'cancel_other' from chime.schedules s where s.id = (runs[i]).schedule_id);
    perform chime_private.cancel_others(runs[i], now);
    v_free := v_free || chime_private.schedule_slot((runs[i]).schedule_id);
  end loop;
  perform chime_private.free_slots(v_free);
end $$;
comment on function chime_private.hold_runs is
  'Keeps queued runs from their worker, because they have to wait for slots, ids and slots side by side; those of their slots that have '
  'room are for the next.';

create or replace function chime_private.take_slots(run_ids uuid[], worker_id uuid, resend boolean, now timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  v_run chime.runs;
  v_runs chime.runs[];
  v_room jsonb;
  v_new text[];
  v_full text[];
  v_passed uuid[] := '{}';
  v_held chime.runs[];
  -- Runs and slots side by side: what is taken, and what is waited for.
  v_taker_ids uuid[] := '{}';
  v_taken text[] := '{}';
  v_waiter_ids uuid[] := '{}';
  v_waited_for text[] := '{}';
  v_open text[];
  v_all_open text[] := '{}';
begin
  select array_agg(c order by c.priority desc, c.due_at, c.id) into v_runs
  from (
    select * from chime.runs r
    where r.id = any (run_ids) and (r.concurrency_key is not null or r.in_turn)
      and (r.status = 'queued' or resend and r.status = 'running' and r.worker_id = take_slots.worker_id)
    order by r.id
    for no key update) c;
  if v_runs is null then return v_passed; end if;
  perform pg_advisory_xact_lock(l.key)
  from (select distinct chime_private.slot_lock(s) as key from unnest(v_runs) r, unnest(chime_private.slots_of(r)) s order by 1) l;
  -- Read only now that nobody else starts any of these.
  select jsonb_object_agg(d.slot, chime_private.slot_room(d.slot)) into v_room
  from (select distinct s as slot from unnest(v_runs) r, unnest(chime_private.slots_of(r)) s) d;
  foreach v_run in array v_runs loop
    select array_agg(n.slot), array_agg(n.slot) filter (where n.room <= n.ahead or n.overtaking),
      array_agg(n.slot) filter (where n.room > 0 and not n.overtaking)
    into v_new, v_full, v_open
    from (
      select s.slot, (v_room ->> s.slot)::bigint as room,
        case when t.state = 'woken' then 0 else chime_private.count_ahead(v_run, s.slot, (v_room ->> s.slot)::bigint) end as ahead,
        s.slot = chime_private.schedule_slot(v_run.schedule_id) and chime_private.is_overtaking(v_run) as overtaking
      from unnest(chime_private.slots_of(v_run)) s(slot)
      left join chime_private.slot_runs t on t.run_id = v_run.id and t.slot = s.slot
      where t.state is distinct from 'taken'
      offset 0) n;
    if v_full is null then
      v_passed := v_passed || v_run.id;
      v_taker_ids := v_taker_ids || array_fill(v_run.id, array[coalesce(cardinality(v_new), 0)]);
      v_taken := v_taken || v_new;
      v_room := v_room || coalesce((select jsonb_object_agg(s, (v_room ->> s)::bigint - 1) from unnest(v_new) s), '{}');
    else
      v_held := v_held || v_run;
      v_waiter_ids := v_waiter_ids || array_fill(v_run.id, array[cardinality(v_full)]);
      v_waited_for := v_waited_for || v_full;
      v_all_open := v_all_open || v_open;
    end if;
  end loop;
  insert into chime_private.slot_runs (run_id, slot, state, priority, due_at)
  select r.id, k.slot, 'taken', r.priority, r.due_at
  from unnest(v_taker_ids, v_taken) k(id, slot)
  join unnest(v_runs) r on r.id = k.id
  on conflict on constraint slot_runs_pkey do update set state = 'taken';
  update chime.runs r set waits_for = null where r.id = any (v_passed) and r.waits_for is not null;
  if v_held is not null then
    perform chime_private.hold_runs(v_held, v_waiter_ids, v_waited_for, v_all_open, now);
  end if;
  return v_passed;
end $$;
comment on function chime_private.take_slots is
  'Which of these runs may start, of those that need slots: they take them, by priority, then by due time. The others are held.';
