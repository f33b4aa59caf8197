-- Deliveries and the inbox by hand.

create or replace function chime_private.visible_delivery(delivery_id uuid) returns chime.deliveries
language plpgsql volatile
as $$
declare
  v_delivery chime.deliveries;
begin
  select * into v_delivery from chime.deliveries d
  where d.id = visible_delivery.delivery_id and d.tenant_id = chime.current_tenant() and chime_private.may_see(d.owner_id)
  for no key update;
  if v_delivery.id is null then
    perform chime_private.fail('CH019', format('There is no delivery %s.', coalesce(delivery_id::text, 'without an id')), 'See chime.deliveries.');
  end if;
  return v_delivery;
end $$;
comment on function chime_private.visible_delivery is 'A delivery that the caller may see, its row locked against other changes. Raises CH019.';

create or replace function chime.retry_delivery(delivery_id uuid) returns chime.deliveries
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_delivery chime.deliveries := chime_private.visible_delivery(delivery_id);
  v_mapping chime.channel_mappings;
begin
  select * into v_mapping from chime.channel_mappings m where m.id = v_delivery.channel_mapping_id;
  if v_delivery.status in ('sent', 'sending') then
    perform chime_private.fail('CH013', format('The delivery %s cannot be sent again: it is %s.', v_delivery.id, v_delivery.status),
      case v_delivery.status when 'sent' then 'chime.run_now runs its schedule once more.' else 'Wait for what becomes of it.' end,
      jsonb_build_object('status', v_delivery.status));
  elsif v_mapping.status = 'blocked' then
    perform chime_private.fail('CH013', format('The channel of the delivery %s is blocked: %s', v_delivery.id, v_mapping.status_reason),
      'chime.resume_mapping sends to it again.', jsonb_build_object('channel_mapping_id', v_mapping.id));
  end if;
  update chime.deliveries d set status = 'pending', skip_reason = null, finished_at = null, due_at = null, held = false, urgent = true, failure_count = 0
  where d.id = v_delivery.id
  returning * into v_delivery;
  perform pg_notify('chime_delivery', '');
  return v_delivery;
end $$;
comment on function chime.retry_delivery is
  'Sends a message at once that failed, was skipped, waits, or of which nobody knows what became: then it may come twice. Its run is not repeated, '
  'quiet hours do not hold it, and the attempts that its channel allows begin anew. Errors: CH013, CH019.';

create or replace function chime.mark_inbox_read(delivery_ids uuid[] default null) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  update chime.deliveries d set read_at = chime.now()
  where d.owner_id = chime.current_user_id() and d.tenant_id = chime.current_tenant() and d.channel_id = 'web' and d.status = 'sent' and d.read_at is null
    and (delivery_ids is null or d.id = any (delivery_ids));
  get diagnostics v_count = row_count;
  return v_count;
end $$;
comment on function chime.mark_inbox_read is
  'Marks messages in the inbox of the current user as read, all of them if none are named; answers how many were not before.';

create or replace function chime.describe_delivery(schedule_id uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_schedule chime.schedules := chime_private.visible_schedule(schedule_id);
  v_mapping chime.channel_mappings;
  v_what constant text := case v_schedule.deliver
    when 'never' then null when 'always' then 'all runs' when 'on_failure' then 'runs that fail' when 'on_change' then 'runs that say something new'
    else 'runs that fail, and the first that succeeds after them' end;
begin
  select * into v_mapping from chime.channel_mappings m where m.id = v_schedule.channel_mapping_id;
  return case
    when v_what is null then 'nowhere: deliver is never'
    when v_mapping.status = 'active' then format('%s: to %s %s', v_what, v_mapping.channel_id, v_mapping.channel_context_id)
    when v_mapping.id is not null then format('%s: to %s %s, which is %s: %s', v_what, v_mapping.channel_id, v_mapping.channel_context_id, v_mapping.status, v_mapping.status_reason)
    when v_schedule.owner_id is not null then format('%s: to the inbox of its owner, and where the owner looks on', v_what)
    else 'nowhere: it has neither an owner nor a channel mapping'
  end;
end $$;
comment on function chime.describe_delivery is 'Which runs of a schedule are told of, and where, in words. Errors: CH010.';

create or replace function chime.create_webhook(
  url text, id uuid default null, sealed_secret bytea default null, description text default null
) returns chime.webhooks
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := chime.now();
  v_id constant uuid := coalesce(id, chime_private.new_id(v_now));
  v_owner constant uuid := chime_private.new_owner();
  v_webhook chime.webhooks;
begin
  if url is null or length(left(url, 2001)) > 2000 or url !~ '^https?://[^\s/?#]+[^\s]*$' or url ~ '^https?://[^/?#]*@' then
    perform chime_private.fail('CH007', 'url must be an http or https address of at most 2000 characters, without a user and a password.', null, '{"field": "url"}');
  elsif length(left(description, 2001)) > 2000 then
    perform chime_private.fail('CH007', 'description must have at most 2000 characters.', null, '{"field": "description"}');
  elsif length(sealed_secret) not between 34 and 1000 then
    perform chime_private.fail('CH007', 'sealed_secret is not what sealing a secret makes.', 'The library and the command line seal secrets; SQL alone cannot.', '{"field": "sealed_secret"}');
  elsif exists (select from chime.channel_mappings m where m.id = v_id) then
    perform chime_private.fail('CH007', 'Another channel mapping has this id.', 'Give a new one, or none.', '{"field": "id"}');
  end if;
  insert into chime.channel_mappings (id, tenant_id, user_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
  values (v_id, chime.current_tenant(), v_owner, 'webhook', v_id::text, v_now, v_now, v_now);
  insert into chime.webhooks (id, tenant_id, owner_id, url, is_signed, description, created_at)
  values (v_id, chime.current_tenant(), v_owner, create_webhook.url, sealed_secret is not null, create_webhook.description, v_now)
  returning * into v_webhook;
  insert into chime_private.webhook_secrets (webhook_id, sealed) select v_id, sealed_secret where sealed_secret is not null;
  return v_webhook;
end $$;
comment on function chime.create_webhook is
  'Makes an address that runs are posted to; its id is that of a channel mapping, for channel_mapping_id of schedules. sealed_secret is the secret of its '
  'signature, encrypted for this tenant and id: the library does that. Errors: CH007, CH041.';
