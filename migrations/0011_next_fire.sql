-- Up Migration

-- With arguments more it would be a second function of its name; sql/ creates it anew.
drop function if exists chime_private.next_fire_near_change(chime_private.rule, timestamptz);
