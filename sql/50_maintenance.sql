-- Housekeeping that tick() does when it is due: partitions of the history, made ahead; rows of processes that are long gone.

create or replace function chime_private.ensure_partitions(now timestamptz, weeks_ahead integer default 4) returns integer
language plpgsql volatile
as $$
declare
  v_week timestamptz;
  v_name text;
  v_made integer := 0;
begin
  for v_week in
    select date_trunc('week', ensure_partitions.now at time zone 'UTC') at time zone 'UTC' + w * interval '168 hours'
    from generate_series(0, weeks_ahead) w
  loop
    v_name := 'runs_' || to_char(v_week at time zone 'UTC', 'IYYY"w"IW');
    continue when to_regclass('chime_private.' || v_name) is not null;
    -- Rows that are in the default partition already stay there, and keep the partition of that week from being made.
    continue when exists (
      select from chime_private.runs_default d
      where d.id >= chime_private.first_id(v_week) and d.id < chime_private.first_id(v_week + interval '168 hours'));
    -- Room for the row of a run as it is queued, running and finished: its updates stay on its page, the first one outside the indexes.
    execute format('create table chime_private.%I partition of chime.runs for values from (%L) to (%L) with (fillfactor = 45)',
      v_name, chime_private.first_id(v_week), chime_private.first_id(v_week + interval '168 hours'));
    v_made := v_made + 1;
  end loop;
  return v_made;
end $$;
comment on function chime_private.ensure_partitions is
  'Makes the partitions of chime.runs for this week and some ahead; answers how many were missing. A run outside of them is '
  'kept by the default partition.';

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

create or replace function chime_private.maintain_due(now timestamptz) returns void
language plpgsql volatile
as $$
begin
  update chime_private.settings s set value = to_jsonb(maintain_due.now + interval '6 hours'), updated_at = maintain_due.now
  where s.key = 'maintenance_due_at' and (s.value #>> '{}')::timestamptz <= maintain_due.now;
  if not found then return; end if;
  perform chime_private.forget_processes(now);
  begin
    -- A new partition needs a lock that a long report may hold off; ticks do not wait for it, next time will do.
    perform set_config('lock_timeout', '500ms', true);
    perform chime_private.ensure_partitions(now);
    perform set_config('lock_timeout', '0', true);
  exception when lock_not_available then
    null;
  end;
end $$;
comment on function chime_private.maintain_due is 'Does the housekeeping, every six hours.';

create or replace function chime.schema_digest() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select md5(string_agg(f.name || ' ' || f.sha256 || E'\n', '' order by f.name collate "C")) from chime_private.loaded_files f $$;
comment on function chime.schema_digest is 'Which version of its functions this database has: programs compare it with their own.';

create or replace function chime.schema_version() returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select s.value #>> '{}' from chime_private.settings s where s.key = 'version' $$;
comment on function chime.schema_version is 'The version of pgchime that this database belongs to: an older one does not migrate it.';

insert into chime_private.settings (key, value) values ('maintenance_due_at', to_jsonb(timestamptz '-infinity'))
on conflict do nothing;
