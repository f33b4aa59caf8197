-- Who may do what. Functions are closed by default (migrations/0000_bootstrap.sql); this file opens what each role needs.
-- No role but the owner writes a table: all writing is by functions.

-- A report runs with the rights of chime_reporter. To own a function a role must be able to create one, for that moment.
grant create on schema chime_private to chime_reporter;
alter function chime_private.run_report(text, integer, integer) owner to chime_reporter;
alter function chime_private.row_as_json(record) owner to chime_reporter;
revoke create on schema chime_private from chime_reporter;

grant usage on schema chime to chime_user, chime_admin, chime_reporter, chime_worker, chime_api;
grant usage on schema chime_private to chime_worker, chime_api;

-- Reading: all of it, and of all of it the rows that 91_policies.sql lets through. Columns are not held back but for secrets: functions that
-- take a whole row (chime.runs_trace_id(r), computed columns of an API) need the right to all of them. What is of no use to
-- anybody outside, as the compiled rule of a schedule, is no secret.
grant select on all tables in schema chime to chime_user, chime_admin, chime_reporter;
revoke select on chime.run_hours, chime.run_stats, chime.worker_status from chime_user;
revoke select on chime.api_tokens from chime_user, chime_admin, chime_reporter;
grant select (id, tenant_id, user_id, role, name, prefix, created_by, created_at, expires_at, last_used_at, revoked_at)
  on chime.api_tokens to chime_user, chime_admin;
revoke select on chime.calendar_feeds from chime_user, chime_admin, chime_reporter;
grant select (id, tenant_id, user_id, name, prefix, created_at, last_used_at, revoked_at) on chime.calendar_feeds to chime_user, chime_admin;

grant execute on function chime.now(), chime.schema_digest(), chime.schema_version() to chime_user, chime_admin, chime_reporter, chime_worker, chime_api;
grant execute on function
  chime.preview(text, interval, text, text, text, timestamptz, integer, timestamptz, timestamptz, timestamptz, chime.dst_gap_policy, chime.dst_fold_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy),
  chime.preview(timestamptz, text, timestamptz, integer, chime.overdue_policy),
  chime.describe(text, interval, text, text, text, text, timestamptz, timestamptz, timestamptz, jsonb, text[], text[], chime.excluded_policy, text, chime.dst_gap_policy, chime.dst_fold_policy)
  to chime_user, chime_admin, chime_reporter, chime_worker;
