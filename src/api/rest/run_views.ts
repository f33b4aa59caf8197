// Runs, as REST has them, from rows.
import { placeOf, runColumns, runDetailColumns } from '../../client/runs.ts';
import type { Run, RunStatus, RunWithOutput } from '../../client/types.ts';
import { RunNotFoundError } from '../../errors.ts';
import type { Acting } from './acting.ts';
import { filters, type Page, type PageRequest, readPage } from './pages.ts';
import type { RunDetailsView, RunView } from './run_schemas.ts';

const iso = (at: Date | null) => at?.toISOString() ?? null;

export function runView(run: Run): RunView {
  return {
    id: run.id,
    task_id: run.scheduleId,
    task_name: run.scheduleName,
    task: run.task,
    trigger: run.trigger,
    scheduled_for: run.scheduledFor.toISOString(),
    due_at: run.dueAt.toISOString(),
    status: run.status,
    attempt: run.attempt,
    started_at: iso(run.startedAt),
    finished_at: iso(run.finishedAt),
    duration_ms: run.durationMs,
    lateness_ms: run.latenessMs,
    output_summary: run.outputSummary,
    error: run.error,
    skip_reason: run.skipReason,
    covers_count: run.coversCount,
    retry_at: iso(run.retryAt),
    retry_count: run.retryCount,
    retry_of: run.retryOf,
    cancel_requested_at: iso(run.cancelRequestedAt),
    cancel_reason: run.cancelReason,
    silent_reason: run.silentReason,
    waits_for: run.waitsFor,
    event_id: run.eventId,
    parent_run_id: run.parentRunId,
  };
}

export function runDetailsView(run: RunWithOutput): RunDetailsView {
  const { payload, result } = run;
  return {
    ...runView(run),
    ...{ payload, result },
    error_stack: run.errorStack,
    trace_id: run.traceId,
    span_id: run.spanId,
    parent_span_id: run.parentSpanId,
  };
}

export interface RunFilters extends PageRequest {
  task_id?: string | undefined;
  event_id?: string | undefined;
  status?: RunStatus | undefined;
  scheduled_after?: string | undefined;
  scheduled_before?: string | undefined;
}

const visible = 'r.tenant_id = (select chime.current_tenant())';

/** One run, with its output. Read as a row, and not by chime.find_run, so that whoever may read rows may read this. */
export async function findRun({ row }: Acting, id: string): Promise<RunWithOutput> {
  const found = await row<RunWithOutput>(
    `select ${runColumns}, ${runDetailColumns} from chime.runs r left join chime.schedules s on s.id = r.schedule_id
     where r.id = $1 and ${visible}`,
    [id],
  );
  if (found === undefined) throw new RunNotFoundError(`There is no run ${id}.`);
  return found;
}

/** Runs, the latest first. */
export async function listRuns(acting: Acting, query: RunFilters): Promise<Page<RunView>> {
  const { status } = query;
  const { conditions, values } = filters([
    [query.task_id, 'r.schedule_id = #'],
    [query.event_id, 'r.event_id = #'],
    [status, 'r.status = #'],
    // Ids begin with the time, and it is by them that history is found.
    [firstId(query.scheduled_after), 'r.id >= #::uuid'],
    [firstId(query.scheduled_before), 'r.id < #::uuid'],
  ]);
  const found = await readPage<Run>(
    acting,
    {
      table: `${placeOf(status)} r`,
      joins: 'left join chime.schedules s on s.id = r.schedule_id',
      columns: runColumns,
      conditions: [visible, ...conditions],
      values,
    },
    query,
  );
  return { ...found, items: found.items.map(runView) };
}

/** The lowest possible id of an instant. */
function firstId(at: string | undefined): string | undefined {
  if (at === undefined) return undefined;
  const ms = Math.min(Math.max(Math.ceil(Date.parse(at)), 0), 2 ** 48 - 1);
  const hex = ms.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}
