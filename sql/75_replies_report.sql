-- What became of a reply, by what the channel has answered: the row, the mappings of its place, and the limits of the channel. A place is
-- the same for all tenants.

create or replace function chime_private.end_reply(r chime_private.replies, status chime.delivery_status, reason text, external_id text, now timestamptz) returns void
language sql volatile
as $$
  update chime_private.replies u set status = end_reply.status, failure_reason = left(reason, 500), external_id = end_reply.external_id,
    content = null, finished_at = now, due_at = null, sender_id = null, claimed_until = null
  where u.id = r.id
$$;
comment on function chime_private.end_reply is 'Gives a reply its final status; what it said is not kept.';

create or replace function chime_private.retry_reply(r chime_private.replies, reason text, now timestamptz, wait interval default null) returns void
language plpgsql volatile
as $$
declare
  v_waits constant interval[] := (select c.retry_waits from chime_private.channels c where c.id = r.channel_id);
  v_wait constant interval := greatest(wait, v_waits[r.failure_count + 1]);
begin
  if v_waits[r.failure_count + 1] is null then
    perform chime_private.end_reply(r, 'failed', reason, null, now);
    return;
  end if;
  update chime_private.replies u set status = 'pending', failure_reason = left(reason, 500), failure_count = u.failure_count + 1, due_at = now + v_wait,
    sender_id = null, claimed_until = null
  where u.id = r.id;
  perform chime_private.wake_clock(now + v_wait);
end $$;
comment on function chime_private.retry_reply is
  'Lets a reply that was not sent wait for another attempt, as long as its channel says, at least `wait`; or gives it up, if it had all of them.';

create or replace function chime_private.doubt_reply(r chime_private.replies, reason text, now timestamptz) returns void
language plpgsql volatile
as $$
begin
  if r.kind in ('edit', 'answer') then
    perform chime_private.retry_reply(r, reason, now);
  else
    perform chime_private.end_reply(r, 'unknown', coalesce(reason, 'The channel has not said which message it became.'), null, now);
  end if;
end $$;
comment on function chime_private.doubt_reply is 'What follows where a reply may have been sent: it is sent again where that does no harm.';

create or replace function chime_private.mappings_at(channel_id text, context_id text) returns setof chime.channel_mappings
language sql volatile
as $$
  select m.* from chime.channel_mappings m
  where m.channel_id = mappings_at.channel_id
    and (m.channel_context_id = context_id or starts_with(m.channel_context_id, context_id || ':'))
  order by m.id for no key update
$$;
comment on function chime_private.mappings_at is 'The mappings of a chat and of its threads, or of one of these, in all tenants, locked against other changes.';

