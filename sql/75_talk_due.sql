-- What tick() does with updates and replies when their time comes.

create or replace function chime_private.expire_reply_claims(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_reply chime_private.replies;
  v_count integer := 0;
begin
  for v_reply in
    select * from chime_private.replies r where r.claimed_until <= expire_reply_claims.now order by r.claimed_until limit most for no key update skip locked
  loop
    update chime_private.sends s set ended_at = expire_reply_claims.now
    where s.delivery_id = v_reply.id and s.attempt = v_reply.attempt and s.ended_at is null;
    perform chime_private.doubt_reply(v_reply, 'Its sender has not said what became of it: it may have been sent.', now);
    v_count := v_count + 1;
  end loop;
  perform pg_notify('chime_reply', '') where v_count > 0;
  return v_count;
end $$;
comment on function chime_private.expire_reply_claims is 'Gives up claims of senders that have not reported in time, `most` of them at most; answers how many.';

create or replace function chime_private.move_talk(now timestamptz, most integer) returns integer
language plpgsql volatile
as $$
declare
  v_replies integer;
  v_updates integer;
begin
  if chime_private.talk_due_at() is null then return 0; end if;
  update chime_private.replies r set due_at = null
  where r.id in (select o.id from chime_private.replies o where o.due_at <= move_talk.now order by o.due_at limit most for no key update skip locked);
  get diagnostics v_replies = row_count;
  perform pg_notify('chime_reply', '') where v_replies > 0;
  update chime_private.updates u set due_at = null
  where (u.bot_id, u.update_id) in (
    select o.bot_id, o.update_id from chime_private.updates o where o.due_at <= move_talk.now order by o.due_at limit most for no key update skip locked);
  get diagnostics v_updates = row_count;
  perform pg_notify('chime_update', '') where v_updates > 0;
  return greatest(v_replies, v_updates, chime_private.expire_reply_claims(now, most));
end $$;
comment on function chime_private.move_talk is 'Moves updates and replies of the bot whose time has come; answers how many of a kind at most.';

create or replace function chime_private.talk_due_at() returns timestamptz
language sql stable
as $$
  select least(
    (select r.due_at from chime_private.replies r where r.due_at is not null order by r.due_at limit 1),
    (select r.claimed_until from chime_private.replies r where r.claimed_until is not null order by r.claimed_until limit 1),
    (select u.due_at from chime_private.updates u where u.due_at is not null order by u.due_at limit 1))
$$;
comment on function chime_private.talk_due_at is 'When an update or a reply of the bot is to be moved next; null where none waits.';
