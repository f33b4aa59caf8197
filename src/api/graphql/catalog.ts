// What of the schema chime is shown: tables and views with their names, columns and relations, and functions. Everything that is not
// named here is left out, so that nothing is shown by accident.

/** A column that refers to a row of another table, seen from both ends. */
export interface Reference {
  column: string;
  /** Table and column that it refers to. */
  to: readonly [table: string, column: string];
  /** The field that leads there. */
  field: string;
  /** The field that leads back to all rows that refer to it; none where nobody would look for them. */
  back?: string;
}

export interface Shown {
  /** What it is called, in the plural, where that is not its name in SQL. */
  name?: string;
  /** The type's name, where it is not the singular of that. */
  type?: string;
  /** Columns that are not shown. The tenant is never. */
  hide?: readonly string[];
  /** Columns that lists can be ordered by, beside their key. */
  order?: readonly string[];
  /** What identifies a row of a view. */
  key?: string;
  references?: readonly Reference[];
  /** The order where nothing is said, if that is not by the key. */
  defaultOrder?: string;
  /** Whether there is no list of all of them at the root. */
  inner?: boolean;
  /** Columns of a view that are never null. */
  present?: readonly string[];
}

const owner: Reference = { column: 'owner_id', to: ['users', 'id'], field: 'owner' };

const mapping: Reference = {
  column: 'channel_mapping_id',
  to: ['channel_mappings', 'id'],
  field: 'channelMapping',
};

