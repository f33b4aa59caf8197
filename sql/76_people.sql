-- What pgchime needs of people to write to them of its own accord: that they have said so, when, and what is remembered of them.

create or replace function chime.complete_onboarding(user_id uuid default null) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_user chime.users;
begin
  update chime.users u set onboarded_at = coalesce(u.onboarded_at, v_now), updated_at = case when u.onboarded_at is null then v_now else u.updated_at end
  where u.id = chime_private.whose_settings(complete_onboarding.user_id)
  returning * into v_user;
  return v_user;
end $$;
comment on function chime.complete_onboarding is
  'Says that a person (the current user, if none is given) has told what is needed to write to them of one''s own accord; before that they get no check-ins. '
  'Errors: CH015.';

create or replace function chime.set_check_in(
  preferred_message_time time default null, check_in_days integer[] default null, check_in_silence interval default null, user_id uuid default null
) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user chime.users;
begin
  if extract(second from preferred_message_time) <> 0 or preferred_message_time = '24:00' then
    perform chime_private.fail('CH007', 'preferred_message_time must be a time of day in full minutes, such as 09:00.', null, '{"field": "preferred_message_time"}');
  elsif check_in_days is not null and (cardinality(check_in_days) not between 1 and 7 or not check_in_days <@ '{1,2,3,4,5,6,7}' or array_ndims(check_in_days) > 1) then
    perform chime_private.fail('CH007', 'check_in_days must be numbers from 1 (Monday) to 7 (Sunday).', 'null is every day.', '{"field": "check_in_days"}');
  elsif not isfinite(check_in_silence) or check_in_silence < '0' or check_in_silence > '7 days' then
    perform chime_private.fail('CH007', 'check_in_silence must be between 0 and 7 days.', '0 is whenever they spoke; null as the tenant has it.', '{"field": "check_in_silence"}');
  end if;
  update chime.users u set preferred_message_time = set_check_in.preferred_message_time, check_in_days = set_check_in.check_in_days,
    check_in_silence = set_check_in.check_in_silence, updated_at = chime.now()
  where u.id = chime_private.whose_settings(set_check_in.user_id)
  returning * into v_user;
  return v_user;
end $$;
comment on function chime.set_check_in is
  'Says when a person (the current user, if none is given) gets a daily check-in: at preferred_message_time on their own clock, on check_in_days (1 = Monday '
  'to 7 = Sunday; null = every day), unless they have said something within check_in_silence before (0: whenever they spoke; null: as the tenant has it). Without a '
  'time they get none. Its schedule follows at once. Only those who are onboarded get any: see complete_onboarding. Errors: CH007, CH015.';

create or replace function chime_private.check_context(context jsonb) returns void
language plpgsql immutable
as $$
declare
  v_wrong text;
begin
  v_wrong := case
    when context is null or jsonb_typeof(context) <> 'object' then 'context must be an object.'
    when octet_length(context::text) > 20000 then 'context must have at most 20,000 bytes.'
    when exists (select from jsonb_each(context) l where l.key not in ('facts', 'situations') or jsonb_typeof(l.value) <> 'array' or jsonb_array_length(l.value) > 30)
      then 'context has facts and situations, each a list of 30 at most.'
    when exists (
      select from jsonb_each(context) l, jsonb_array_elements(l.value) e
      where jsonb_typeof(e) <> 'object' or coalesce(length(e ->> 'text') not between 1 and 500, true) or not pg_input_is_valid(coalesce(e ->> 'at', ''), 'timestamptz'))
      then 'Each fact and situation of context has a text of 1 to 500 characters, and at, when it was learnt.'
  end;
  if v_wrong is not null then
    perform chime_private.fail('CH007', v_wrong, 'For example {"facts": [{"text": "Has a dog", "at": "2026-11-01T09:00:00Z"}], "situations": []}.', '{"field": "context"}');
  end if;
end $$;
comment on function chime_private.check_context is 'Refuses what is no memory of a person (CH007).';

create or replace function chime.set_context(context jsonb, user_id uuid default null) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user chime.users;
begin
  perform chime_private.check_context(context);
  update chime.users u set context = '{"facts": [], "situations": []}'::jsonb || set_context.context, updated_at = chime.now()
  where u.id = chime_private.whose_settings(set_context.user_id)
  returning * into v_user;
  return v_user;
end $$;
comment on function chime.set_context is
  'Sets all that is remembered of a person (the current user, if none is given): {"facts": [{"text", "at"}], "situations": [{"text", "at"}]}, 30 of each at '
  'most. Errors: CH007, CH015.';

create or replace function chime.remember(what text, is_ongoing boolean default false, user_id uuid default null) returns chime.users
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  c_most constant integer := 30;
  v_now timestamptz := chime.now();
  v_kind text := case when is_ongoing then 'situations' else 'facts' end;
  v_list jsonb;
  v_user chime.users;
begin
  what := btrim(left(what, 501), E' \t\r\n');
  if coalesce(length(what), 0) not between 1 and 500 then
    perform chime_private.fail('CH007', 'what must have 1 to 500 characters.', null, '{"field": "what"}');
  end if;
  select * into v_user from chime.users u where u.id = chime_private.whose_settings(remember.user_id) for no key update;
  -- What is learnt again is new; of too many, in number or in bytes, the oldest go.
  v_list := coalesce((
      select jsonb_agg(k.e order by k.place)
      from (
        select o.e, o.place, count(*) over w as number, sum(octet_length(o.e::text) + 2) over w as bytes
        from jsonb_array_elements(v_user.context -> v_kind) with ordinality o(e, place)
        where o.e ->> 'text' <> what
        window w as (order by o.place desc)) k
      where k.number < c_most and k.bytes < 7000), '[]')
    || jsonb_build_object('text', what, 'at', chime_private.instant_text(v_now));
  update chime.users u set context = jsonb_set(u.context, array[v_kind], v_list), updated_at = v_now where u.id = v_user.id returning * into v_user;
  return v_user;
end $$;
comment on function chime.remember is
  'Remembers something of a person (the current user, if none is given), to speak to them by it: a fact, or with is_ongoing a situation that goes on. The last 30 of '
  'each kind are kept, up to some 7,000 bytes. Errors: CH007, CH015.';
