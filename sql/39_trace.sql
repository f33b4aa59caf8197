-- Tracing: which trace a run belongs to, in the words of W3C Trace Context. A run's id is as long as a trace id, so that a run
-- without a parent needs nothing stored to have a trace of its own.

create or replace function chime_private.read_traceparent(text text) returns text
language sql immutable parallel safe
as $$
  -- Versions to come may have more behind the four parts that are known.
  select '00-' || m.part[2] || '-' || m.part[3] || '-' || m.part[4]
  from regexp_match(text, '^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$') m(part)
  where m.part[1] <> 'ff' and (m.part[1] <> '00' or m.part[5] is null) and m.part[2] !~ '^0+$' and m.part[3] !~ '^0+$'
$$;
comment on function chime_private.read_traceparent is 'A traceparent in the form of version 00; null where it is none.';

create or replace function chime.runs_trace_id(r chime.runs) returns text
language sql immutable parallel safe
as $$ select coalesce(substr(r.traceparent, 4, 32), replace(r.id::text, '-', '')) $$;
comment on function chime.runs_trace_id is 'The W3C trace id of a run: that of what brought it about, else its own id.';

create or replace function chime.runs_span_id(r chime.runs) returns text
language sql immutable parallel safe
as $$ select substr(replace(r.id::text, '-', ''), 17) $$;
comment on function chime.runs_span_id is 'The W3C span id of a run: the second half of its id. The spans of its attempts are below it.';

create or replace function chime.runs_parent_span_id(r chime.runs) returns text
language sql immutable parallel safe
as $$ select substr(r.traceparent, 37, 16) $$;
comment on function chime.runs_parent_span_id is 'The W3C span id of what brought a run about; null where its trace begins with it.';

create or replace function chime_private.run_traceparent(r chime.runs) returns text
language sql immutable parallel safe
as $$
  select '00-' || coalesce(substr(r.traceparent, 4, 32), replace(r.id::text, '-', '')) || '-' || substr(replace(r.id::text, '-', ''), 17)
    || '-' || coalesce(substr(r.traceparent, 54, 2), '01')
$$;
comment on function chime_private.run_traceparent is 'The traceparent of what a run brings about.';

create or replace function chime_private.current_run() returns chime.runs
language plpgsql stable
as $$
declare
  v_setting text := current_setting('chime.run_id', true);
  v_run chime.runs;
begin
  -- Whatever else it says is nobody's fault here, and must not keep an event from being raised.
  if v_setting ~ '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$' then
    select * into v_run from chime.runs r where r.id = v_setting::uuid;
  end if;
  return v_run;
end $$;
comment on function chime_private.current_run is
  'The run that says of itself, in the setting chime.run_id, that it acts in this transaction; null where none does.';

create or replace function chime_private.current_traceparent() returns text
language sql stable
as $$
  select coalesce(chime_private.read_traceparent(current_setting('chime.traceparent', true)),
    (select chime_private.run_traceparent(r) from chime_private.current_run() r where r.id is not null))
$$;
comment on function chime_private.current_traceparent is
  'The trace context of this transaction: the setting chime.traceparent, else that of the run that acts; null where there is neither. What is no '
  'traceparent is ignored.';
