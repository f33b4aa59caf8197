// Tasks as the contract of REST has them: one flat object for what fires once and what fires again and again.
import { z } from 'zod';
import { id, instant, orNothing, orNull, pageOf, pageQuery, queryBoolean, readOnly } from './schemas.ts';

const taskTypes = ['scheduled', 'repeated'] as const;
const policies = ['always', 'on_failure', 'on_change', 'on_recovery', 'never'] as const;
const repeatIntervals = ['daily', 'weekly', 'monthly', 'custom'] as const;

/** A wall-clock time of the task's zone, or an instant. */
const localTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$/;

const texts = {
  name: 'What people call it; by default the key, or else the handler.',
  description: 'What it is for.',
  task: 'The handler that a worker has.',
  payload: 'What the handler is given.',
  timezone: 'The IANA time zone that its times are on the clock of; where none is given, that of the tenant.',
  key: 'The name that a program gives it: creating a task again with the same key changes it.',
  tags: 'Words to find it by: at most 20, of 1 to 50 characters each.',
  deliver: 'Which of its runs somebody is told of.',
  channel_mapping_id:
    'Where its output goes; null = to the inbox of its owner, and to where the owner looks on.',
  is_active: 'Whether it fires. `false` pauses it, `true` resumes it.',
  cron_expression: 'Five fields, or six with seconds first.',
  repeat_interval:
    'Each day, week or month at the time of day of `scheduled_at`, from then on; `custom` where `cron_expression` is the rule.',
};

const common = {
  name: z.string().nullish().meta({ description: texts.name }),
  description: z.string().nullish().meta({ description: texts.description }),
  task: z.string().default('send_message').meta({ description: texts.task }),
  payload: z.unknown().optional().meta({ description: texts.payload }),
  timezone: z.string().nullish().meta({ description: texts.timezone }),
  key: z.string().nullish().meta({ description: texts.key }),
  tags: z.array(z.string()).default([]).meta({ description: texts.tags }),
  is_active: z.boolean().default(true).meta({ description: texts.is_active }),
  deliver: z
    .enum(policies)
    .optional()
    .meta({ description: `${texts.deliver} Left out, it stays as it is; of a new task, it is always.` }),
  channel_mapping_id: orNothing(id(`${texts.channel_mapping_id} Left out, it stays as it is.`)),
  revision: z.int().nullish().meta({
    description:
      'Changing it: the revision that was read; refused if somebody has changed it since. Not looked at when creating.',
  }),
  id: readOnly('Its id.'),
  status: readOnly('How it is.'),
  status_reason: readOnly('Why it is so.'),
  rule: readOnly('Its rule, whatever its kind.'),
  next_run_at: readOnly('When it fires next.'),
  last_run_id: readOnly('Its latest run.'),
  created_at: readOnly('When it was created.'),
  updated_at: readOnly('When it was changed last.'),
};

const scheduled = z
  .strictObject({
    task_type: z.literal('scheduled').meta({ description: 'It fires once.' }),
    scheduled_at: z
      .string()
      .regex(localTime, 'must be like 2026-12-01T09:00:00Z, or 2026-12-01T09:00 on the clock of timezone')
      .meta({
        description:
          'When: an instant (2026-12-01T09:00:00Z), or a time on the clock of `timezone` (2026-12-01T09:00).',
        examples: ['2030-12-01T09:00:00Z'],
      }),
    repeat_interval: z.null().optional().meta({ description: 'It does not repeat.' }),
    cron_expression: z.null().optional().meta({ description: 'It does not repeat.' }),
    ...common,
  })
  .meta({ id: 'ScheduledTask', description: 'A task that fires once.' });

const repeated = z
  .strictObject({
    task_type: z.literal('repeated').meta({ description: 'It fires again and again.' }),
    scheduled_at: orNothing(
      instant(
        'When it begins, which `daily`, `weekly` and `monthly` need: their weekday, day and time of day are its.',
      ),
    ),
    repeat_interval: z.enum(repeatIntervals).nullish().meta({ description: texts.repeat_interval }),
    cron_expression: z
      .string()
      .nullish()
      .meta({ description: texts.cron_expression, examples: ['0 9 * * 1-5'] }),
    ...common,
  })
  .superRefine((body, context) => {
    const custom = body.repeat_interval === 'custom' || body.repeat_interval == null;
    const issue = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (!custom && body.scheduled_at == null)
      issue('scheduled_at', `is missing: ${body.repeat_interval} counts from it`);
    if (!custom && body.cron_expression != null) {
      issue(
        'cron_expression',
        `must be left out where repeat_interval is ${body.repeat_interval}: there is one rule`,
      );
    }
  })
  .meta({ id: 'RepeatedTask', description: 'A task that fires again and again.' });

export const taskBody = z
  .discriminatedUnion('task_type', [scheduled, repeated])
  .meta({ id: 'TaskBody', description: 'A task, as it shall be. What is left out has its default.' });

export type TaskBody = z.output<typeof taskBody>;

export const task = z
  .object({
    id: id('Its id.'),
    key: z.string().nullable().meta({ description: texts.key }),
    name: z.string().meta({ description: texts.name }),
    description: z.string().nullable().meta({ description: texts.description }),
    task_type: z.enum(taskTypes).meta({ description: 'Whether it fires once, or again and again.' }),
    task: z.string().meta({ description: texts.task }),
    payload: z.unknown().meta({ description: texts.payload }),
    scheduled_at: z.string().nullable().meta({
      description:
        'When it fires, where it does so once: an instant, or a time on the clock of `timezone` if it was given so. Else when it begins.',
    }),
    repeat_interval: z.enum(repeatIntervals).nullable().meta({ description: texts.repeat_interval }),
    cron_expression: z.string().nullable().meta({ description: texts.cron_expression }),
    timezone: z.string().meta({ description: 'The IANA time zone that its times are on the clock of.' }),
    tags: z.array(z.string()).meta({ description: texts.tags }),
    is_active: z.boolean().meta({ description: 'Whether it fires: `status` is `active`.' }),
    status: z.enum(['active', 'paused', 'completed', 'cancelled']).meta({
      description: 'active, paused, completed (its rule has no more fires) or cancelled (stopped for good).',
    }),
    status_reason: z.string().nullable().meta({ description: 'Why it is so.' }),
    rule: z.string().meta({
      description:
        'Its rule, whatever its kind: a cron expression, an interval, a time, a recurrence rule, or a list of these as JSON.',
    }),
    deliver: z.enum(policies).meta({ description: texts.deliver }),
    channel_mapping_id: orNull(id(texts.channel_mapping_id)),
    next_run_at: orNull(instant('When it fires next; null where it does not.')),
    last_run_id: orNull(id('Its latest run.')),
    revision: z.int().meta({ description: 'Counts the changes of its definition; also its ETag.' }),
    created_at: instant('When it was created.'),
    updated_at: instant('When it was changed last.'),
  })
  .meta({ id: 'Task', description: 'When something happens, and what.' });

export type TaskView = z.output<typeof task>;

export const taskPage = pageOf(task, 'TaskPage', 'tasks');

export const taskQuery = z.strictObject({
  task_type: z
    .enum(taskTypes)
    .optional()
    .meta({ description: 'Only tasks that fire once, or only those that repeat.' }),
  is_active: queryBoolean('Only tasks that fire, or only those that do not.'),
  tag: z.string().optional().meta({ description: 'Only tasks with this tag.' }),
  ...pageQuery,
});