grant execute on function
  chime.create_schedule(text, text, interval, text, text, text, jsonb, text, text, text, timestamptz, timestamptz, timestamptz, integer, interval, chime.dst_gap_policy, chime.dst_fold_policy, chime.catch_up_policy, interval, chime.overlap_policy, jsonb, text[], text[], chime.excluded_policy, text, chime.overdue_policy, integer, interval, chime.retry_backoff, interval, interval, text, chime.priority, integer, interval, integer, integer, text[], chime.deliver_policy, uuid),
  chime.create_schedule(text, timestamptz, text, jsonb, text, text, text, interval, chime.overdue_policy),
  chime.update_schedule(uuid, jsonb, integer),
  chime.find_schedule(text),
  chime.describe(uuid, text),
  chime.preview(uuid, integer, timestamptz),
  chime.pause_schedule(uuid, text, timestamptz),
  chime.resume_schedule(uuid),
  chime.cancel_schedule(uuid, text),
  chime.delete_schedule(uuid),
  chime.restore_schedule(uuid),
  chime.run_now(uuid, jsonb, boolean),
  chime.backfill(uuid, timestamptz, timestamptz, chime.overlap_policy, boolean),
  chime.simulate(uuid, timestamptz, timestamptz, integer),
  chime.set_retention(interval, interval),
  chime.realign_schedules(boolean),
  chime.create_tenant(text),
  chime.block_user(uuid),
  chime.unblock_user(uuid),
  chime.create_api_token(text, chime.access_role, uuid, timestamptz),
  chime.revoke_api_token(uuid),
  chime.map_reporter(text, text),
  chime.unmap_reporter(text),
  chime.set_tenant_settings(text, integer, interval, chime.retry_backoff, time, time, interval, interval, interval[], integer, interval, interval, text[]),
  chime.set_calendar(text, text[], text),
  chime.delete_calendar(text),
  chime.set_concurrency_limit(text, integer),
  chime.delete_concurrency_limit(text),
  chime.find_run(text),
  chime.runs_trace_id(chime.runs),
  chime.runs_span_id(chime.runs),
  chime.runs_parent_span_id(chime.runs),
  chime.trigger_event(text, jsonb),
  chime.raise_row_event(),
  chime.create_event_handler(text, text, jsonb, jsonb, interval, interval, text, text, text, text, chime.deliver_policy, uuid),
  chime.update_event_handler(uuid, jsonb, integer),
  chime.find_event_handler(text),
  chime.enable_event_handler(uuid),
  chime.disable_event_handler(uuid),
  chime.delete_event_handler(uuid),
  chime.cancel_run(uuid, text),
  chime.retry_run(uuid, boolean),
  chime.map_channel(text, text, uuid),
  chime.block_mapping(uuid, text),
  chime.resume_mapping(uuid),
  chime.set_session_channel(text, text, text, uuid),
  chime.get_session_channel(text),
  chime.get_channel_session(text, text),
  chime.set_quiet_hours(time, time, uuid),
  chime.set_preferences(text, text, time, time, uuid, text, text[]),
  chime.complete_onboarding(uuid),
  chime.set_check_in(time, integer[], interval, uuid),
  chime.set_context(jsonb, uuid),
  chime.remember(text, boolean, uuid),
  chime.export_person(uuid),
  chime.forget_person(uuid),
  chime.schedule_follow_up(text, text, text, text, uuid, uuid, text, jsonb, interval),
  chime.book_meeting(text, text, text, interval, text, text, text, text, interval[], uuid, uuid),
  chime.reschedule_meeting(uuid, text, text, text, integer),
  chime.cancel_meeting(uuid, text),
  chime.find_meeting(text),
  chime.create_calendar_feed(text, uuid),
  chime.revoke_calendar_feed(uuid),
  chime.retry_delivery(uuid),
  chime.mark_inbox_read(uuid[]),
  chime.describe_delivery(uuid),
  chime.create_webhook(text, uuid, bytea, text),
  chime.current_user_id(),
  chime_private.read_user(text)
  to chime_user, chime_admin;

grant execute on function
  chime.runs_trace_id(chime.runs),
  chime.runs_span_id(chime.runs),
  chime.runs_parent_span_id(chime.runs)
  to chime_reporter;

grant execute on function chime.current_user_id(), chime_private.read_user(text) to chime_reporter;
grant execute on function chime.current_tenant(), chime_private.read_tenant(text), chime.retention(), chime.schedule_stats(uuid) to chime_user, chime_admin, chime_reporter;
-- What views and policies with the rights of their reader are made of.
grant select on chime_private.uncounted_ends, chime_private.unfinished_runs, chime_private.unsuccessful_runs to chime_user, chime_admin, chime_reporter;
grant select (id, name, started_at, lease_until, stopped_at, task_names) on chime_private.workers to chime_admin, chime_reporter;
grant execute on function
  chime_private.microseconds_between(timestamptz, timestamptz),
  chime_private.lateness_us(integer, timestamptz, timestamptz),
  chime_private.id_time(uuid),
  chime_private.histogram_bucket(bigint),
  chime_private.histogram_of(integer[]),
  chime_private.add_histograms(bigint[], bigint[]),
  chime_private.sum_histograms(bigint[]),
  chime_private.quantile_ms(bigint[], double precision),
  chime_private.failures_in_a_row(uuid, timestamptz)
  to chime_user, chime_admin, chime_reporter;
grant execute on function chime_private.report_tenant(), chime_private.report_owner() to chime_reporter;
grant execute on function
  chime.search_schedules(text, chime.schedule_status[], text, text, uuid, text, uuid, timestamptz, timestamptz),
  chime.search_inbox(boolean, uuid),
  chime.search_meetings(timestamptz, timestamptz, chime.meeting_status[], uuid),
  chime.settings(),
  chime.tenant_settings_changed(chime.tenant_settings),
  chime.search_runs(uuid, chime.run_status[], text, chime.run_trigger[], text, uuid, text, timestamptz, timestamptz),
  chime.schedules_with(text),
  chime.schedules_stats(chime.schedules),
  chime.runs_duration_ms(chime.runs),
  chime.runs_lateness_ms(chime.runs),
  chime.runs_logs(chime.runs, integer),
  chime.calendars_dates(chime.calendars),
  chime.users_reachable_channels(chime.users)
  to chime_user, chime_admin, chime_reporter;
