-- Up Migration

-- For chime.describe, which says "10 times". Rules that are stored already have none, and are said by where they end.
alter type chime_private.rule add attribute count integer;   -- COUNT, where that and nothing else ends the recurrence rule
