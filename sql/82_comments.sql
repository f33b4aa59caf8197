-- What columns mean, where the migration that made them does not say. Comments are the documentation of GraphQL too (src/api/graphql).

comment on column chime.calendars.id is 'What identifies it.';
comment on column chime.calendars.name is 'What schedules name it by; unique in the tenant.';
comment on column chime.calendars.created_at is 'When it was made.';
comment on column chime.calendars.updated_at is 'When its dates or its zone last changed.';

comment on column chime.concurrency_limits.key is 'The concurrency_key that it is for.';
comment on column chime.concurrency_limits.max_running is 'How many runs with the key may run at once; 0 = none starts.';
comment on column chime.concurrency_limits.updated_at is 'When it was last set.';

comment on column chime.event_handlers.id is 'What identifies it.';
comment on column chime.event_handlers.name is 'What people call it.';
comment on column chime.event_handlers.description is 'What it is there for, in its owner''s words.';
comment on column chime.event_handlers.task is 'The task that it runs.';
comment on column chime.event_handlers.created_at is 'When it was created.';
comment on column chime.event_handlers.updated_at is 'When it was last changed.';

comment on column chime.events.id is 'What identifies it; ids are in the order of time.';
comment on column chime.events.name is 'What happened, for example order.created.';
comment on column chime.events.payload is 'What is to be known of it.';
comment on column chime.events.created_at is 'When it was raised.';

comment on column chime.run_attempts.run_id is 'The run that it was a try of.';
comment on column chime.run_attempts.attempt is 'Which try it was, from 1 on.';
comment on column chime.run_attempts.outcome is 'failed, timed_out, or lost where its worker died.';
comment on column chime.run_attempts.error is 'Why it failed.';
comment on column chime.run_attempts.error_stack is 'The stack of the error.';
comment on column chime.run_attempts.started_at is 'When a worker started it.';
comment on column chime.run_attempts.finished_at is 'When it ended.';
comment on column chime.run_attempts.worker_id is 'The worker that had it.';

comment on column chime.run_logs.run_id is 'The run whose handler logged it.';
comment on column chime.run_logs.seq is 'Its place among the lines of the run, from 1 on.';
comment on column chime.run_logs.attempt is 'The attempt that logged it.';
comment on column chime.run_logs.level is 'debug, info, warn or error.';
comment on column chime.run_logs.message is 'What was logged.';
comment on column chime.run_logs.data is 'What was logged with it, for programs.';
comment on column chime.run_logs.logged_at is 'When it was logged, by the clock of the worker.';

comment on column chime.runs.schedule_id is 'The schedule whose run it is; null where an event, a workflow or nobody''s schedule led to it.';
comment on column chime.runs.task is 'The task that it runs.';
comment on column chime.runs.payload is 'What its task is given.';
comment on column chime.runs.trigger is 'What brought it about.';
comment on column chime.runs.status is 'How far it is.';
comment on column chime.runs.skip_reason is 'Skipped: why.';
comment on column chime.runs.error_stack is 'The stack of the error.';
comment on column chime.runs.created_at is 'When it was written.';

comment on column chime.schedule_revisions.id is 'What identifies it; ids are in the order of time.';
comment on column chime.schedule_revisions.schedule_id is 'The schedule that was changed.';
comment on column chime.schedule_revisions.action is 'What was done.';
comment on column chime.schedule_revisions.changed_at is 'When it was done.';

comment on column chime.schedules.id is 'What identifies it.';
comment on column chime.schedules.name is 'What people call it.';
comment on column chime.schedules.description is 'What it is there for, in its owner''s words.';
comment on column chime.schedules.status is 'Whether it fires.';
comment on column chime.schedules.catch_up is 'Which of the fires that were missed are run.';
comment on column chime.schedules.dst_gap is 'What becomes of wall-clock times that a clock change leaves out.';
comment on column chime.schedules.dst_fold is 'Which of two equal wall-clock times counts when clocks go back.';
comment on column chime.schedules.overlap is 'What happens to a fire while an earlier run is not finished.';
comment on column chime.schedules.paused_at is 'When it was paused.';
comment on column chime.schedules.paused_until is 'When it resumes by itself; null = not before somebody resumes it.';
comment on column chime.schedules.created_at is 'When it was created.';
comment on column chime.schedules.updated_at is 'When its definition or state last changed.';

comment on column chime.tasks.name is 'What schedules and event handlers name it by.';
comment on column chime.tasks.description is 'What it does.';
comment on column chime.tasks.registered_at is 'When a worker first registered it.';

comment on column chime.users.id is 'What identifies the user.';
comment on column chime.users.status is 'Whether they may sign in.';
comment on column chime.users.created_at is 'When a token first named them.';
comment on column chime.users.updated_at is 'When what is known of them last changed.';

comment on column chime.failing.schedule_id is 'The schedule.';
comment on column chime.failing.failures_in_a_row is 'How many of its newest finished runs failed, without one that succeeded between them.';
comment on column chime.failing.last_failed_at is 'When the newest of them ended.';
comment on column chime.failing.last_failed_run_id is 'The newest of them.';
comment on column chime.failing.last_error is 'Why that failed.';