grant execute on function
  chime.schedules_next_runs(chime.schedules, integer),
  chime.schedules_rule_description(chime.schedules, text),
  chime.schedules_simulation(chime.schedules, timestamptz, timestamptz, integer),
  chime.skip_next(uuid)
  to chime_user, chime_admin;
grant execute on function
  chime.simulate_rule(timestamptz, timestamptz, text, interval, text, text, text, integer, timestamptz, timestamptz, timestamptz, integer, chime.dst_gap_policy, chime.dst_fold_policy, jsonb, text[], text[], chime.excluded_policy, text)
  to chime_user, chime_admin, chime_reporter;
grant execute on function chime.health() to chime_admin, chime_reporter, chime_worker;
grant execute on function chime.metrics() to chime_admin;

-- What a server asks before it knows on whose behalf it acts.
grant execute on function
  chime_private.sign_in(text, text, text, text, text, text),
  chime_private.token_identity(bytea),
  chime_private.calendar_feed(bytea),
  chime_private.listen_live(uuid, interval),
  chime_private.leave_live(uuid)
  to chime_api;
-- What the bot asks and remembers before it acts as whoever speaks.
grant execute on function
  chime_private.hear(text, text, boolean, text, text, text),
  chime_private.keep_draft(uuid, jsonb),
  chime_private.note_author(uuid, uuid),
  chime_private.is_author(uuid, uuid),
  chime_private.set_admins_create(uuid, boolean),
  chime_private.clocks_to_choose(text, timestamptz),
  chime_private.zones_of_clock(time, integer, timestamptz),
  chime_private.find_zones(text),
  chime_private.wall_instant(text, text)
  to chime_api;
grant execute on function chime_private.processes_alive(timestamptz) to chime_api, chime_worker;

-- What the bot needs beside becoming who writes to it.
grant execute on function
  chime_private.register_channels(jsonb),
  chime_private.store_updates(bigint, jsonb),
  chime_private.take_update(bigint, text),
  chime_private.finish_update(bigint, bigint, text, jsonb),
  chime_private.fail_update(bigint, bigint, text),
  chime_private.add_replies(bigint, bigint, text, jsonb),
  chime_private.claim_replies(uuid, text, text, integer),
  chime_private.return_unheld_replies(uuid, uuid[]),
  chime_private.finish_replies(jsonb),
  chime_private.chat_left(text, text, text),
  chime_private.move_chat(text, text, text)
  to chime_api;

grant execute on function
  chime_private.tick(integer, uuid, text),
  chime_private.stop_clock(uuid),
  chime_private.register_worker(uuid, text, text, jsonb),
  chime_private.renew_lease(uuid),
  chime_private.retire_pool(text, timestamptz),
  chime_private.cancelled_runs(uuid),
  chime_private.stop_worker(uuid),
  chime_private.stuck_runs(),
  chime_private.start_runs(uuid, uuid[], boolean),
  chime_private.finish_runs(uuid[], integer[], chime_private.outcome[], text[], jsonb[], text[], text[], text[], interval[]),
  chime_private.return_runs(uuid[], integer[]),
  chime_private.write_logs(uuid[], integer[], integer[], text[], text[], jsonb[], timestamptz[]),
  chime_private.run_report(text, integer, integer),
  chime_private.report_for(uuid),
  chime_private.next_fires(uuid, integer),
  chime_private.act_for(uuid, integer),
  chime_private.retries_left(uuid),
  chime_private.person_of(uuid, integer),
  chime_private.register_channels(jsonb),
  chime_private.claim_deliveries(uuid, text[], text[], integer),
  chime_private.finish_deliveries(jsonb),
  chime_private.return_unheld(uuid, uuid[]),
  chime_private.heard_from(uuid),
  chime.map_channel(text, text, uuid)
  to chime_worker;
