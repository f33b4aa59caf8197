-- How pgchime refuses: one function, so that every error has our own SQLSTATE, says what is wrong and where,
-- and what to do about it. The codes are listed in README.md beside this file and in src/errors.ts.

create or replace function chime_private.fail(
  code text,
  message text,
  hint text default null,
  detail jsonb default null
) returns void
language plpgsql immutable
as $$
begin
  -- RAISE takes no null for an option, and an empty one would be printed as an empty line.
  if hint is null and detail is null then
    raise exception using errcode = code, message = message;
  elsif detail is null then
    raise exception using errcode = code, message = message, hint = hint;
  elsif hint is null then
    raise exception using errcode = code, message = message, detail = detail::text;
  end if;
  raise exception using errcode = code, message = message, hint = hint, detail = detail::text;
end $$;
comment on function chime_private.fail is
  'Raises an error of pgchime. detail is an object for programs: position in an expression, path in a payload, options.';
