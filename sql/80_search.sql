-- Searches: for lists that people look through. Each is one statement that Postgres can inline, so that the order, the bounds and the
-- limit that the caller puts around it reach the indexes; rights and row-level security are the caller's.

create or replace function chime_private.words_of(s chime.schedules) returns tsvector
language sql immutable
as $$
  -- Names of programs fall apart into their words; no language is assumed.
  select to_tsvector('pg_catalog.simple'::regconfig, translate(concat_ws(' ', s.name, s.key, s.task, s.description), '_-./:', '     '))
$$;
comment on function chime_private.words_of is 'What a schedule is found by.';

create or replace function chime_private.keep_words() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into chime_private.schedule_words as w (schedule_id, tenant_id, words) values (new.id, new.tenant_id, chime_private.words_of(new))
  on conflict (schedule_id) do update set words = excluded.words where w.words <> excluded.words;
  return null;
end $$;
comment on function chime_private.keep_words is 'Keeps schedule_words in step with the schedules.';

create or replace trigger schedules_words
  after insert or update of name, key, task, description on chime.schedules
  for each row execute function chime_private.keep_words();

create or replace function chime.schedules_with(text text) returns uuid[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  -- Each word as the beginning of one; quotes keep everything else in it from being an operator.
  select array(
    select w.schedule_id
    from chime_private.schedule_words w
    where w.tenant_id = chime.current_tenant()
      and w.words @@ (
        select to_tsquery('pg_catalog.simple'::regconfig, string_agg(quote_literal(q.word) || ':*', ' & '))
        from (
          select word from regexp_split_to_table(translate(left(schedules_with.text, 200), '_-./:\''', '       '), '\s+') word
          where word <> '' limit 10) q)
    limit 10000)
$$;
comment on function chime.schedules_with is
  'The schedules of the current tenant in whose name, key, task and description words begin with all of these; ten thousand at most.';

create or replace function chime.search_schedules(
  text text default null,
  status chime.schedule_status[] default null,
  task text default null,
  tag text default null,
  owner_id uuid default null,
  channel_id text default null,
  channel_mapping_id uuid default null,
  next_run_after timestamptz default null,
  next_run_before timestamptz default null
) returns setof chime.schedules
language sql stable
as $$
  select s.*
  from chime.schedules s
  where s.tenant_id = (select chime.current_tenant()) and s.deleted_at is null
    and (search_schedules.text is null or s.id = any (array(select unnest(chime.schedules_with(search_schedules.text)))))
    and (search_schedules.status is null or s.status = any (search_schedules.status))
    and (search_schedules.task is null or s.task = search_schedules.task)
    and (search_schedules.tag is null or s.tags @> array[search_schedules.tag] and s.tags <> '{}')
    and (search_schedules.owner_id is null or s.owner_id = search_schedules.owner_id)
    and (search_schedules.channel_id is null or s.channel_mapping_id is not null and s.channel_mapping_id = any (array(
      select m.id from chime.channel_mappings m where m.tenant_id = (select chime.current_tenant()) and m.channel_id = search_schedules.channel_id)))
    and (search_schedules.channel_mapping_id is null or s.channel_mapping_id = search_schedules.channel_mapping_id)
    -- next_due_at, which has an index, is never before next_run_at.
    and (search_schedules.next_run_after is null or s.next_run_at > search_schedules.next_run_after and s.next_due_at > search_schedules.next_run_after)
    and (search_schedules.next_run_before is null or s.next_run_at < search_schedules.next_run_before)
$$;
comment on function chime.search_schedules is
  'The schedules that are not deleted and for which all holds that is given: words that begin so, in name, key, task or description, in any '
  'order; a status; a task; a tag; an owner; the channel, or the channel mapping, that they deliver to; the time of the next fire.';

create or replace function chime.search_runs(
  schedule_id uuid default null,
  status chime.run_status[] default null,
  task text default null,
  trigger chime.run_trigger[] default null,
  tag text default null,
  owner_id uuid default null,
  error_text text default null,
  scheduled_after timestamptz default null,
  scheduled_before timestamptz default null
) returns setof chime.runs
language sql stable
as $$
  select r.*
  from chime.runs r
  where r.tenant_id = (select chime.current_tenant())
    and (search_runs.schedule_id is null or r.schedule_id = search_runs.schedule_id)
    and (search_runs.status is null or r.status = any (search_runs.status))
    -- What is in such a status is beside the history. Of very many, those of the end: who looks for others says when, or of what schedule.
    and (search_runs.status is null or not search_runs.status <@ '{queued,running,retrying}'
      or r.id = any (array(
        select u.id from chime.unfinished_runs u
        where u.tenant_id = (select chime.current_tenant()) and u.status = any (search_runs.status)
          and (search_runs.schedule_id is null or u.schedule_id = search_runs.schedule_id)
          and (search_runs.scheduled_before is null or u.scheduled_for < search_runs.scheduled_before)
        order by u.id desc limit 10000)))
    and (search_runs.status is null or not search_runs.status <@ '{failed,timed_out}' or r.error is not null)
    and (search_runs.status is null or search_runs.schedule_id is not null or not search_runs.status <@ '{failed,timed_out,cancelled,skipped}'
      or r.id = any (array(
        select u.id from chime.unsuccessful_runs u
        where u.tenant_id = (select chime.current_tenant()) and u.status = any (search_runs.status)
          and (search_runs.scheduled_before is null or u.scheduled_for < search_runs.scheduled_before)
        order by u.id desc limit 10000)))
    and (search_runs.task is null or r.task = search_runs.task)
    and (search_runs.trigger is null or r.trigger = any (search_runs.trigger))
    and (search_runs.tag is null or r.schedule_id = any (array(
      select s.id from chime.schedules s where s.tags @> array[search_runs.tag] and s.tags <> '{}' limit 10000)))
    and (search_runs.owner_id is null or r.owner_id = search_runs.owner_id)
    and (search_runs.error_text is null or r.error is not null and position(lower(left(search_runs.error_text, 200)) in lower(r.error)) > 0)
    -- Ids begin with the milliseconds of the nominal time: that is what the history is partitioned by.
    and (search_runs.scheduled_after is null or r.scheduled_for > search_runs.scheduled_after
      and r.id >= rpad(lpad(to_hex(floor(extract(epoch from search_runs.scheduled_after) * 1000)::bigint), 12, '0'), 32, '0')::uuid)
    and (search_runs.scheduled_before is null or r.scheduled_for < search_runs.scheduled_before
      and r.id <= rpad(lpad(to_hex(floor(extract(epoch from search_runs.scheduled_before) * 1000)::bigint), 12, '0'), 32, 'f')::uuid)
$$;
comment on function chime.search_runs is
  'The runs for which all holds that is given. By schedule_id, by owner_id, by a tag of their schedule, by a status other than succeeded (the newest ten thousand, unless schedule_id is given) and by time they are found by '
  'indexes. Otherwise the history is read from its end (newest first) until there are enough: name a time where what you look for is rare.';

create or replace function chime.search_meetings(
  ends_after timestamptz default null, starts_before timestamptz default null, status chime.meeting_status[] default null, owner_id uuid default null
) returns setof chime.meetings
language sql stable
as $$
  select m.*
  from chime.meetings m
  where m.tenant_id = (select chime.current_tenant())
    and (search_meetings.ends_after is null or m.ends_at > search_meetings.ends_after)
    and (search_meetings.starts_before is null or m.starts_at < search_meetings.starts_before)
    and (search_meetings.status is null or m.status = any (search_meetings.status))
    and (search_meetings.owner_id is null or m.owner_id = search_meetings.owner_id)
$$;
comment on function chime.search_meetings is
  'The meetings that the caller may see for which all holds that is given: that are not over at an instant, that begin before one, with one of these states, of one user.';

create or replace function chime.search_inbox(unread boolean default false, owner_id uuid default null) returns setof chime.inbox
language sql stable
as $$
  select i.*
  from chime.inbox i
  where i.tenant_id = (select chime.current_tenant()) and i.owner_id = coalesce(search_inbox.owner_id, (select chime.current_user_id()))
    and (search_inbox.unread is not true or i.read_at is null)
$$;
comment on function chime.search_inbox is
  'What came in for the current user to read, or for another whose messages the caller may see; with unread, what was not read yet. Of nobody where neither is given.';