export const tables: Readonly<Record<string, Shown>> = {
  schedules: {
    hide: ['rule', 'more_rules', 'excluded', 'accounted_until', 'active_run_ids', 'next_due_at'],
    order: ['name', 'next_run_at', 'updated_at'],
    references: [
      owner,
      { column: 'task', to: ['tasks', 'name'], field: 'handler' },
      { column: 'last_run_id', to: ['runs', 'id'], field: 'lastRun' },
      { ...mapping, back: 'schedules' },
    ],
  },
  schedule_revisions: {
    inner: true,
    defaultOrder: 'PRIMARY_KEY_DESC',
    references: [{ column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'revisions' }],
  },
  calendars: { hide: ['dates'], order: ['name'] },
  concurrency_limits: { hide: ['slot'], key: 'key' },
  tasks: { order: ['name'] },
  users: { order: ['name'] },
  tenant_settings: { name: 'settings_of_tenants', type: 'TenantSettings', inner: true },
  api_tokens: {
    hide: ['hash'],
    defaultOrder: 'PRIMARY_KEY_DESC',
    references: [{ column: 'user_id', to: ['users', 'id'], field: 'user' }],
  },
  calendar_feeds: {
    hide: ['hash'],
    defaultOrder: 'PRIMARY_KEY_DESC',
    references: [{ column: 'user_id', to: ['users', 'id'], field: 'user' }],
  },
  runs: {
    defaultOrder: 'PRIMARY_KEY_DESC',
    hide: ['in_turn', 'policy', 'traceparent'],
    references: [
      owner,
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'runs' },
      { column: 'parent_run_id', to: ['runs', 'id'], field: 'parentRun', back: 'stepRuns' },
      { column: 'retry_of', to: ['runs', 'id'], field: 'retriedRun', back: 'retryRuns' },
      { column: 'event_id', to: ['events', 'id'], field: 'event', back: 'runs' },
      { column: 'event_handler_id', to: ['event_handlers', 'id'], field: 'eventHandler', back: 'runs' },
      mapping,
    ],
  },
  run_attempts: {
    inner: true,
    references: [{ column: 'run_id', to: ['runs', 'id'], field: 'run', back: 'attempts' }],
  },
  run_logs: { inner: true },
  events: {
    defaultOrder: 'PRIMARY_KEY_DESC',
    hide: ['traceparent'],
    references: [owner, { column: 'cause_run_id', to: ['runs', 'id'], field: 'causeRun' }],
  },
  event_handlers: { order: ['name'], references: [owner, mapping] },
  channel_mappings: {
    references: [{ column: 'user_id', to: ['users', 'id'], field: 'user', back: 'channelMappings' }],
  },
  webhooks: {
    references: [
      owner,
      { column: 'id', to: ['channel_mappings', 'id'], field: 'channelMapping', back: 'webhook' },
    ],
  },
  deliveries: {
    defaultOrder: 'PRIMARY_KEY_DESC',
    hide: ['output_hash', 'sender_id', 'claimed_until', 'tier'],
    references: [
      owner,
      mapping,
      { column: 'run_id', to: ['runs', 'id'], field: 'run', back: 'deliveries' },
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule' },
    ],
  },
  follow_ups: {
    defaultOrder: 'PRIMARY_KEY_DESC',
    references: [
      owner,
      mapping,
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'followUp' },
      { column: 'person_id', to: ['users', 'id'], field: 'person' },
    ],
  },
  check_ins: {
    defaultOrder: 'PRIMARY_KEY_DESC',
    references: [
      mapping,
      { column: 'user_id', to: ['users', 'id'], field: 'user', back: 'checkIns' },
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule' },
      { column: 'run_id', to: ['runs', 'id'], field: 'run' },
    ],
  },
  scheduled_messages: {
    key: 'id',
    order: ['scheduled_for'],
    defaultOrder: 'SCHEDULED_AT_DESC',
    present: ['purpose', 'schedule_id', 'scheduled_for', 'status'],
    references: [
      owner,
      mapping,
      { column: 'user_id', to: ['users', 'id'], field: 'user' },
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule' },
      { column: 'run_id', to: ['runs', 'id'], field: 'run' },
    ],
  },
  meetings: {
    order: ['starts_at'],
    defaultOrder: 'STARTS_AT_DESC',
    references: [owner, mapping],
  },
  meeting_reminders: {
    inner: true,
    order: ['remind_at'],
    defaultOrder: 'REMIND_AT_ASC',
    references: [
      owner,
      { column: 'meeting_id', to: ['meetings', 'id'], field: 'meeting', back: 'meetingReminders' },
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'meetingReminder' },
    ],
  },
  inbox: {
    name: 'inbox_items',
    key: 'id',
    inner: true,
    defaultOrder: 'PRIMARY_KEY_DESC',
    present: ['run_id', 'task', 'run_status', 'scheduled_for', 'covers_count', 'received_at', 'is_read'],
    references: [
      owner,
      { column: 'run_id', to: ['runs', 'id'], field: 'run' },
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule' },
    ],
  },
  undelivered: {
    name: 'undelivered_items',
    key: 'id',
    defaultOrder: 'PRIMARY_KEY_DESC',
    hide: [
      'channel_id',
      'channel_context_id',
      'mapping_status',
      'schedule_name',
      'run_id',
      'schedule_id',
      'owner_id',
    ],
    present: ['state', 'failure_count', 'created_at', 'age'],
    references: [{ column: 'id', to: ['deliveries', 'id'], field: 'delivery', back: 'undelivered' }],
  },
  schedule_health: {
    name: 'schedule_stats',
    type: 'ScheduleStats',
    key: 'id',
    inner: true,
    hide: ['key', 'name', 'task', 'status', 'status_reason', 'next_run_at'],
    present: [
      'health',
      'runs',
      'succeeded',
      'failed',
      'timed_out',
      'cancelled',
      'skipped_fires',
      'failures_in_a_row',
    ],
    references: [{ column: 'last_run_id', to: ['runs', 'id'], field: 'lastRun' }],
  },
  run_stats: {
    name: 'task_hours',
    order: ['hour', 'task'],
    defaultOrder: 'HOUR_AT_DESC',
    present: ['task', 'hour', 'runs', 'succeeded', 'failed', 'timed_out', 'cancelled', 'skipped_fires'],
  },
  failing: {
    name: 'failing_schedules',
    key: 'schedule_id',
    hide: ['key', 'name', 'status', 'task'],
    present: ['schedule_id', 'failures_in_a_row', 'last_failed_at'],
    references: [
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'failing' },
      { column: 'last_failed_run_id', to: ['runs', 'id'], field: 'lastFailedRun' },
    ],
  },
  late: {
    name: 'late_items',
    order: ['due_at'],
    defaultOrder: 'DUE_AT_ASC',
    present: ['kind', 'due_at', 'late_by', 'reason'],
    hide: ['key', 'name'],
    references: [
      { column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule' },
      { column: 'run_id', to: ['runs', 'id'], field: 'run' },
    ],
  },
  upcoming: {
    name: 'upcoming_fires',
    order: ['due_at'],
    defaultOrder: 'DUE_AT_ASC',
    key: 'schedule_id',
    hide: ['key', 'name', 'task'],
    present: ['schedule_id', 'scheduled_for', 'local_time', 'timezone', 'due_at', 'due_in'],
    references: [{ column: 'schedule_id', to: ['schedules', 'id'], field: 'schedule', back: 'upcomingFire' }],
  },
  queue_depth: {
    name: 'queues',
    order: ['task'],
    defaultOrder: 'TASK_ASC',
    present: ['task', 'queued', 'running', 'retrying'],
  },
  worker_status: {
    name: 'workers',
    key: 'id',
    present: ['id', 'name', 'state', 'tasks', 'running', 'started_at'],
  },
};

/**
 * Texts that are one of a few, by the table, or the rows of a function, and the column; by *, the argument of any function. Here they are
 * enums of that name.
 */
