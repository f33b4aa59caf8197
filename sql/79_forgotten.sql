-- Of who is forgotten nothing is written any more, whoever had asked a moment before who they are.

create or replace function chime_private.refuse_forgotten() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user_id uuid;
begin
  if tg_argv[0] = 'owner_id' then v_user_id := new.owner_id; elsif tg_argv[0] = 'user_id' then v_user_id := new.user_id; else v_user_id := new.person_id; end if;
  if exists (select from chime.users u where u.id = v_user_id and u.status = 'forgotten') then
    perform chime_private.refuse_identity('This user is forgotten.');
  end if;
  return null;
end $$;
comment on function chime_private.refuse_forgotten is 'Refuses to write something of somebody who is forgotten (CH041).';

-- After the foreign key was checked, which waits for who is just being forgotten: triggers go by their names, and that one begins with RI.
create or replace trigger schedules_of_nobody after insert or update of owner_id on chime.schedules
  for each row when (new.owner_id is not null) execute function chime_private.refuse_forgotten('owner_id');
create or replace trigger event_handlers_of_nobody after insert or update of owner_id on chime.event_handlers
  for each row when (new.owner_id is not null) execute function chime_private.refuse_forgotten('owner_id');
create or replace trigger webhooks_of_nobody after insert on chime.webhooks
  for each row when (new.owner_id is not null) execute function chime_private.refuse_forgotten('owner_id');
create or replace trigger channel_mappings_of_nobody after insert or update of user_id on chime.channel_mappings
  for each row when (new.user_id is not null) execute function chime_private.refuse_forgotten('user_id');
create or replace trigger api_tokens_of_nobody after insert on chime.api_tokens
  for each row when (new.user_id is not null) execute function chime_private.refuse_forgotten('user_id');
create or replace trigger check_ins_of_nobody after insert on chime.check_ins
  for each row execute function chime_private.refuse_forgotten('user_id');
create or replace trigger meetings_of_nobody after insert on chime.meetings
  for each row execute function chime_private.refuse_forgotten('owner_id');
create or replace trigger calendar_feeds_of_nobody after insert on chime.calendar_feeds
  for each row execute function chime_private.refuse_forgotten('user_id');
create or replace trigger follow_ups_about_nobody after insert on chime.follow_ups
  for each row execute function chime_private.refuse_forgotten('person_id');
create or replace trigger conversations_with_nobody after insert on chime_private.conversations
  for each row execute function chime_private.refuse_forgotten('person_id');

create or replace function chime_private.refuse_memory() returns trigger
language plpgsql
as $$
begin
  perform chime_private.refuse_identity('This user is forgotten.');
  return null;
end $$;
comment on function chime_private.refuse_memory is 'Refuses to learn anything of somebody who is forgotten (CH041).';

create or replace trigger users_stay_forgotten before update on chime.users
  for each row when (old.status = 'forgotten' and coalesce(current_setting('chime.forgetting', true), '') = '') execute function chime_private.refuse_memory();