comment on column chime.late.kind is 'not fired (a schedule), waiting (a run that no worker has started), or set aside (a schedule whose rule fails).';
comment on column chime.late.due_at is 'When it should have happened.';
comment on column chime.late.late_by is 'How long ago that was.';
comment on column chime.late.reason is 'What is in the way, as far as that is known.';
comment on column chime.late.schedule_id is 'The schedule.';
comment on column chime.late.run_id is 'The run; null where there is none yet.';

comment on column chime.queue_depth.task is 'The task.';
comment on column chime.queue_depth.queued is 'How many of its runs wait for a worker.';
comment on column chime.queue_depth.running is 'How many are being executed.';
comment on column chime.queue_depth.retrying is 'How many wait for their next attempt.';
comment on column chime.queue_depth.oldest_due_at is 'Since when the first of those that wait for a worker has been due.';
comment on column chime.queue_depth.waiting_for is 'How long that is.';

comment on column chime.upcoming.schedule_id is 'The schedule.';
comment on column chime.upcoming.scheduled_for is 'The nominal time of its next fire.';
comment on column chime.upcoming.local_time is 'That time on the clock of its zone.';
comment on column chime.upcoming.timezone is 'Its time zone.';
comment on column chime.upcoming.due_at is 'When the run should start: nominal time plus jitter.';
comment on column chime.upcoming.due_in is 'How long until then.';

comment on column chime.worker_status.id is 'What identifies it.';
comment on column chime.worker_status.name is 'What it is called: by default its host and process.';
comment on column chime.worker_status.state is 'alive, stopped, or lost where it has not renewed its lease in time.';
comment on column chime.worker_status.tasks is 'The tasks that it has.';
comment on column chime.worker_status.running is 'How many runs it is executing.';
comment on column chime.worker_status.oldest_started_at is 'When the oldest of those was started.';
comment on column chime.worker_status.started_at is 'When it started.';
comment on column chime.worker_status.lease_until is 'Until when it counts as alive if it says nothing more.';
comment on column chime.worker_status.stopped_at is 'When it stopped.';

comment on column chime.schedule_health.id is 'The schedule.';
comment on column chime.schedule_health.health is 'ok, failing, late, waiting, set_aside because its rule failed, or its status.';
comment on column chime.schedule_health.failures_in_a_row is 'How many of its newest finished runs failed, without one that succeeded between them.';
comment on column chime.schedule_health.last_run_id is 'Its latest run that was not skipped.';
comment on column chime.schedule_health.last_run_status is 'How far that is.';
comment on column chime.schedule_health.last_started_at is 'When that was started.';
comment on column chime.schedule_health.last_finished_at is 'When that was finished.';
comment on column chime.schedule_health.success_percent is 'How many of 100 runs that ended by themselves succeeded.';
comment on column chime.schedule_health.runs is 'How many runs finished, skipped ones left out.';
comment on column chime.schedule_health.succeeded is 'How many of them succeeded.';
comment on column chime.schedule_health.failed is 'How many failed.';
comment on column chime.schedule_health.timed_out is 'How many timed out.';
comment on column chime.schedule_health.cancelled is 'How many were cancelled.';
comment on column chime.schedule_health.skipped_fires is 'How many fires were not run.';
comment on column chime.schedule_health.average_duration_ms is 'How long their last attempts took on average, in milliseconds.';
comment on column chime.schedule_health.p95_duration_ms is 'How long at most for 95 of 100 of them, in milliseconds.';
comment on column chime.schedule_health.average_lateness_ms is 'How much later than due they started on average, in milliseconds.';
comment on column chime.schedule_health.p95_lateness_ms is 'How much at most for 95 of 100 of them, in milliseconds.';

comment on column chime.run_stats.task is 'The task.';
comment on column chime.run_stats.hour is 'The beginning of the hour (UTC) that the nominal times lie in.';
comment on column chime.run_stats.runs is 'How many runs finished, skipped ones left out.';
comment on column chime.run_stats.succeeded is 'How many of them succeeded.';
comment on column chime.run_stats.failed is 'How many failed.';
comment on column chime.run_stats.timed_out is 'How many timed out.';
comment on column chime.run_stats.cancelled is 'How many were cancelled.';
comment on column chime.run_stats.skipped_fires is 'How many fires were not run.';
comment on column chime.run_stats.average_duration_ms is 'How long their last attempts took on average, in milliseconds.';
comment on column chime.run_stats.p95_duration_ms is 'How long at most for 95 of 100 of them, in milliseconds.';
comment on column chime.run_stats.average_lateness_ms is 'How much later than due they started on average, in milliseconds.';
comment on column chime.run_stats.p95_lateness_ms is 'How much at most for 95 of 100 of them, in milliseconds.';

comment on column chime.api_tokens.id is 'What identifies it.';
comment on column chime.api_tokens.created_at is 'When it was made.';

