-- Deliveries that wait for an instant, and what tick() does with them when it comes.

create or replace function chime_private.move_due_deliveries(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_ids uuid[];
  v_moved integer;
begin
  v_ids := array(select d.id from chime.deliveries d where d.due_at <= move_due_deliveries.now order by d.due_at limit most for no key update skip locked);
  if v_ids = '{}' then return 0; end if;
  -- Of what was held by quiet hours, the last success of a schedule speaks for those before it. Failures are told of one by one.
  with held as (
    select d.id, last_value(d.id) over w as last, row_number() over w as place, count(*) over w as number, sum(d.covers_count) over w as covers
    from chime.deliveries d join chime.runs r on r.id = d.run_id
    where d.id = any (v_ids) and d.held and d.part = 1 and d.failure_count = 0 and r.status = 'succeeded' and d.schedule_id is not null
    window w as (partition by d.channel_mapping_id, d.schedule_id order by d.run_id rows between unbounded preceding and unbounded following)
  )
  update chime.deliveries d set
    status = case when d.id = h.last then d.status else 'skipped' end,
    skip_reason = case when d.id <> h.last then 'A later run of its schedule, which was held by the same quiet hours, speaks for it.' end,
    finished_at = case when d.id <> h.last then move_due_deliveries.now end,
    due_at = case when d.id = h.last then d.due_at end,
    covers_count = case when d.id = h.last then h.covers else d.covers_count end
  from held h
  where d.id = h.id and h.number > 1;
  update chime.deliveries d set due_at = null where d.id = any (v_ids) and d.status = 'pending';
  get diagnostics v_moved = row_count;
  perform pg_notify('chime_delivery', '') where v_moved > 0;
  return cardinality(v_ids);
end $$;
comment on function chime_private.move_due_deliveries is
  'Lets deliveries go whose quiet hours or wait is over, `most` of them at most; answers how many. Whether it is quiet again is asked when they are taken.';

create or replace function chime_private.expire_claims(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_delivery chime.deliveries;
  v_count integer := 0;
begin
  for v_delivery in
    select * from chime.deliveries d where d.claimed_until <= expire_claims.now order by d.claimed_until limit most for no key update skip locked
  loop
    update chime_private.sends s set ended_at = expire_claims.now
    where s.delivery_id = v_delivery.id and s.attempt = v_delivery.attempt and s.ended_at is null;
    if exists (select from chime_private.channels c where c.id = v_delivery.channel_id and c.is_repeatable) then
      perform chime_private.retry_or_fail(v_delivery, 'Its sender has not said what became of it.', now);
    else
      update chime.deliveries d set status = 'unknown', finished_at = expire_claims.now, sender_id = null, claimed_until = null,
        failure_reason = 'Its sender has not said what became of it: it may have been sent.'
      where d.id = v_delivery.id;
    end if;
    v_count := v_count + 1;
  end loop;
  if v_count > 0 then perform pg_notify('chime_delivery', ''); end if;
  return v_count;
end $$;
comment on function chime_private.expire_claims is
  'Gives up claims of senders that have not reported in time, `most` of them at most; answers how many. What may have been sent is unknown then, and is '
  'sent again only where who receives it can tell.';

create or replace function chime_private.close_contexts(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_count integer;
begin
  if not exists (select from chime.channel_mappings m where m.live_until <= close_contexts.now) then return 0; end if;
  with closed as (
    update chime.channel_mappings m set live_until = null
    where m.id in (select o.id from chime.channel_mappings o where o.live_until <= close_contexts.now limit most for no key update skip locked)
    returning m.id, m.channel_id
  ), skipped as (
    update chime.deliveries d set status = 'skipped', skip_reason = 'Whoever looked on there has gone.', due_at = null, finished_at = close_contexts.now
    from closed c where d.channel_id = c.channel_id and d.channel_mapping_id = c.id and d.status = 'pending'
  )
  select count(*) into v_count from closed;
  return v_count;
end $$;
comment on function chime_private.close_contexts is
  'Takes contexts for closed where nobody looks on any more, `most` of them at most, and skips what was still to go there: it is in the inbox, too.';

create or replace function chime_private.move_deliveries(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
begin
  if chime_private.deliveries_due_at() is null then return 0; end if;
  delete from chime_private.sends s where s.ended_at < now - interval '10 minutes';
  delete from chime_private.send_pauses p where p.until < now;
  return greatest(chime_private.expire_claims(now, most), chime_private.close_contexts(now, most), chime_private.move_due_deliveries(now, most));
end $$;
comment on function chime_private.move_deliveries is 'Moves deliveries whose time has come; answers how many of a kind at most.';

create or replace function chime_private.deliveries_due_at() returns timestamptz
language sql stable
as $$
  select least(
    (select d.due_at from chime.deliveries d where d.due_at is not null order by d.due_at limit 1),
    (select d.claimed_until from chime.deliveries d where d.claimed_until is not null order by d.claimed_until limit 1),
    (select m.live_until from chime.channel_mappings m where m.live_until is not null order by m.live_until limit 1))
$$;
comment on function chime_private.deliveries_due_at is 'When a delivery is to be moved next; null where none waits.';
