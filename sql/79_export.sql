-- All that is known of a person, for them to take along. Secrets are not in it: the hash of a token, the key of a webhook.

create or replace function chime_private.exported_schedules(u chime.users) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(
    to_jsonb(s) - '{tenant_id,owner_id,rule,more_rules,excluded,accounted_until,active_run_ids,next_due_at,blocked_at}'::text[]
      || jsonb_build_object('rule_in_words', chime_private.schedule_words(s, case when u.locale ~* '^ru' then 'ru' else 'en' end))
    order by s.id), '[]')
  from chime.schedules s where s.owner_id = u.id
$$;
comment on function chime_private.exported_schedules is 'The schedules of a person, deleted ones too, with their rules in words.';

create or replace function chime_private.exported_runs(u chime.users) returns jsonb
language sql stable
as $$
  select coalesce(jsonb_agg(
    to_jsonb(r) - '{tenant_id,owner_id,in_turn,policy,worker_id,traceparent,output_summary}'::text[]
      || jsonb_build_object(
        'attempts', (
          select coalesce(jsonb_agg(to_jsonb(a) - '{run_id,tenant_id,owner_id,worker_id}'::text[] order by a.attempt), '[]')
          from chime.run_attempts a where a.run_id = r.id),
        'logs', (
          select coalesce(jsonb_agg(to_jsonb(l) - '{run_id,tenant_id,owner_id}'::text[] order by l.seq), '[]')
          from chime.run_logs l where l.run_id = r.id))
    order by r.id), '[]')
  from chime.runs r where r.owner_id = u.id
$$;
comment on function chime_private.exported_runs is 'The runs of a person with all that they have produced.';

create or replace function chime_private.exported_places(u chime.users) returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'channel_mappings', (
      select coalesce(jsonb_agg(to_jsonb(m) - '{tenant_id,user_id}'::text[] order by m.id), '[]') from chime.channel_mappings m where m.user_id = u.id),
    'webhooks', (
      select coalesce(jsonb_agg(to_jsonb(w) - '{tenant_id,owner_id}'::text[] order by w.id), '[]') from chime.webhooks w where w.owner_id = u.id),
    'api_tokens', (
      select coalesce(jsonb_agg(to_jsonb(k) - '{tenant_id,user_id,hash}'::text[] order by k.id), '[]')
      from chime.api_tokens k where k.tenant_id = u.tenant_id and k.user_id = u.id),
    'calendar_feeds', (
      select coalesce(jsonb_agg(to_jsonb(f) - '{tenant_id,user_id,hash}'::text[] order by f.id), '[]') from chime.calendar_feeds f where f.user_id = u.id),
    'conversations', (
      select coalesce(jsonb_agg(jsonb_build_object('channel_id', m.channel_id, 'channel_context_id', m.channel_context_id, 'draft', c.draft,
        'updated_at', c.updated_at) order by c.id), '[]')
      from chime_private.conversations c join chime.channel_mappings m on m.id = c.channel_mapping_id where c.person_id = u.id),
    -- What they have asked for where a group shares it.
    'schedules_of_groups', (
      select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name) order by s.id), '[]')
      from chime_private.schedule_authors a join chime.schedules s on s.id = a.schedule_id where a.person_id = u.id))
$$;
comment on function chime_private.exported_places is 'Where a person is reached, speaks and signs in, and in which groups.';

create or replace function chime.export_person(user_id uuid default null) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_user chime.users;
begin
  select * into v_user from chime.users u where u.id = chime_private.whose_settings(export_person.user_id);
  return jsonb_build_object(
    'exported_at', chime.now(),
    'person', to_jsonb(v_user) - 'tenant_id',
    'schedules', chime_private.exported_schedules(v_user),
    'schedule_revisions', (
      select coalesce(jsonb_agg(to_jsonb(r) - '{tenant_id,owner_id}'::text[] order by r.id), '[]') from chime.schedule_revisions r where r.owner_id = v_user.id),
    'runs', chime_private.exported_runs(v_user),
    -- Those to the channel web are the inbox.
    'deliveries', (
      select coalesce(jsonb_agg(to_jsonb(d) - '{tenant_id,owner_id,output_hash,sender_id,claimed_until,tier}'::text[] order by d.id), '[]')
      from chime.deliveries d where d.owner_id = v_user.id),
    'follow_ups', (
      select coalesce(jsonb_agg(to_jsonb(f) - '{tenant_id}'::text[] order by f.id), '[]')
      from chime.follow_ups f where f.owner_id = v_user.id or f.person_id = v_user.id),
    'meetings', (
      select coalesce(jsonb_agg(to_jsonb(m) - '{tenant_id,owner_id}'::text[]
        || jsonb_build_object('reminders', (
          select coalesce(jsonb_agg(to_jsonb(r) - '{tenant_id,owner_id,meeting_id}'::text[] order by r.remind_at), '[]')
          from chime.meeting_reminders r where r.meeting_id = m.id)) order by m.id), '[]')
      from chime.meetings m where m.owner_id = v_user.id),
    'check_ins', (
      select coalesce(jsonb_agg(to_jsonb(c) - '{tenant_id,user_id}'::text[] order by c.id), '[]') from chime.check_ins c where c.user_id = v_user.id),
    'events', (
      select coalesce(jsonb_agg(to_jsonb(e) - '{tenant_id,owner_id,traceparent}'::text[] order by e.id), '[]') from chime.events e where e.owner_id = v_user.id),
    'event_handlers', (
      select coalesce(jsonb_agg(to_jsonb(h) - '{tenant_id,owner_id}'::text[] order by h.id), '[]') from chime.event_handlers h where h.owner_id = v_user.id)
  ) || chime_private.exported_places(v_user);
end $$;
comment on function chime.export_person is
  'All that is known of a person (the current user, if none is given), as JSON: who they are and what they have set, their schedules and who changed what of them, runs '
  'with all of their output, deliveries (those of the channel web are the inbox), follow-ups by them and about them, meetings, check-ins, events, and where they are reached. '
  'Secrets are not in it. For the person, and for administrators. Errors: CH015.';
