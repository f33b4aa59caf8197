-- Up Migration

-- Beside the schedules, whose rows every fire writes anew, with an entry in each of their indexes.
create table chime_private.schedule_words (
  schedule_id uuid primary key references chime.schedules (id) on delete cascade,
  tenant_id uuid not null,
  words tsvector not null
);
comment on table chime_private.schedule_words is 'What schedules are found by: the words of their name, key, task and description.';
create index schedule_words_words on chime_private.schedule_words using gin (words);

insert into chime_private.schedule_words (schedule_id, tenant_id, words)
select s.id, s.tenant_id, to_tsvector('simple', translate(concat_ws(' ', s.name, s.key, s.task, s.description), '_-./:', '     '))
from chime.schedules s;