export const textEnums: Readonly<Record<string, readonly [name: string, values: readonly string[]]>> = {
  'run_attempts.outcome': ['attempt_outcome', ['failed', 'timed_out', 'lost']],
  'run_logs.level': ['log_level', ['debug', 'info', 'warn', 'error']],
  'schedule_health.health': [
    'schedule_health',
    ['ok', 'failing', 'late', 'waiting', 'set_aside', 'paused', 'completed', 'cancelled'],
  ],
  'follow_ups.cancel_reason': ['follow_up_cancel_reason', ['client_responded', 'by_hand', 'missed']],
  'check_ins.skip_reason': [
    'check_in_skip_reason',
    ['late', 'blocked', 'not_onboarded', 'unreachable', 'messaged_today', 'quiet_hours', 'spoke_recently'],
  ],
  'meeting_reminders.skip_reason': ['reminder_skip_reason', ['cancelled', 'begun', 'overtaken', 'missed']],
  'late.kind': ['late_kind', ['not fired', 'waiting', 'set aside']],
  'worker_status.state': ['worker_state', ['alive', 'lost', 'stopped']],
  'undelivered.state': ['undelivered_state', ['failed', 'unknown', 'sending', 'waiting', 'held', 'retrying']],
  'simulated_fires.outcome': [
    'simulated_outcome',
    [
      'queued',
      'running',
      'retrying',
      'succeeded',
      'failed',
      'timed_out',
      'cancelled',
      'skipped',
      'none',
      'fires',
    ],
  ],
  'backfilled_fires.outcome': ['backfill_outcome', ['queued', 'exists', 'overlap']],
  '*.repeat_interval': ['repeat_interval', ['daily', 'weekly', 'monthly', 'custom']],
};

export interface ShownFunction {
  /** What it is called, where that is not its name in SQL. */
  name?: string;
  /** Which of several functions of that name: by an argument that only one of them has. */
  argument?: string;
  /** The type of its rows, where they are of no table. */
  rows?: string;
  /** Whether its rows are those of a table, to be ordered and paged like that. */
  search?: boolean;
  /** Whether it answers a short list instead of pages. */
  list?: boolean;
  /** The table whose row it creates or changes; it answers the id, and what else is to be known. */
  creates?: string;
  /** The function whose arguments are the fields of its patch. */
  patches?: string;
  /** Whether its value is never null. */
  present?: boolean;
  /** What the payload of a mutation calls its value, where that is no row. */
  result?: string;
}

export const functions: Readonly<Record<string, ShownFunction>> = {
  // Queries.
  search_schedules: { search: true },
  search_runs: { search: true },
  search_inbox: { name: 'inbox', search: true },
  search_meetings: { search: true },
  preview: { name: 'preview_schedule', argument: 'cron', rows: 'fires', list: true },
  simulate_rule: { name: 'simulate_schedule', rows: 'fires', list: true },
  describe: { name: 'describe_schedule', argument: 'cron', present: true },
  find_schedule: {},
  find_run: {},
  find_meeting: {},
  find_event_handler: {},
  health: { present: true },
  export_person: { present: true },
  settings: { name: 'tenant_settings', present: true },
  retention: { rows: 'retention', present: true },
  // Fields of a schedule and of a run.
  schedules_next_runs: { rows: 'fires', list: true },
  schedules_rule_description: {},
  schedules_stats: {},
  schedules_simulation: { rows: 'simulated_fires', list: true },
  calendars_dates: { present: true },
  users_reachable_channels: { list: true },
  runs_duration_ms: {},
  runs_lateness_ms: {},
  runs_logs: { list: true },
  runs_trace_id: { present: true },
  runs_span_id: { present: true },
  runs_parent_span_id: {},
  tenant_settings_changed: { present: true },
  // Mutations.
  create_schedule: { argument: 'cron', creates: 'schedules' },
  update_schedule: { patches: 'create_schedule' },
  pause_schedule: {},
  resume_schedule: {},
  cancel_schedule: {},
  delete_schedule: {},
  restore_schedule: {},
  skip_next: {},
  run_now: {},
  backfill: { rows: 'backfilled_fires', list: true },
  cancel_run: {},
  retry_run: {},
  trigger_event: {},
  create_event_handler: { creates: 'event_handlers' },
  update_event_handler: { patches: 'create_event_handler' },
  enable_event_handler: {},
  disable_event_handler: {},
  delete_event_handler: {},
  set_calendar: {},
  delete_calendar: {},
  set_concurrency_limit: {},
  delete_concurrency_limit: {},
  set_retention: { rows: 'retention' },
  set_tenant_settings: {},
  forget_person: { result: 'removed', present: true },
  block_user: {},
  unblock_user: {},
  create_api_token: { creates: 'api_tokens' },
  revoke_api_token: {},
  create_calendar_feed: { creates: 'calendar_feeds' },
  revoke_calendar_feed: {},
  map_channel: {},
  set_session_channel: {},
  block_mapping: {},
  resume_mapping: {},
  retry_delivery: {},
  mark_inbox_read: { result: 'readCount', present: true },
  set_quiet_hours: {},
  set_preferences: {},
  schedule_follow_up: {},
  complete_onboarding: {},
  set_check_in: {},
  set_context: {},
  remember: {},
  book_meeting: {},
  reschedule_meeting: {},
  cancel_meeting: {},
};
