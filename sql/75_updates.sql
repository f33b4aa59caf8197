-- What the bot hears. An update is stored before its channel is told that it was received; it is handled in the transaction that writes
-- all that it leads to, the replies too. Whatever ends between the two, it is handled once, and those of one chat in their order: who takes
-- the first of a lane has its row locked, and nobody takes another of that lane. Nothing is taken for longer than that transaction.

create or replace function chime_private.hear_update(content jsonb, now timestamptz) returns void
language plpgsql volatile
as $$
declare
  v_message constant jsonb := coalesce(content -> 'message', content #> '{callback_query,message}');
  v_from constant jsonb := coalesce(content #> '{callback_query,from}', content #> '{message,from}');
  v_mapping chime.channel_mappings;
  v_person uuid;
begin
  if v_from is null or v_from ->> 'is_bot' = 'true' then return; end if;
  select * into v_mapping from chime.channel_mappings m
  where m.tenant_id = chime.current_tenant() and m.channel_id = 'telegram'
    and m.channel_context_id = (v_message #>> '{chat,id}') || case v_message ->> 'is_topic_message' when 'true' then ':' || (v_message ->> 'message_thread_id') else '' end;
  if v_mapping.id is null then return; end if;
  select u.id into v_person from chime.users u where u.tenant_id = v_mapping.tenant_id and u.subject = 'telegram:' || (v_from ->> 'id');
  perform chime_private.heard_follow_ups(v_mapping.id, v_person, v_mapping.user_id, now);
exception
  -- The server is short of something, or somebody was quicker: whoever has brought it brings it again.
  when insufficient_resources or operator_intervention or transaction_rollback or lock_not_available then
    raise;
  when others then
    -- What somebody said is kept whatever is wrong with what waited for it; hear cancels that, too, when the update is handled.
    raise warning 'chime: follow-ups are not cancelled before their update is handled: %', sqlerrm;
end $$;
comment on function chime_private.hear_update is
  'Cancels the follow-ups that waited for a word of whoever an update of Telegram is from, in the transaction that stores it: it may be handled only later.';

create or replace function chime_private.store_updates(bot_id bigint, updates jsonb) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_contents jsonb[];
begin
  with stored as (
    insert into chime_private.updates as u (bot_id, update_id, lane, content, received_at)
    select store_updates.bot_id, i.update_id, i.lane, i.content, v_now
    from jsonb_to_recordset(updates) i(update_id bigint, lane text, content jsonb)
    order by i.update_id
    on conflict on constraint updates_pkey do nothing
    returning u.update_id, u.content
  )
  select coalesce(array_agg(s.content order by s.update_id), '{}') into v_contents from stored s;
  perform chime_private.hear_update(c, v_now) from unnest(v_contents) c;
  perform pg_notify('chime_update', '') where v_contents <> '{}';
  return cardinality(v_contents);
end $$;
comment on function chime_private.store_updates is
  'Stores what a bot has received, an array of {update_id, lane, content}; answers how many of them are new. Follow-ups that waited for a word of these people are cancelled. Once it has, they may be confirmed.';

create or replace function chime_private.take_update(bot_id bigint, after_lane text) returns chime_private.updates
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_lane text := after_lane;
  v_id bigint;
  v_wrapped boolean := false;
  v_update chime_private.updates;
begin
  -- From lane to lane, however many updates each has: one that writes very much does not keep the others from their turn.
  loop
    select u.lane, u.update_id into v_lane, v_id from chime_private.updates u
    where u.bot_id = take_update.bot_id and u.handled_at is null and u.lane > v_lane
    order by u.lane, u.update_id limit 1;
    if v_lane is null then
      exit when v_wrapped or after_lane = '';
      v_wrapped := true;
      v_lane := '';
      continue;
    end if;
    exit when v_wrapped and v_lane > after_lane;
    select * into v_update from chime_private.updates u
    where u.bot_id = take_update.bot_id and u.update_id = v_id and u.handled_at is null and u.due_at is null
    for no key update skip locked;
    if v_update.update_id is not null then return v_update; end if;
  end loop;
  return null;
end $$;
comment on function chime_private.take_update is
  'The first update of the next lane behind this one that nobody is at, locked until the end of the transaction; null where there is none.';

create or replace function chime_private.finish_update(bot_id bigint, update_id bigint, channel_id text, replies jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update chime_private.updates u set handled_at = chime.now(), content = null, error = null, due_at = null
  where u.bot_id = finish_update.bot_id and u.update_id = finish_update.update_id and u.handled_at is null;
  if not found then
    perform chime_private.fail('CH022', format('The update %s of the bot %s is handled already.', update_id, bot_id));
  end if;
  if replies <> '[]' then perform chime_private.add_replies(bot_id, update_id, channel_id, replies); end if;
end $$;
comment on function chime_private.finish_update is
  'Says that an update is handled, in the transaction that has taken it, and what the bot says to it: an array of objects as src/bot/dialogue.ts has them, '
  'with kind, context_id and content. Raises CH022 where it was handled before.';

create or replace function chime_private.fail_update(bot_id bigint, update_id bigint, error text, out given_up boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_waits constant interval[] := '{1 second,5 seconds,30 seconds}';
  v_now timestamptz := chime.now();
  v_update chime_private.updates;
begin
  given_up := false;
  select * into v_update from chime_private.updates u
  where u.bot_id = fail_update.bot_id and u.update_id = fail_update.update_id and u.handled_at is null
  for no key update;
  if v_update.update_id is null then return; end if;
  given_up := v_update.attempts >= cardinality(c_waits);
  update chime_private.updates u set attempts = u.attempts + 1, error = left(fail_update.error, 2000),
    due_at = case when not given_up then v_now + c_waits[u.attempts + 1] end,
    handled_at = case when given_up then v_now end, content = case when not given_up then u.content end
  where u.bot_id = fail_update.bot_id and u.update_id = fail_update.update_id;
  perform chime_private.wake_clock(v_now + c_waits[v_update.attempts + 1]) where not given_up;
end $$;
comment on function chime_private.fail_update is
  'Says that handling an update has failed: it is tried again after 1, 5 and 30 seconds, and what came after it from the same chat waits. Then it is given up, '
  'which is the answer.';

create or replace function chime_private.forget_updates(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  -- Telegram repeats an update for a day.
  c_kept constant interval := '7 days';
  v_updates integer;
  v_replies integer;
begin
  delete from chime_private.updates u
  where (u.bot_id, u.update_id) in (
    select o.bot_id, o.update_id from chime_private.updates o where o.handled_at < now - c_kept order by o.handled_at limit most);
  get diagnostics v_updates = row_count;
  delete from chime_private.replies r
  where r.id in (select o.id from chime_private.replies o where o.finished_at < now - c_kept order by o.finished_at limit most);
  get diagnostics v_replies = row_count;
  delete from chime_private.sends s where s.ended_at < now - interval '10 minutes';
  return greatest(v_updates, v_replies);
end $$;
comment on function chime_private.forget_updates is 'Removes updates and replies a week after their end, `most` of each at most; answers how many of a kind.';
