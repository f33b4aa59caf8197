-- What an invitation of another calendar says of time, read by the rules that hold here.

create or replace function chime_private.wall_instant(wall text, timezone text) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_instant timestamptz;
begin
  -- A zone that is not known is for the file to explain.
  if not exists (select from chime_private.timezones z where length(wall_instant.timezone) <= 100 and lower(z.name) = lower(wall_instant.timezone)) then return null; end if;
  v_instant := (chime_private.read_at(wall, chime_private.check_timezone(timezone), 'next', 'first')).instant;
  perform chime_private.check_instant('wall', v_instant);
  return v_instant;
end $$;
comment on function chime_private.wall_instant is
  'The instant at which the clocks of a zone show that time, the first one where they do twice, the next where never; null where there is no zone of that name. Raises CH001, CH002, CH007.';
