-- Who sends what next. One claim of a channel at a time, under an advisory lock, so that limits are kept by all senders together: a claim
-- takes the first open message of each mapping, as many as every limit has room for. A claim is committed before its sender opens a
-- socket: whatever it does not report may have been sent.

create or replace function chime_private.claim_lease() returns interval
language sql immutable parallel safe
as $$ select interval '60 seconds' $$;
comment on function chime_private.claim_lease is 'How long a sender has for one message before it is given up; longer than any of its time limits.';

create or replace function chime_private.buckets_of(limits jsonb, channel_context_id text) returns text[]
language sql immutable parallel safe
as $$
  select array_agg(
    case when l.rule ->> 'by' is null then l.place::text
      when channel_context_id ~ (l.rule ->> 'by') then l.place || ':' || coalesce((regexp_match(channel_context_id, l.rule ->> 'by'))[1], '') end
    order by l.place)
  from jsonb_array_elements(limits) with ordinality l(rule, place)
$$;
comment on function chime_private.buckets_of is 'What a context counts against: one bucket for each limit of its channel, null for those that do not concern it.';

create or replace function chime_private.next_messages(c chime_private.channels, mapping_ids uuid[]) returns uuid[]
language sql stable
as $$
  select array(
    select h.id
    from unnest(mapping_ids) with ordinality m(id, place)
    cross join lateral (
      select * from (
        -- What waits for its time holds up the messages behind it where they have an order, and no others.
        select d.id, d.status, d.due_at from chime.deliveries d
        where d.channel_id = c.id and d.channel_mapping_id = m.id and d.status in ('pending', 'sending')
          and (c.is_ordered or d.status = 'sending' or d.due_at is null)
        order by case when not c.is_ordered and d.status = 'sending' then 0 else 1 end, d.run_id, d.part
        limit 1) first
      where first.status = 'pending' and first.due_at is null) h
    order by m.place)
$$;
comment on function chime_private.next_messages is 'The message that is next to be sent to each of these mappings, where there is one and none is being sent.';

create or replace function chime_private.walk_mappings(c chime_private.channels, most integer) returns uuid[]
language sql volatile
as $$
  with recursive walk(id, number) as (
    select (
      select d.channel_mapping_id from chime.deliveries d
      where d.channel_id = c.id and d.status in ('pending', 'sending')
        and d.channel_mapping_id > coalesce(c.walked_to, '00000000-0000-0000-0000-000000000000')
      order by d.channel_mapping_id limit 1), 1
    union all
    select (
      select d.channel_mapping_id from chime.deliveries d
      where d.channel_id = c.id and d.status in ('pending', 'sending') and d.channel_mapping_id > w.id
      order by d.channel_mapping_id limit 1), w.number + 1
    from walk w
    where w.id is not null and w.number < most)
  select array(select w.id from walk w where w.id is not null order by w.number)
$$;
comment on function chime_private.walk_mappings is 'Mappings with open messages, from one to the next however many each has: from where the last claim stopped.';

create or replace function chime_private.within_limits(c chime_private.channels, inout ids uuid[], contexts text[], now timestamptz, out wait interval)
language plpgsql volatile
as $$
declare
  -- Of each message, at its place, its bucket of each limit.
  v_buckets text[];
  v_places bigint[];
  v_most integer;
  v_per interval;
  v_wait interval;
