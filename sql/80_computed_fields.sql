-- What is computed from a row, for GraphQL, where each is a field of its type, and for SQL: select chime.runs_duration_ms(r) from chime.runs r.
-- GraphQL asks for what is computed from a row that is not there, too: of a run without a schedule, say.

create or replace function chime.runs_duration_ms(r chime.runs) returns double precision
language sql immutable parallel safe
as $$ select round(extract(epoch from r.finished_at - r.started_at) * 1000, 3)::double precision $$;
comment on function chime.runs_duration_ms is 'How long its last attempt took, in milliseconds; null until it is finished, and where it never started.';

create or replace function chime.runs_lateness_ms(r chime.runs) returns double precision
language sql immutable parallel safe
as $$ select case when r.attempt = 1 then round(extract(epoch from r.started_at - r.due_at) * 1000, 3)::double precision end $$;
comment on function chime.runs_lateness_ms is
  'How much later than due its first attempt started, in milliseconds; null before that, and after further attempts.';

create or replace function chime.runs_logs(r chime.runs, after_seq integer default 0) returns setof chime.run_logs
language sql stable
as $$ select l.* from chime.run_logs l where l.run_id = r.id and l.seq > after_seq order by l.seq $$;
comment on function chime.runs_logs is 'What its handler logged, in order: the lines whose seq is greater than after_seq.';

create or replace function chime.schedules_next_runs(s chime.schedules, count integer default 10)
returns table (scheduled_for timestamptz, local_time timestamp, note text)
language sql stable
as $$ select * from chime.preview(schedule_id => s.id, count => count) where s.id is not null and s.deleted_at is null $$;
comment on function chime.schedules_next_runs is
  'Its next fires by its rules and calendars, whatever its status, none where it is deleted; count is how many (1 to 1000). Error: CH007.';

create or replace function chime.schedules_rule_description(s chime.schedules, locale text default 'en') returns text
language sql stable
as $$ select case when s.id is not null and s.deleted_at is null then chime.describe(schedule_id => s.id, locale => locale) end $$;
comment on function chime.schedules_rule_description is
  'Its rules and calendars in words; locale is en or ru (also en-GB, ru_RU and the like). Null where it is deleted. Error: CH007.';

create or replace function chime.schedules_stats(s chime.schedules) returns chime.schedule_health
language sql stable
as $$ select h from chime.schedule_stats(s.id) h $$;
comment on function chime.schedules_stats is 'How it is, and what became of its runs since it was created, also of those that are not kept any more.';

create or replace function chime.schedules_simulation(
  s chime.schedules, since timestamptz, until timestamptz, count integer default 100
) returns table (scheduled_for timestamptz, local_time timestamp, outcome text, reason text, run_id uuid, note text)
language sql stable
as $$ select * from chime.simulate(schedule_id => s.id, since => since, until => until, count => count) where s.id is not null and s.deleted_at is null $$;
comment on function chime.schedules_simulation is
  'Each of its fires from since to until, both included, the first `count` of them (1 to 1000), and what became of it or would. outcome of '
  'the past is the status of its run, or none where there is no run, with the reason: not_created = the schedule did not exist yet, '
  'rule_changed = it had another rule. outcome of the future is fires, or skipped with the reason. Runs that the rule does not account '
  'for (manual, backfill, an earlier revision) are told too. Error: CH007.';

create or replace function chime.calendars_dates(c chime.calendars) returns text[]
language sql immutable
as $$
  select coalesce(array_agg(case when upper(r) - lower(r) = 1 then lower(r)::text else lower(r) || '/' || upper(r) - 1 end order by r), '{}')
  from unnest(c.dates) r
$$;
comment on function chime.calendars_dates is 'Its days (2026-12-25) and ranges of days, both ends included (2026-12-24/2027-01-01), as set_calendar takes them.';

create or replace function chime.users_reachable_channels(u chime.users) returns setof chime.channel_mappings
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select p.* from chime_private.places_of(u.id) p
  where p.status <> 'blocked' and p.tenant_id = chime.current_tenant() and chime_private.may_see(u.id)
$$;
comment on function chime.users_reachable_channels is
  'Where the person can be written to, the best first: by preferred_channels, then where they wrote last. The inbox is not among them: it is there for everybody.';
