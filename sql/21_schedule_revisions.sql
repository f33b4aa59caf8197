-- Who changed what, when, and from where. Every change of a schedule's definition or state leaves a row, in the same transaction,
-- whichever function made it; that a tick fired it is no change.

create or replace function chime_private.changeable(s chime.schedules) returns jsonb
language sql stable
as $$
  select jsonb_object_agg(f.key, f.value)
  from jsonb_each(to_jsonb(s) - '{id,tenant_id,rule,more_rules,excluded,next_run_at,next_due_at,accounted_until,run_count,last_run_id,active_run_ids,blocked_at,revision,created_at,updated_at,paused_at}'::text[]) f
  where f.value <> 'null'
$$;
comment on function chime_private.changeable is 'What somebody can change of a schedule: its definition and its state, without what is null.';

create or replace function chime_private.record_revision(
  s chime.schedules, action chime.schedule_action, before jsonb, after jsonb, now timestamptz
) returns void
language sql volatile
as $$
  insert into chime.schedule_revisions (tenant_id, owner_id, schedule_id, revision, action, actor, surface, changed_at, before, after)
  values (s.tenant_id, s.owner_id, s.id, s.revision, action,
    left(chime_private.current_actor(), 200), left(coalesce(nullif(current_setting('chime.surface', true), ''), 'sql'), 50), now, before, after)
$$;
comment on function chime_private.record_revision is 'Puts on record that the current actor did something to a schedule.';

create or replace function chime_private.note_revision() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb := chime_private.changeable(old);
  v_after jsonb := chime_private.changeable(new);
begin
  -- What is erased with somebody leaves no trace: see erase_person.
  if current_setting('chime.forgetting', true) = 'on' then return null; end if;
  perform chime_private.record_revision(new,
    case
      when new.deleted_at is null and old.deleted_at is not null then 'restored'
      when new.deleted_at is distinct from old.deleted_at then 'deleted'
      when new.status = old.status then case when new.status = 'paused' and new.revision = old.revision then 'paused' else 'changed' end
      when new.revision <> old.revision then 'changed'
      when new.status = 'active' then 'resumed'
      else new.status::text
    end::chime.schedule_action,
    (select coalesce(jsonb_object_agg(b.key, b.value), '{}') from jsonb_each(v_before) b where b.value is distinct from v_after -> b.key),
    (select coalesce(jsonb_object_agg(a.key, a.value), '{}') from jsonb_each(v_after) a where a.value is distinct from v_before -> a.key),
    chime.now());
  return null;
end $$;
comment on function chime_private.note_revision is 'Puts a change of a schedule on record.';

create or replace trigger schedules_revision
  after update of revision, status, status_reason, paused_until, paused_by, deleted_at on chime.schedules
  for each row
  when (old.revision <> new.revision or old.status <> new.status
    or row(old.status_reason, old.paused_until, old.paused_by, old.deleted_at)
      is distinct from row(new.status_reason, new.paused_until, new.paused_by, new.deleted_at))
  execute function chime_private.note_revision();

create or replace function chime_private.refuse_revision_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- Of who is forgotten nothing is kept; only functions of ours can write here at all.
  if current_setting('chime.forgetting', true) = 'on' then
    return case tg_op when 'DELETE' then old else new end;
  elsif tg_op <> 'DELETE' or old.changed_at > chime.now() - (chime.retention()).keep_revisions then
    perform chime_private.fail('CH022', 'chime.schedule_revisions: what is on record never changes.',
      'Rows go when they are as old as chime.retention() says.');
  end if;
  return old;
end $$;
comment on function chime_private.refuse_revision_change is 'Raises CH022: a record was about to be changed, or removed before its time.';

create or replace trigger revisions_last
  before update or delete on chime.schedule_revisions
  for each row execute function chime_private.refuse_revision_change();

create or replace trigger revisions_stay
  before truncate on chime.schedule_revisions
  for each statement execute function chime_private.refuse_revision_change();