create or replace function chime_private.chat_left(channel_id text, context_id text, reason text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$ select chime_private.set_mapping_status(m, 'blocked', reason) from chime_private.mappings_at(channel_id, context_id) m $$;
comment on function chime_private.chat_left is 'Says that the bot can write to a chat no more: its mappings are blocked. That somebody resumes them takes resume_mapping.';

create or replace function chime_private.move_chat(channel_id text, old_context_id text, new_context_id text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := chime.now();
  v_old constant text := split_part(old_context_id, ':', 1);
  v_new constant text := split_part(new_context_id, ':', 1);
begin
  perform chime_private.move_mapping(m, v_new || substr(m.channel_context_id, length(v_old) + 1), v_now)
  from chime_private.mappings_at(channel_id, v_old) m;
  update chime_private.replies r set
    channel_context_id = v_new || substr(r.channel_context_id, length(v_old) + 1), lane = v_new || substr(r.lane, length(v_old) + 1)
  where r.channel_id = move_chat.channel_id and r.status = 'pending' and (r.lane = v_old or starts_with(r.lane, v_old || ':'));
  -- The user that a group is: see hear.
  update chime.users u set subject = move_chat.channel_id || ':' || v_new, updated_at = v_now
  where u.subject = move_chat.channel_id || ':' || v_old
    and not exists (select from chime.users o where o.tenant_id = u.tenant_id and o.subject = move_chat.channel_id || ':' || v_new);
end $$;
comment on function chime_private.move_chat is
  'Says that the chat of a context has another id now: its mappings, what is still to be said there, and the user that a group is, follow.';

create or replace function chime_private.finish_reply(
  r chime_private.replies, outcome chime_private.send_outcome, external_id text, reason text, wait interval, context_id text, whole_channel boolean, now timestamptz
) returns void
language plpgsql volatile
as $$
begin
  case
    when outcome = 'sent' and (external_id is not null or r.kind in ('edit', 'answer')) then
      perform chime_private.end_reply(r, 'sent', null, external_id, now);
      return;
    when outcome in ('sent', 'unknown') then
      perform chime_private.doubt_reply(r, reason, now);
      return;
    when outcome = 'retry' then
      perform chime_private.retry_reply(r, reason, now, wait);
      return;
    when outcome in ('refused', 'blocked') then
      perform chime_private.end_reply(r, 'failed', reason, null, now);
      if outcome = 'blocked' and r.channel_context_id is not null then
        perform chime_private.chat_left(r.channel_id, split_part(r.channel_context_id, ':', 1), left(reason, 500));
      end if;
      return;
    else null;
  end case;
  -- All others may be sent after all.
  update chime_private.replies u set status = 'pending', failure_reason = left(reason, 500), tier = u.tier + (outcome = 'plainer')::integer,
    is_degraded = u.is_degraded or outcome = 'degraded', sender_id = null, claimed_until = null
  where u.id = r.id;
  case outcome
    when 'degraded' then
      perform chime_private.set_mapping_status(m, 'degraded', left(reason, 500))
      from chime_private.mappings_at(r.channel_id, r.channel_context_id) m where m.status = 'active';
    when 'moved' then perform chime_private.move_chat(r.channel_id, r.channel_context_id, context_id);
    when 'throttled' then
      perform chime_private.pause_sending(r.channel_id, coalesce(r.channel_context_id, ''), whole_channel or r.channel_context_id is null,
        now + coalesce(wait, interval '5 seconds'));
    else null;
  end case;
  perform pg_notify('chime_reply', '');
end $$;
comment on function chime_private.finish_reply is 'What follows for a reply, whose row the caller has locked, and the mappings of its place, from how sending it ended.';

create or replace function chime_private.finish_replies(reports jsonb) returns uuid[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
as $$
declare
  v_now constant timestamptz := chime.now();
  v_report record;
  v_reply chime_private.replies;
  v_recorded uuid[] := '{}';
begin
  for v_report in
    select * from jsonb_to_recordset(reports) p(id uuid, attempt integer, outcome chime_private.send_outcome, external_id text, reason text,
      wait_ms double precision, context_id text, whole_channel boolean)
    order by p.id
  loop
    update chime_private.sends s set ended_at = v_now where s.delivery_id = v_report.id and s.attempt = v_report.attempt and s.ended_at is null;
    select * into v_reply from chime_private.replies r
    where r.id = v_report.id and r.attempt = v_report.attempt
      -- The proof that it was sent is welcome late, too.
      and (r.status = 'sending' or r.status = 'unknown' and v_report.outcome = 'sent' and v_report.external_id is not null)
    for no key update;
    continue when v_reply.id is null;
    perform chime_private.finish_reply(v_reply, v_report.outcome, left(v_report.external_id, 500), v_report.reason,
      make_interval(secs => v_report.wait_ms / 1000), v_report.context_id, coalesce(v_report.whole_channel, false), v_now);
    v_recorded := v_recorded || v_report.id;
  end loop;
  return v_recorded;
end $$;
comment on function chime_private.finish_replies is
  'Records what became of replies: an array of {id, attempt, outcome, external_id, reason, wait_ms, context_id, whole_channel}. Answers the ids of those '
  'that are recorded: an attempt that is not the current one changes nothing. May be sent again.';
