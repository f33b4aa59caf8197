-- Is a payload one that can be kept and read again? What is small as it is stored can be enormous as text: a number of ten characters,
-- 1e100000, has a hundred thousand digits, and enough of them are more text than Postgres can make.

create or replace function chime_private.payload_error(payload jsonb) returns text
language plpgsql immutable parallel safe
as $$
declare
  c_most constant integer := 1048576;
begin
  if payload is null or pg_column_size(payload) > c_most then
    return 'must be JSON of at most 1 MB';
  elsif jsonb_path_exists(payload, 'strict $.**{101}') then
    return 'must not be nested more than 100 levels deep';
  -- JavaScript reads any such number as infinite, or as 0. A zero may be of any length: 0e-16000 is.
  elsif jsonb_path_exists(payload, 'strict $.** ? (@.abs() > 1e400)')
    or jsonb_path_exists(payload, 'strict $.** ? (@.abs() < 1e-400 && @ != 0)')
    or exists (select from jsonb_path_query(payload, 'strict $.** ? (@ == 0)') zero where length(zero::text) > 400) then
    return 'has a number of more than 400 digits';
  elsif octet_length(payload::text) > c_most then
    return 'must be JSON of at most 1 MB';
  end if;
  return null;
end $$;
comment on function chime_private.payload_error is 'Why a payload cannot be kept: its size, its depth, a number in it; null where it can.';
