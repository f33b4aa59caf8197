// Runs, as REST has them.
import { z } from 'zod';
import { id, instant, orNothing, orNull, pageOf, pageQuery } from './schemas.ts';

const statuses = [
  'queued',
  'running',
  'retrying',
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'skipped',
] as const;

const fields = {
  id: id('Its id; the ids of later runs are greater.'),
  task_id: orNull(id('The task that it is a run of.')),
  task_name: z.string().nullable().meta({ description: 'What people call that task.' }),
  task: z.string().meta({ description: 'The handler that a worker has.' }),
  trigger: z
    .enum(['schedule', 'manual', 'event', 'backfill', 'workflow'])
    .meta({ description: 'What brought it about.' }),
  scheduled_for: instant('Its nominal time.'),
  due_at: instant('When it should start: its nominal time, and the share of jitter that falls to it.'),
  status: z.enum(statuses).meta({ description: 'How it is: queued, running and retrying are not final.' }),
  attempt: z.int().meta({ description: 'How many times it was started.' }),
  started_at: orNull(instant('When its latest attempt started.')),
  finished_at: orNull(instant('When it reached its final status.')),
  duration_ms: z.number().nullable().meta({ description: 'From start to finish, in milliseconds.' }),
  lateness_ms: z
    .number()
    .nullable()
    .meta({ description: 'How much later than due its first attempt started, in milliseconds.' }),
  output_summary: z.string().nullable().meta({ description: 'The first 500 characters of its output.' }),
  error: z.string().nullable().meta({ description: 'Why it failed.' }),
  skip_reason: z.string().nullable().meta({ description: 'Skipped: why.' }),
  covers_count: z.int().nullable().meta({ description: 'Skipped: how many fires it stands for.' }),
  retry_at: orNull(instant('Retrying: when its next attempt is due.')),
  retry_count: z.int().meta({ description: 'How many retries it has spent.' }),
  retry_of: orNull(id('The run that it repeats.')),
  cancel_requested_at: orNull(instant('When somebody asked to cancel it.')),
  cancel_reason: z.string().nullable().meta({ description: 'Why somebody did.' }),
  silent_reason: z.string().nullable().meta({ description: 'Why nobody need be told of it.' }),
  waits_for: z
    .string()
    .nullable()
    .meta({ description: 'Queued: what must become free before it may start.' }),
  event_id: orNull(id('The event that led to it.')),
  parent_run_id: orNull(id('The workflow that it is a step of.')),
};

export const run = z
  .object(fields)
  .meta({ id: 'Run', description: 'What became of one fire, or of a run that was asked for.' });

export const runDetails = z
  .object({
    ...fields,
    payload: z.unknown().meta({ description: 'What its handler was given.' }),
    result: z.unknown().meta({ description: 'What its handler answered.' }),
    error_stack: z.string().nullable().meta({ description: 'Where in the handler the error came from.' }),
    trace_id: z.string().meta({ description: 'Its trace (W3C Trace Context).' }),
    span_id: z.string().meta({ description: 'Its place in the trace.' }),
    parent_span_id: z
      .string()
      .nullable()
      .meta({ description: 'What led to it there; null where the trace begins with it.' }),
  })
  .meta({ id: 'RunDetails', description: 'A run, with all but its output and logs.' });

export type RunView = z.output<typeof run>;
export type RunDetailsView = z.output<typeof runDetails>;

export const runPage = pageOf(run, 'RunPage', 'runs');

/** Filters of a list of runs of one task. */
export const taskRunQuery = z.strictObject({
  status: z.enum(statuses).optional().meta({ description: 'Only runs in this status.' }),
  scheduled_after: instant(
    'Only runs of this time or later; a run that was repeated by hand counts by when that was.',
  ).optional(),
  scheduled_before: instant('Only runs of before this time, counted in the same way.').optional(),
  ...pageQuery,
});

export const runQuery = z.strictObject({
  task_id: id('Only runs of this task.').optional(),
  ...taskRunQuery.shape,
});

export const logQuery = z.strictObject({
  after_seq: z.coerce.number().int().min(0).default(0).meta({ description: 'Only lines after this one.' }),
  size: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(100)
    .meta({ description: 'How many lines, 1000 at most.' }),
});

export const logLines = z
  .object({
    items: z
      .array(
        z.object({
          seq: z.int().meta({ description: 'Its number in the run, from 1 on.' }),
          attempt: z.int().meta({ description: 'The attempt that logged it.' }),
          level: z.enum(['debug', 'info', 'warn', 'error']).meta({ description: 'How grave it is.' }),
          message: z.string().meta({ description: 'What it says.' }),
          data: z.unknown().meta({ description: 'What it has beside.' }),
          logged_at: instant('When it was logged.'),
        }),
      )
      .meta({ description: 'Lines, in order. The next are those after the `seq` of the last.' }),
  })
  .meta({ id: 'RunLogs', description: 'What a handler logged.' });

export const runNowBody = z
  .strictObject({
    payload: z
      .unknown()
      .optional()
      .meta({ description: 'What the handler is given, in place of what the task has.' }),
    allow_overlap: z
      .boolean()
      .default(false)
      .meta({ description: 'Run it beside one that is not finished.' }),
  })
  .optional()
  .meta({ id: 'RunNow', description: 'How to run it; may be left out.' });

export const retryBody = z
  .strictObject({
    allow_overlap: z
      .boolean()
      .default(false)
      .meta({ description: 'Run it beside one that is not finished.' }),
  })
  .optional()
  .meta({ id: 'RetryRun', description: 'How to run it again; may be left out.' });

export const reasonBody = z
  .strictObject({ reason: z.string().max(2000).nullish().meta({ description: 'Why, for the record.' }) })
  .optional()
  .meta({ id: 'Reason', description: 'Why; may be left out.' });

export const pauseBody = z
  .strictObject({
    reason: z.string().max(2000).nullish().meta({ description: 'Why, for the record.' }),
    until: orNothing(instant('When it fires again; without it, when it is resumed.')),
  })
  .optional()
  .meta({ id: 'Pause', description: 'Why and how long; may be left out.' });
