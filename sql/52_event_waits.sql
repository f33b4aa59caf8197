-- Events whose runs come later, and what tick() does when their time has come.

create or replace function chime_private.answer_due_events(now timestamptz, most integer, out moved integer, out queued integer)
language plpgsql volatile
as $$
declare
  v_due record;
begin
  moved := 0;
  queued := 0;
  if not exists (select from chime_private.event_waits w where w.due_at <= answer_due_events.now) then return; end if;
  for v_due in
    with due as materialized (
      select w.* from chime_private.event_waits w
      where w.due_at <= answer_due_events.now order by w.due_at, w.seq limit most
      for update skip locked
    ), decided as materialized (
      -- By the same snapshot as the look-up: where another clock has just taken the latest, it is still seen here.
      select d.*, d.slot is null or not exists (
          select from chime_private.event_waits n where n.handler_id = d.handler_id and n.slot = d.slot and n.seq > d.seq) as is_latest
      from due d
    ), behind as materialized (
      -- Only where the handler was given a shorter debounce meanwhile.
      select w.seq from chime_private.event_waits w
      join decided d on d.is_latest and w.handler_id = d.handler_id and w.slot = d.slot and w.seq < d.seq
      limit most
      for update of w skip locked
    ), gone as (
      delete from chime_private.event_waits w where w.seq in (select d.seq from decided d union all select b.seq from behind b)
    )
    select d.event_id, d.due_at, array_agg(h) filter (where d.is_latest and h.id is not null) as handlers, count(*)::integer as waits
    from decided d
    left join chime.event_handlers h on h.id = d.handler_id and h.enabled and h.deleted_at is null
    group by d.event_id, d.due_at
  loop
    moved := moved + v_due.waits;
    continue when v_due.handlers is null;
    queued := queued + chime_private.run_handlers(
      (select e from chime.events e where e.id = v_due.event_id), v_due.handlers, v_due.due_at, answer_due_events.now);
  end loop;
end $$;
comment on function chime_private.answer_due_events is
  'Makes the runs of events that waited, `most` of them at most, those that waited longest first; of debounced ones only the latest, and '
  'of handlers that are disabled or deleted by now none. Answers how many it moved, and how many runs that made.';