begin
  if ids = '{}' then return; end if;
  if c.limits <> '[]' then
    select array_agg(chime_private.buckets_of(c.limits, u.context) order by u.place) into v_buckets from unnest(contexts) with ordinality u(context, place);
  end if;
  -- Where the channel has asked for a pause.
  select array_agg(f.place order by f.place) filter (where f.until is null), min(f.until) - now into v_places, wait
  from (
    select u.place, (
      select max(p.until) from chime_private.send_pauses p
      where p.channel_id = c.id and p.until > within_limits.now and p.bucket in ('*', coalesce(v_buckets[u.place][1], u.context))) as until
    from unnest(contexts) with ordinality u(context, place)) f;
  -- One limit after the other, the narrowest first: so nothing takes the room of a wide limit that a narrow one then refuses.
  for v_limit in 1..jsonb_array_length(c.limits) loop
    v_most := c.limits -> v_limit - 1 ->> 'most';
    v_per := make_interval(secs => (c.limits -> v_limit - 1 ->> 'per_ms')::double precision / 1000);
    with used as materialized (
      select s.buckets[v_limit] as bucket, count(*) as number, min(s.ended_at) as first
      from chime_private.sends s
      where s.channel_id = c.id and (s.ended_at is null or s.ended_at > now - v_per)
      group by 1
    ), ranked as (
      select u.place, u.bucket, row_number() over (partition by u.bucket order by u.place) as number
      from (select p.place, v_buckets[p.place][v_limit] as bucket from unnest(v_places) p(place)) u
    ), judged as (
      select r.place, r.bucket is null or r.number + coalesce(g.number, 0) <= v_most as allowed, g.first
      from ranked r left join used g on g.bucket = r.bucket
    )
    select array_agg(j.place order by j.place) filter (where j.allowed), min(coalesce(j.first + v_per - now, v_per)) filter (where not j.allowed)
    into v_places, v_wait from judged j;
    wait := least(wait, v_wait);
  end loop;
  ids := array(select ids[p.place] from unnest(v_places) p(place) order by p.place);
end $$;
comment on function chime_private.within_limits is
  'Of these messages, each to the context at its place, those that the limits of their channel have room for, in their order, and how long to wait before '
  'asking for the others.';

create or replace function chime_private.contexts_of(delivery_ids uuid[]) returns text[]
language sql stable
as $$
  select array_agg(m.channel_context_id order by u.place)
  from unnest(delivery_ids) with ordinality u(id, place)
  join chime.deliveries d on d.id = u.id
  join chime.channel_mappings m on m.id = d.channel_mapping_id
$$;
comment on function chime_private.contexts_of is 'Where each of these deliveries goes.';

create or replace function chime_private.hold_for_quiet_hours(delivery_ids uuid[], now timestamptz) returns uuid[]
language plpgsql volatile
as $$
declare
  v_quiet uuid[];
  v_untils timestamptz[];
  v_held uuid[];
  v_due timestamptz;
begin
  select array_agg(q.id), array_agg(q.until) into v_quiet, v_untils
  from (
    select d.id, chime_private.quiet_until(coalesce(m.user_id, d.owner_id), hold_for_quiet_hours.now) as until
    from chime.deliveries d join chime.channel_mappings m on m.id = d.channel_mapping_id
    where d.id = any (delivery_ids) and not d.urgent) q
  where q.until is not null;
  -- Nearly always: and to find nothing to change could take a look at all that waits.
  if v_quiet is null then return coalesce(delivery_ids, '{}'); end if;
  with held as (
    update chime.deliveries d set due_at = q.until, held = true
    from unnest(v_quiet, v_untils) q(id, until) where d.id = q.id and d.status = 'pending'
    returning d.id, d.due_at
  )
  select array_agg(h.id), min(h.due_at) into v_held, v_due from held h;
  perform chime_private.wake_clock(v_due);
  return array(select u.id from unnest(delivery_ids) with ordinality u(id, place) where u.id <> all (coalesce(v_held, '{}')) order by u.place);
end $$;
comment on function chime_private.hold_for_quiet_hours is 'Holds those of these messages whose people are in their quiet hours by now; answers the others.';

create or replace function chime_private.claim_of_channel(
  channel_id text, sender_id uuid, contexts text[], most integer, now timestamptz, out claimed uuid[], out wait interval, out more boolean
)
language plpgsql volatile
as $$
declare
  -- Some more than there are hands: limits refuse a part of them. The next claim goes on from there.
  c_most_mappings constant integer := least(500, greatest(100, 5 * most));
  v_channel chime_private.channels;
  v_mappings uuid[];
  v_next uuid[];
  v_room record;
  v_last uuid;
