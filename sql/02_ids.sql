-- Time-ordered ids. The leading 48 bits are Unix milliseconds (RFC 9562), so rows sort and partition by time.

create or replace function chime_private.id_prefix(at timestamptz) returns text
language sql immutable strict parallel safe
as $$ select lpad(to_hex(floor(date_part('epoch', at) * 1000)::bigint), 12, '0') $$;
comment on function chime_private.id_prefix is 'The leading 48 bits, in hexadecimal, of every id that belongs to this instant.';

create or replace function chime_private.new_id(at timestamptz) returns uuid
language sql volatile parallel safe
as $$ select (chime_private.id_prefix(at) || '7' || substr(gen_random_uuid()::text, 16))::uuid $$;
comment on function chime_private.new_id is 'A new id (UUID version 7) of this instant.';

create or replace function chime_private.run_id(schedule_id uuid, scheduled_for timestamptz) returns uuid
language sql immutable strict parallel safe
as $$ select (chime_private.id_prefix(scheduled_for) || '8' || substr(schedule_id::text, 16))::uuid $$;
comment on function chime_private.run_id is
  'The id of the run of a fire (UUID version 8): the fire''s millisecond and the random bits of its schedule. The same '
  'fire always has the same id, and no schedule fires twice in one second, so the primary key of chime.runs refuses a '
  'second run of a fire.';

create or replace function chime_private.first_id(at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$ select (chime_private.id_prefix(at) || '00000000000000000000')::uuid $$;
comment on function chime_private.first_id is 'The lowest possible id of this instant: a bound of partitions and of searches by time.';
