// What `import ... from 'pgchime'` gives.

export { type Answer, cancel, done, giveUp, retry, silent, snooze, type Wait } from './answer.ts';
export { type Chime, type ChimeOptions, createChime } from './client/chime.ts';
export type {
  Calendar,
  ConcurrencyLimit,
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
} from './client/types.ts';
export * from './errors.ts';
export { type MigrateResult, migrate } from './migrate.ts';
export {
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