comment on column chime.calendar_feeds.id is 'What identifies it.';
comment on column chime.calendar_feeds.created_at is 'When it was made.';

comment on column chime.channel_mappings.id is 'What identifies it.';
comment on column chime.channel_mappings.status is 'Whether what is sent there arrives.';
comment on column chime.channel_mappings.created_at is 'When it was first named.';
comment on column chime.channel_mappings.updated_at is 'When anything of it last changed.';

comment on column chime.webhooks.description is 'What it is there for, in its owner''s words.';
comment on column chime.webhooks.created_at is 'When it was made.';

comment on column chime.deliveries.id is 'What identifies it; ids are in the order of time.';
comment on column chime.deliveries.run_id is 'The run whose output it is.';
comment on column chime.deliveries.schedule_id is 'The schedule of that run; null where it has none.';
comment on column chime.deliveries.channel_mapping_id is 'Where it goes.';
comment on column chime.deliveries.status is 'How far it is.';
comment on column chime.deliveries.created_at is 'When it was written: when the run ended.';

comment on column chime.follow_ups.id is 'What identifies it; ids are in the order of time.';
comment on column chime.follow_ups.owner_id is 'The user whose schedule it is.';
comment on column chime.follow_ups.status is 'How far it is.';
comment on column chime.follow_ups.created_at is 'When it was made.';

comment on column chime.meetings.id is 'What identifies it; ids are in the order of time.';
comment on column chime.meetings.owner_id is 'The user whose meeting it is.';
comment on column chime.meetings.status is 'Whether it takes place.';
comment on column chime.meetings.created_at is 'When it was booked.';
comment on column chime.meetings.updated_at is 'When anything of it last changed.';
comment on column chime.meeting_reminders.id is 'What identifies it; ids are in the order of time.';
comment on column chime.meeting_reminders.owner_id is 'The user who is reminded.';
comment on column chime.meeting_reminders.created_at is 'When it was made.';

comment on column chime.inbox.id is 'What identifies it: the id of its delivery. Ids are in the order of time.';
comment on column chime.inbox.owner_id is 'The user whose inbox it is in.';
comment on column chime.inbox.run_id is 'The run that it tells of.';
comment on column chime.inbox.schedule_id is 'The schedule of that run; null where it has none.';
comment on column chime.inbox.schedule_name is 'What people call that schedule.';
comment on column chime.inbox.task is 'The task of the run.';
comment on column chime.inbox.run_status is 'How the run ended.';
comment on column chime.inbox.scheduled_for is 'The nominal time of the run.';
comment on column chime.inbox.text is 'The first 500 characters of its output, or its error.';
comment on column chime.inbox.covers_count is 'For how many runs it stands: of several that succeeded in quiet hours the last one is told of.';
comment on column chime.inbox.received_at is 'When it came in.';
comment on column chime.inbox.read_at is 'When it was marked as read; null = not yet.';
comment on column chime.inbox.is_read is 'Whether it was.';

comment on column chime.undelivered.id is 'The id of the delivery.';
comment on column chime.undelivered.state is 'failed; unknown, which may have arrived; sending; waiting for a sender; held by quiet hours; or retrying.';
comment on column chime.undelivered.reason is 'What was wrong the last time.';
comment on column chime.undelivered.failure_count is 'How often sending it has failed in a way that another attempt may mend.';
comment on column chime.undelivered.due_at is 'When it may be sent; null = at once, or never.';
comment on column chime.undelivered.created_at is 'When the run ended.';
comment on column chime.undelivered.age is 'How long ago that was.';

comment on column chime.tenant_settings.updated_at is 'When anything of it last changed.';

comment on column chime.check_ins.id is 'What identifies it; ids are in the order of time.';
comment on column chime.check_ins.user_id is 'Who was to be asked how they are.';
comment on column chime.check_ins.schedule_id is 'The schedule of their check-ins.';
comment on column chime.check_ins.created_at is 'When it was decided.';

comment on column chime.scheduled_messages.id is 'What identifies it: the id of its delivery, of its run while there is none, or of its schedule while it is planned.';
comment on column chime.scheduled_messages.owner_id is 'The user who has planned it.';
comment on column chime.scheduled_messages.user_id is 'The user whom it is for.';
comment on column chime.scheduled_messages.purpose is 'What it is: a check-in, a follow-up or the reminder of a meeting.';
comment on column chime.scheduled_messages.channel_mapping_id is 'The conversation; null = not decided yet, or the inbox.';
comment on column chime.scheduled_messages.schedule_id is 'Its schedule.';
comment on column chime.scheduled_messages.run_id is 'The run that makes its text; null while it is planned.';
comment on column chime.scheduled_messages.scheduled_for is 'When it is, or was, to be said.';
comment on column chime.scheduled_messages.content is 'What it says; null where that is not known yet. Of a planned follow-up, its template.';
comment on column chime.scheduled_messages.status is 'How far it is.';
comment on column chime.scheduled_messages.sent_at is 'When it was sent.';
comment on column chime.scheduled_messages.failure_reason is 'Why it failed.';
