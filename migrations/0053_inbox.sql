-- Up Migration

-- What somebody has not read yet is little beside what they ever got.
create index deliveries_unread on chime.deliveries (owner_id, id) where channel_id = 'web' and status = 'sent' and read_at is null;

-- It looks by channel, too.
drop function if exists chime.search_schedules(text, chime.schedule_status[], text, text, uuid, timestamptz, timestamptz);
