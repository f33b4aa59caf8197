-- What the bot says to an update: written in the transaction that handles it, and sent afterwards, within the limits that deliveries of
-- that channel have too. As with them, a claim is committed before its sender opens a socket, and what it does not report may have been
-- sent: a message is not sent again by itself then; an edit, or an answer to a press, does no harm a second time.

create or replace function chime_private.add_replies(bot_id bigint, update_id bigint, channel_id text, replies jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := chime.now();
begin
  insert into chime_private.replies (id, bot_id, update_id, channel_id, channel_context_id, lane, kind, content, created_at)
  select chime_private.new_id(v_now), add_replies.bot_id, add_replies.update_id, add_replies.channel_id, i.context_id,
    coalesce(i.context_id, '~' || chime_private.new_id(v_now)), i.kind, i.content, v_now
  from rows from (jsonb_to_recordset(replies) as (kind text, context_id text, content jsonb)) with ordinality i(kind, context_id, content, place)
  order by i.place;
  if found then perform pg_notify('chime_reply', ''); end if;
end $$;
comment on function chime_private.add_replies is
  'Writes what the bot says to an update: an array of {kind, context_id, content}. What goes to one place is sent in this order.';

create or replace function chime_private.next_replies(c chime_private.channels, after_lane text, most integer, out ids uuid[], out last_lane text)
language plpgsql volatile
as $$
declare
  c_most_lanes constant integer := 500;
  -- Behind all places: see add_replies.
  c_answers constant text := '~';
  v_answers uuid[];
begin
  -- Who has pressed a button looks at it until it is answered.
  v_answers := array(
    select r.id from chime_private.replies r
    where r.channel_id = c.id and r.lane > c_answers and r.status in ('pending', 'sending') and r.status = 'pending' and r.due_at is null
    order by r.lane limit most);
  with recursive walk(lane, number) as (
    select (
      select r.lane from chime_private.replies r
      where r.channel_id = c.id and r.status in ('pending', 'sending') and r.lane > after_lane and r.lane < c_answers order by r.lane limit 1), 1
    union all
    select (
      select r.lane from chime_private.replies r
      where r.channel_id = c.id and r.status in ('pending', 'sending') and r.lane > w.lane and r.lane < c_answers order by r.lane limit 1), w.number + 1
    from walk w
    where w.lane is not null and w.number < c_most_lanes
  ), heads as (
    select w.lane, w.number, h.id, h.status = 'pending' and h.due_at is null as is_ready
    from walk w cross join lateral (
      select r.id, r.status, r.due_at from chime_private.replies r
      where r.channel_id = c.id and r.status in ('pending', 'sending') and r.lane = w.lane order by r.seq limit 1) h
  )
  select array_agg(h.id order by h.number) filter (where h.is_ready), case when count(*) = c_most_lanes then max(h.lane) end
  into ids, last_lane from heads h;
  ids := v_answers || coalesce(ids, '{}');
end $$;
comment on function chime_private.next_replies is
  'Answers to presses, and the first reply of each lane behind this one, where nobody is at it; last_lane says where to go on, null from the beginning.';

create or replace function chime_private.claim_replies(sender_id uuid, channel_id text, after_lane text, most integer)
returns table (
  id uuid, attempt integer, tier integer, is_degraded boolean, kind text, channel_context_id text, content jsonb,
  wait_ms double precision, more boolean, last_lane text
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
as $$
declare
  v_now constant timestamptz := chime.now();
  v_channel chime_private.channels;
  v_next record;
  v_room record;
begin
  -- Claims of one channel take turns, those of deliveries too.
  perform pg_advisory_xact_lock(hashtextextended('chime:send:' || claim_replies.channel_id, 0));
  select * into v_channel from chime_private.channels c where c.id = claim_replies.channel_id;
  select * into v_next from chime_private.next_replies(v_channel, after_lane, most);
  select * into v_room from chime_private.within_limits(v_channel, v_next.ids, array(
    select coalesce(r.channel_context_id, '') from unnest(v_next.ids) with ordinality u(id, place) join chime_private.replies r on r.id = u.id order by u.place), v_now);
  return query
    with taken as (
      update chime_private.replies r set status = 'sending', attempt = r.attempt + 1, sender_id = claim_replies.sender_id,
        claimed_until = v_now + chime_private.claim_lease()
      where r.id = any (v_room.ids[1:most]) and r.status = 'pending'
      returning r.*
    ), counted as (
      insert into chime_private.sends (delivery_id, attempt, channel_id, buckets)
      select t.id, t.attempt, t.channel_id, chime_private.buckets_of(v_channel.limits, coalesce(t.channel_context_id, '')) from taken t
      where v_channel.limits <> '[]'
    )
    select t.id, t.attempt, t.tier,
      t.is_degraded or exists (
        select from chime.channel_mappings m
        where m.channel_id = t.channel_id and m.channel_context_id = t.channel_context_id and m.status = 'degraded'),
      t.kind, t.channel_context_id, t.content, null::double precision, null::boolean, null::text
    from taken t order by t.seq;
  id := null;
  wait_ms := date_part('epoch', v_room.wait) * 1000;
  -- The next claim goes on behind the last lane that got a turn, so that all get theirs.
  last_lane := case when cardinality(v_room.ids) > most then (
      select max(r.lane) from chime_private.replies r where r.id = any (v_room.ids[1:most]) and r.channel_context_id is not null)
    else v_next.last_lane end;
  more := cardinality(v_room.ids) >= most or last_lane is not null or after_lane <> '';
  return next;
end $$;
comment on function chime_private.claim_replies is
  'Takes replies for a sender, `most` at most, within the limits of the channel. The last row, without an id, says how long to wait where limits allow no '
  'more at once, whether more may be there, and behind which lane to go on. Report within a minute: see finish_replies.';

create or replace function chime_private.return_unheld_replies(sender_id uuid, holding uuid[]) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with returned as (
    update chime_private.replies r set status = 'pending', sender_id = null, claimed_until = null
    where r.claimed_until is not null and r.status = 'sending' and r.sender_id = return_unheld_replies.sender_id and r.id <> all (holding)
    returning r.id, r.attempt
  ), ended as (
    update chime_private.sends s set ended_at = chime.now() from returned r where s.delivery_id = r.id and s.attempt = r.attempt
  )
  select count(*)::integer from returned
$$;
comment on function chime_private.return_unheld_replies is 'Gives back what a sender has taken and does not know of, because the answer to its claim was lost; answers how many.';
