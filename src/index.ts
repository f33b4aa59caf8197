// What `import ... from 'pgchime'` gives.

export type { ActAsOwner, AgentOptions, AgentPort, AgentUsage, RunOwner } from './agent.ts';
export { type Answer, cancel, type Done, done, giveUp, retry, silent, snooze, type Wait } from './answer.ts';
export { actingFor, type TraceOptions } from './client/acting.ts';
export { type Chime, type ChimeOptions, createChime } from './client/chime.ts';
export type {
  ChannelMapping,
  CreatedWebhook,
  DeliverPolicy,
  Delivery,
  DeliveryStatus,
  InboxItem,
  Webhook,
} from './client/delivery_types.ts';
export type {
  ChimeEvent,
  CreatedEventHandler,
  CreateEventHandlerInput,
  EventHandler,
  EventHandlerPatch,
} from './client/event_types.ts';
export type {
  BookMeetingInput,
  ListMeetingsOptions,
  Meeting,
  MeetingReminder,
  MeetingTime,
} from './client/meeting_types.ts';
export type {
  CheckInInput,
  FollowUp,
  FollowUpInput,
  MessageStatus,
  Purpose,
  ScheduledMessage,
} from './client/message_types.ts';
export type { Metrics, MetricsOptions, QueueDepth, RunCounts, Spread } from './client/metrics.ts';
export type { Page, PageOptions } from './client/page.ts';
export type { Finishable, PendingRun, RunHandle, SucceededRun, WaitOptions } from './client/run_handle.ts';
export type {
  Health,
  IScheduler,
  JobHistoryOptions,
  ListJobsOptions,
  OnceOptions,
  OnEventOptions,
  RecurringOptions,
  RunNowOptions,
  Scheduled,
  ScheduleOptions,
  ScheduleReference,
} from './client/scheduler_types.ts';
export type { PayloadOf, ResultOf, TaskReference, Tasks } from './client/tasks.ts';
export type { SettingName, TenantSettings, TenantSettingsChanges } from './client/tenant_settings_types.ts';
export type {
  AccessRole,
  ApiToken,
  Calendar,
  CalendarFeed,
  ConcurrencyLimit,
  CreateApiTokenInput,
  CreateCalendarFeedInput,
  CreatedApiToken,
  CreatedCalendarFeed,
  CreatedSchedule,
  CreateScheduleInput,
  DescribeInput,
  Fire,
  ListedRule,
  PreviewInput,
  Run,
  RunStatus,
  RunWithOutput,
  Schedule,
  SchedulePatch,
  ScheduleRevision,
  ScheduleStats,
  ScheduleStatus,
  Tenant,
  User,
} from './client/types.ts';
export * from './errors.ts';
export { type MigrateResult, migrate } from './migrate.ts';
export type { Running, StartOptions } from './program.ts';
export {
  type AgentDefinition,
  defineTask,
  type GuardedRequest,
  type GuardedResponse,
  type ReportOptions,
  type ReportResult,
  type RunInfo,
  type RunLog,
  type ScheduleRef,
  type Task,
  type TaskContext,
  type TaskDefinition,
} from './task.ts';
export { defineWorkflow, type StepDefinition, type WorkflowDefinition } from './workflow.ts';