begin
  claimed := '{}';
  more := false;
  perform pg_advisory_xact_lock(hashtextextended('chime:send:' || channel_id, 0));
  select * into v_channel from chime_private.channels c where c.id = claim_of_channel.channel_id;
  if v_channel.id is null then return; end if;
  if contexts is not null then
    -- Who asks for contexts of its own is where they are: they are live as long as it asks.
    update chime.channel_mappings m set live_until = claim_of_channel.now + interval '30 seconds'
    where m.channel_id = v_channel.id and m.channel_context_id = any (contexts)
      and (m.live_until is null or m.live_until < claim_of_channel.now + interval '20 seconds');
    v_mappings := array(select m.id from chime.channel_mappings m where m.channel_id = v_channel.id and m.channel_context_id = any (contexts));
  else
    v_mappings := chime_private.walk_mappings(v_channel, c_most_mappings);
    more := cardinality(v_mappings) = c_most_mappings or v_channel.walked_to is not null;
  end if;
  v_next := chime_private.next_messages(v_channel, v_mappings);
  select * into v_room from chime_private.within_limits(v_channel, v_next, chime_private.contexts_of(v_next), now);
  wait := v_room.wait;
  if contexts is null then
    -- The next claim goes on behind the last one that got a turn, so that all get theirs.
    v_last := case
      when cardinality(v_room.ids) > most then (select d.channel_mapping_id from chime.deliveries d where d.id = v_room.ids[most])
      when cardinality(v_mappings) = c_most_mappings then v_mappings[c_most_mappings] end;
  end if;
  update chime_private.channels c set seen_at = claim_of_channel.now, walked_to = v_last
  where c.id = v_channel.id and (c.seen_at < claim_of_channel.now - interval '5 seconds' or c.walked_to is distinct from v_last);
  claimed := chime_private.hold_for_quiet_hours(chime_private.drop_unwanted(v_room.ids[1:most], now), now);
  -- Behind one that is dropped the next may be there.
  more := more or cardinality(claimed) < least(cardinality(v_room.ids), most);
  if claimed = '{}' then return; end if;
  more := more or cardinality(claimed) = most;
  with taken as (
    update chime.deliveries d set status = 'sending', attempt = d.attempt + 1, sender_id = claim_of_channel.sender_id,
      claimed_until = claim_of_channel.now + chime_private.claim_lease()
    where d.id in (
      select o.id from chime.deliveries o where o.id = any (claim_of_channel.claimed) and o.status = 'pending' and o.due_at is null
      for no key update skip locked)
    returning d.id, d.attempt, d.channel_mapping_id
  ), counted as (
    insert into chime_private.sends (delivery_id, attempt, channel_id, buckets)
    select t.id, t.attempt, v_channel.id, chime_private.buckets_of(v_channel.limits, m.channel_context_id)
    from taken t join chime.channel_mappings m on m.id = t.channel_mapping_id
    where v_channel.limits <> '[]'
  )
  select coalesce(array_agg(t.id), '{}') into claimed from taken t;
end $$;
comment on function chime_private.claim_of_channel is
  'Takes messages of one channel for a sender, `most` at most; says how long to wait where limits allow no more, and whether more may be there.';

create or replace function chime_private.wall_text(at timestamptz, other timestamptz, timezone text) returns text
language sql stable
as $$
  select to_char(at at time zone timezone,
    case when (at at time zone timezone)::date = (other at time zone timezone)::date then 'HH24:MI' else 'YYYY-MM-DD HH24:MI' end)
$$;
comment on function chime_private.wall_text is 'An instant on the clock of a zone, with its day where that is not the day of the other.';

