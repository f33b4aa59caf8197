// The library's entry: refuses an older Node before it loads anything else. Its types are those of src/index.ts.
import { existsSync } from 'node:fs';
import { nodeProblem } from './bin/node_version.js';

if (nodeProblem !== undefined) throw new Error(nodeProblem);

// A checkout runs its sources; the published package has only the compiled files.
const source = new URL('./src/index.ts', import.meta.url);
const compiled = new URL('./dist/src/index.js', import.meta.url);

export const {
  actingFor,
  ApiTokenNotFoundError,
  BlockedAddressError,
  cancel,
  CalendarFeedNotFoundError,
  ChannelMappingNotFoundError,
  ChimeError,
  createChime,
  defineTask,
  defineWorkflow,
  DeliveryNotFoundError,
  done,
  EmbeddedPostgresError,
  errorClasses,
  EventHandlerNotFoundError,
  fromDatabase,
  giveUp,
  IllegalStateError,
  InvalidArgumentError,
  InvalidConfigError,
  InvalidPayloadError,
  InvalidReportError,
  InvalidRuleError,
  InvariantError,
  LeaseLostError,
  MeetingNotFoundError,
  migrate,
  ModelFailedError,
  NeverFiresError,
  NewerDatabaseError,
  NotAllowedError,
  NotAuthenticatedError,
  NotMigratedError,
  PastTimeError,
  RevisionConflictError,
  retry,
  RunFailedError,
  RunNotFoundError,
  ScheduleNotFoundError,
  silent,
  snooze,
  TenantNotFoundError,
  UnknownTaskError,
  UnknownTimezoneError,
  UserNotFoundError,
} = await import(existsSync(source) ? source.href : compiled.href);
