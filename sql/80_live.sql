-- Changes as they happen, for those who watch. A change is notified by its id alone, and only while somebody listens: what nobody
-- listens to costs one look at a table of a few rows for each transaction, and a comparison for each row. Notifications of one
-- transaction with the same payload are one.

create or replace function chime_private.look_for_listeners() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- A transaction without an id is not seen by those who wait for all that looked before them: it has to look again.
  perform set_config('chime.live', case
    when exists (select from chime_private.live_listeners l where l.until > clock_timestamp()) then 'on'
    when pg_current_xact_id_if_assigned() is null then ''
    else 'off' end, true);
  return null;
end $$;
comment on function chime_private.look_for_listeners is 'Before a statement, once in a transaction: whether what it changes has to be notified (the setting chime.live).';

create or replace function chime_private.tell_listeners() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_argv[0] = 'run' then
    perform pg_notify('chime_live', concat_ws(' ', 'run', new.tenant_id, new.id, new.schedule_id));
  elsif tg_argv[0] = 'log' then
    perform pg_notify('chime_live', concat_ws(' ', 'log', new.tenant_id, new.run_id));
  elsif tg_argv[0] = 'inbox' then
    perform pg_notify('chime_live', concat_ws(' ', 'inbox', new.tenant_id, new.id, new.owner_id));
  else
    perform pg_notify('chime_live', concat_ws(' ', 'schedule', new.tenant_id, new.id));
  end if;
  return null;
end $$;
comment on function chime_private.tell_listeners is
  'Notifies that a row was written: what it is, its tenant and its id; of a run its schedule too, of a message in an inbox whose that is. Who listens reads the row with the rights of whom it is for.';

create or replace trigger live_look before insert or update on chime.runs
  for each statement when (coalesce(current_setting('chime.live', true), '') = '') execute function chime_private.look_for_listeners();
create or replace trigger live_tell after insert or update on chime.runs
  for each row when (current_setting('chime.live', true) = 'on') execute function chime_private.tell_listeners('run');
create or replace trigger live_look before insert on chime.run_logs
  for each statement when (coalesce(current_setting('chime.live', true), '') = '') execute function chime_private.look_for_listeners();
create or replace trigger live_tell after insert on chime.run_logs
  for each row when (current_setting('chime.live', true) = 'on') execute function chime_private.tell_listeners('log');
create or replace trigger live_look before insert or update on chime.schedules
  for each statement when (coalesce(current_setting('chime.live', true), '') = '') execute function chime_private.look_for_listeners();
create or replace trigger live_tell after insert or update on chime.schedules
  for each row when (current_setting('chime.live', true) = 'on') execute function chime_private.tell_listeners('schedule');
create or replace trigger live_look before insert or update on chime.deliveries
  for each statement when (coalesce(current_setting('chime.live', true), '') = '') execute function chime_private.look_for_listeners();
-- A message is in the inbox from when it is sent; what changes of it then is that it is read.
create or replace trigger live_tell after insert or update on chime.deliveries
  for each row when (new.channel_id = 'web' and new.status = 'sent' and new.owner_id is not null and current_setting('chime.live', true) = 'on')
  execute function chime_private.tell_listeners('inbox');

create or replace function chime_private.listen_live(listener_id uuid, lease interval default '20 seconds') returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_until timestamptz := clock_timestamp() + least(lease, interval '1 minute');
  v_since xid8;
begin
  delete from chime_private.live_listeners l where l.until < clock_timestamp();
  insert into chime_private.live_listeners as l (id, until) values (listener_id, v_until)
  -- The second time everybody can see it, but for those who looked before and are not done.
  on conflict (id) do update set until = excluded.until, seen_from = coalesce(l.seen_from, pg_snapshot_xmax(pg_current_snapshot()))
  returning l.seen_from into v_since;
  return coalesce(pg_snapshot_xmin(pg_current_snapshot()) >= v_since, false);
end $$;
comment on function chime_private.listen_live is
  'Says that somebody listens on the channel chime_live, for so long (a minute at most). Answers whether all transactions are over that may '
  'have looked before it was known: until then a change may come without a word.';

create or replace function chime_private.leave_live(listener_id uuid) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ delete from chime_private.live_listeners l where l.id = listener_id $$;
comment on function chime_private.leave_live is 'Says that a listener has gone.';