create or replace function chime_private.claim_deliveries(sender_id uuid, channels text[], contexts text[], most integer)
returns table (
  id uuid, attempt integer, part integer, tier integer, covers_count integer, tenant_id uuid,
  channel_id text, channel_mapping_id uuid, channel_context_id text, is_degraded boolean, heard_ms_ago double precision, locale text, morning_at text, evening_at text, url text, sealed_secret bytea,
  run_id uuid, task text, trigger chime.run_trigger, run_status chime.run_status, schedule_id uuid, schedule_key text, schedule_name text,
  scheduled_for timestamptz, finished_at timestamptz, due_local text, sent_local text, output text, result jsonb, error text, run_is_gone boolean, now_ms double precision,
  wait_ms double precision, more boolean
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s' set enable_bitmapscan = off
as $$
declare
  -- enable_bitmapscan: messages are found by their ids; of a table that fills faster than it is analyzed the planner would read all
  -- that are open, too.
  c_late constant interval := '5 minutes';
  v_now timestamptz := chime.now();
  v_claim record;
  v_channel text;
  v_ids uuid[] := '{}';
  v_wait interval;
  v_more boolean := false;
begin
  for v_channel in select c from unnest(channels) c order by c loop
    select * into v_claim from chime_private.claim_of_channel(v_channel, sender_id, contexts, most - cardinality(v_ids), v_now);
    v_ids := v_ids || v_claim.claimed;
    v_wait := least(v_wait, v_claim.wait);
    v_more := v_more or v_claim.more;
    exit when cardinality(v_ids) >= most;
  end loop;
  return query
    select d.id, d.attempt, d.part, d.tier, d.covers_count, d.tenant_id,
      d.channel_id, m.id, m.channel_context_id, m.status = 'degraded', date_part('epoch', v_now - m.heard_at) * 1000, u.locale, to_char(u.morning_at, 'HH24:MI'), to_char(u.evening_at, 'HH24:MI'), w.url, k.sealed,
      d.run_id, r.task, r.trigger, r.status, r.schedule_id, s.key, s.name,
      r.scheduled_for, r.finished_at,
      case when l.is_late then chime_private.wall_text(r.due_at, v_now, z.zone) end, case when l.is_late then chime_private.wall_text(v_now, r.due_at, z.zone) end,
      r.output, r.result, r.error, r.id is null, date_part('epoch', v_now) * 1000,
      null::double precision, null::boolean
    from unnest(v_ids) i(id)
    join chime.deliveries d on d.id = i.id
    join chime.channel_mappings m on m.id = d.channel_mapping_id
    left join chime.runs r on r.id = d.run_id
    left join chime.schedules s on s.id = r.schedule_id
    left join chime.users u on u.id = coalesce(m.user_id, d.owner_id)
    left join chime.webhooks w on w.id = m.id
    left join chime_private.webhook_secrets k on k.webhook_id = m.id
    cross join lateral (select coalesce(u.timezone, s.timezone, (chime_private.tenant_settings_of(d.tenant_id)).timezone) as zone) z
    -- How late it comes, less the time that the run itself has taken.
    cross join lateral (select (coalesce(r.started_at, r.finished_at) - r.due_at) + (v_now - r.finished_at) > c_late and d.purpose is distinct from 'check_in' as is_late) l;
  id := null;
  wait_ms := date_part('epoch', v_wait) * 1000;
  more := v_more;
  return next;
end $$;
comment on function chime_private.claim_deliveries is
  'Takes messages for a sender, `most` at most, in the order of their runs for each mapping, within the limits of these channels. A sender of terminals '
  'names their contexts, and gets only theirs. Each row is one message and what it is made of; instants that say that it is late are on the clock of who '
  'is told. The last row, without an id, says how long to wait where limits allow no more at once, and whether more may be there. Report within a minute: see finish_deliveries.';

create or replace function chime_private.return_unheld(sender_id uuid, holding uuid[]) returns integer
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  with returned as (
    update chime.deliveries d set status = 'pending', sender_id = null, claimed_until = null
    where d.claimed_until is not null and d.status = 'sending' and d.sender_id = return_unheld.sender_id and d.id <> all (holding)
    returning d.id, d.attempt
  ), ended as (
    update chime_private.sends s set ended_at = chime.now() from returned r where s.delivery_id = r.id and s.attempt = r.attempt
  )
  select count(*)::integer from returned
$$;
comment on function chime_private.return_unheld is
  'Gives back what a sender has taken and does not know of, because the answer to its claim was lost: nobody has tried to send that. Answers how many.';
