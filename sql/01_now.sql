-- The only clock that SQL reads. Tests and simulations put another body in its place (only the owner can);
-- nothing in production can move it.

create or replace function chime.now() returns timestamptz
language sql volatile parallel safe
as $$ select pg_catalog.clock_timestamp() $$;
comment on function chime.now is 'The scheduler''s clock: the database''s wall clock, moving within a transaction too.';

create or replace function chime_private.instant_text(at timestamptz) returns text
language sql immutable strict parallel safe
as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;
comment on function chime_private.instant_text is 'An instant in ISO 8601, whatever the session''s settings.';
