-- Housekeeping that tick() does when it is due: partitions of the history, made ahead; rows of processes that are long gone; runs
-- and deliveries counted for the statistics; history that need not be kept. In bites, each soon done: what is left is due again soon.

create or replace function chime_private.forget_processes(now timestamptz) returns integer
language sql volatile
as $$
  with clocks as (
    delete from chime_private.clocks c where c.ticked_at < now - interval '7 days' returning c.id
  ), workers as (
    -- A worker whose lease ended is said to have stopped when its runs are taken back: none is forgotten before that.
    delete from chime_private.workers w where w.stopped_at < now - interval '7 days' returning w.id
  )
  select ((select count(*) from clocks) + (select count(*) from workers))::integer
$$;
comment on function chime_private.forget_processes is 'Removes clocks and workers that have been gone for a week; answers how many.';

create or replace function chime_private.make_ready(now timestamptz) returns void
language plpgsql volatile
as $$
begin
  update chime_private.settings s set value = to_jsonb(make_ready.now + interval '6 hours'), updated_at = make_ready.now
  where s.key = 'maintenance_due_at' and (s.value #>> '{}')::timestamptz <= make_ready.now;
  if not found then return; end if;
  perform chime_private.forget_processes(now);
  begin
    -- A new partition needs a lock that a long report may hold off; ticks do not wait for it, some minutes later will do.
    perform set_config('lock_timeout', '500ms', true);
    perform chime_private.ensure_partitions(now);
    perform set_config('lock_timeout', '0', true);
  exception when lock_not_available then
    update chime_private.settings s set value = to_jsonb(make_ready.now + interval '5 minutes') where s.key = 'maintenance_due_at';
  end;
end $$;
comment on function chime_private.make_ready is 'Forgets processes that are gone and makes partitions ahead, every six hours.';

create or replace function chime_private.look_after_history(now timestamptz, idle boolean) returns void
language plpgsql volatile
as $$
declare
  c_bite constant interval := '50 milliseconds';
  v_began constant timestamptz := clock_timestamp();
  v_due timestamptz;
  v_more boolean := false;
  v_problem text;
begin
  select (s.value #>> '{}')::timestamptz into v_due
  from chime_private.settings s
  where s.key = 'history_due_at' and (s.value #>> '{}')::timestamptz <= look_after_history.now
  for no key update skip locked;
  -- Runs that were fired wait for the end of this transaction; where a tick fires nothing, nobody does.
  if v_due is null or not idle and v_due > now - interval '10 seconds' then return; end if;
  begin
    loop
      v_more := chime_private.count_runs(now) or chime_private.count_deliveries() or chime_private.retain(now);
      exit when not v_more or clock_timestamp() > v_began + c_bite;
    end loop;
    update chime_private.settings s set value = 'null' where s.key = 'history_error' and s.value <> 'null';
  exception when others then
    -- Ticks go on without it; chime.health() shows it.
    v_more := false;
    v_problem := sqlerrm;
    update chime_private.settings s set value = to_jsonb(v_problem), updated_at = look_after_history.now where s.key = 'history_error';
  end;
  update chime_private.settings s set
    value = to_jsonb(look_after_history.now + case when v_more then 4 * (clock_timestamp() - v_began) else interval '1 minute' end),
    updated_at = look_after_history.now
  where s.key = 'history_due_at';
end $$;
comment on function chime_private.look_after_history is
  'Counts runs and deliveries for the statistics and removes what need not be kept, for a moment: every minute, and up to a fifth of the time while there '
  'is more to do.';

create or replace function chime_private.maintain_due(now timestamptz, idle boolean) returns void
language plpgsql volatile
as $$
begin
  perform chime_private.make_ready(now);
  perform chime_private.look_after_history(now, idle);
end $$;
comment on function chime_private.maintain_due is 'Does the housekeeping that is due. idle says that nothing waits for the end of this transaction.';

create or replace function chime_private.maintenance_due_at() returns timestamptz
language sql stable
as $$
  -- No clock sleeps for a minute: what is done every minute need not wake it, only what was broken off.
  select min((s.value #>> '{}')::timestamptz)
  from chime_private.settings s
  where s.key = 'maintenance_due_at'
    or s.key = 'history_due_at' and (s.value #>> '{}')::timestamptz < s.updated_at + interval '1 minute'
$$;
comment on function chime_private.maintenance_due_at is 'When housekeeping is due that somebody has to be woken for.';

create or replace function chime.schema_digest() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select md5(string_agg(f.name || ' ' || f.sha256 || E'\n', '' order by f.name collate "C")) from chime_private.loaded_files f $$;
comment on function chime.schema_digest is 'Which version of its functions this database has: programs compare it with their own.';

create or replace function chime.schema_version() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select s.value #>> '{}' from chime_private.settings s where s.key = 'version' $$;
comment on function chime.schema_version is 'The version of pgchime that this database belongs to: an older one does not migrate it.';

insert into chime_private.settings (key, value)
values ('maintenance_due_at', to_jsonb(timestamptz '-infinity')), ('history_due_at', to_jsonb(timestamptz '-infinity')),
  ('history_error', 'null')
on conflict do nothing;
