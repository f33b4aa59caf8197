-- Counters of deliveries, for a monitor. Each end leaves a row of its own, and one tick at a time adds those up: senders that report at
-- once would wait for each other in a row of totals, or hold each other up for good.

create or replace function chime_private.note_delivery_end() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- What administrators call channels is without bounds; what senders have registered is not. Said now, so that what was counted keeps its label.
  insert into chime_private.delivery_ends (channel, status)
  values (coalesce((select c.id from chime_private.channels c where c.id = new.channel_id), 'other'), new.status);
  return null;
end $$;
comment on function chime_private.note_delivery_end is 'Leaves word of a delivery that has reached a final status, to be counted.';

create or replace trigger deliveries_written_ended
  after insert on chime.deliveries
  for each row
  when (new.finished_at is not null)
  execute function chime_private.note_delivery_end();

create or replace trigger deliveries_ended
  after update of status on chime.deliveries
  for each row
  when (new.finished_at is not null and old.status <> new.status)
  execute function chime_private.note_delivery_end();

create or replace function chime_private.count_deliveries(most integer default 10000) returns boolean
language plpgsql volatile
as $$
declare
  v_seen integer;
begin
  -- In one statement, and so at one instant: an end is either in delivery_ends, or in the totals.
  with ends as (
    delete from chime_private.delivery_ends e
    where e.id in (select o.id from chime_private.delivery_ends o order by o.id limit most)
    returning e.channel, e.status
  ), counted as (
    insert into chime_private.delivery_totals as t
    select e.channel, e.status, count(*) from ends e group by 1, 2
    on conflict on constraint delivery_totals_pkey do update set deliveries = t.deliveries + excluded.deliveries
  )
  select count(*) into v_seen from ends;
  return v_seen >= most;
end $$;
comment on function chime_private.count_deliveries is
  'Moves what delivery_ends tells, `most` rows at most, to delivery_totals; answers whether there may be more. For one caller at a time.';
