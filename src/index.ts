// What `import ... from 'pgchime'` gives.

export { type Answer, cancel, done, giveUp, retry, silent, snooze, type Wait } from './answer.ts';
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
  AccessRole,
  ApiToken,
  Calendar,
  ConcurrencyLimit,
  CreateApiTokenInput,
  CreatedApiToken,
  CreatedSchedule,
  CreateScheduleInput,
  DescribeInput,
  Fire,
  ListedRule,
  PreviewInput,
  Run,
  RunWithOutput,
  Schedule,
  SchedulePatch,
  ScheduleRevision,
  ScheduleStats,
  Tenant,
  User,
} from './client/types.ts';
export * from './errors.ts';
export { type MigrateResult, migrate } from './migrate.ts';
export {
  type AgentDefinition,
  type AgentPort,
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
