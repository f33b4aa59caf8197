-- Up Migration

-- A report takes a limit in bytes too. The new function is in sql/; the old one would stay beside it as an overload.
drop function if exists chime_private.run_report(text, integer);
