-- Up Migration

alter table chime.events add column traceparent text;
comment on column chime.events.traceparent is 'The W3C trace context that it was raised in, where there was one.';

-- Null for nearly all: a run that nobody brought about is the beginning of its own trace, whose id is the run's own.
alter table chime.runs add column traceparent text;
comment on column chime.runs.traceparent is 'The W3C trace context that it was brought about in; null where its trace begins with it. See runs_trace_id, runs_span_id and runs_parent_span_id.';

-- Answers more; sql/ creates it anew.
drop function if exists chime_private.start_runs(uuid, uuid[], boolean);
