import { z } from 'zod';
import { IllegalStateError, InvalidArgumentError, RunNotFoundError } from '../../errors.ts';
import { onlyTime, settle } from './cadence.ts';
import { defineTool } from './define.ts';
import { requireChange } from './rights.ts';
import { readSchedule, type ScheduleView } from './schedule_view.ts';
import { cadence, questionFields, questionStatuses, runId, schedule, scheduleId } from './schemas.ts';
import { quoted, text } from './texts/texts.ts';
import { nextText, type Time } from './times.ts';
import type { ReadPhrase, Tool, ToolActing, ToolContext } from './tool.ts';

const actions = ['pause', 'resume', 'run_now', 'skip_next', 'cancel_run', 'delete', 'restore'] as const;

const input = z.strictObject({
  schedule_id: scheduleId,
  action: z
    .enum(actions)
    .describe(
      'pause: it does not fire until it is resumed, or until until. resume. run_now: once, at once, beside its times. skip_next: its next time is left out. ' +
        'cancel_run: ends a run that waits or is at work. delete: it goes out of sight and does not fire; restore takes that back.',
    ),
  until: cadence.optional().describe('With pause: the one time at which it resumes by itself.'),
  run_id: runId.optional().describe('With cancel_run: which run; by default the latest that has not ended.'),
  reason: z.string().trim().min(1).max(500).optional().describe('With pause and cancel_run: why.'),
});
type Wanted = z.output<typeof input>;

interface Work {
  acting: ToolActing;
  wanted: Wanted;
  /** As it was; of one that is restored as it is. */
  before: ScheduleView;
  until: Time | undefined;
  context: ToolContext;
}

/** Does it; answers what the sentence needs beside the name, and the run that it was about. */
type Action = (
  work: Work,
) => Promise<{ values?: Record<string, string>; run?: string; key: Parameters<typeof text>[1] }>;

async function unfinishedRun({ acting, wanted: { schedule_id, run_id } }: Work): Promise<string> {
  const [run] = await acting.rows<{ id: string }>(
    `select r.id from chime.runs r
     where r.schedule_id = $1 and case when $2::uuid is null then r.finished_at is null else r.id = $2 end
     order by r.id desc limit 1`,
    [schedule_id, run_id ?? null],
  );
  if (run !== undefined) return run.id;
  if (run_id !== undefined)
    throw new RunNotFoundError(`The schedule has no run ${run_id}.`, { hint: 'See schedule_runs.' });
  throw new IllegalStateError('No run of this schedule waits or is at work.', { hint: 'See schedule_runs.' });
}

const doing: Readonly<Record<(typeof actions)[number], Action>> = {
  async pause({ acting, wanted: { schedule_id, reason }, until }) {
    await acting.chime.schedules.pause(schedule_id, {
      ...(reason !== undefined && { reason }),
      ...(until !== undefined && { until: until.utc }),
    });
    return { key: 'paused', values: { until: until?.text ?? 'none' } };
  },
  async resume({ acting, wanted }) {
    await acting.chime.schedules.resume(wanted.schedule_id);
    return { key: 'resumed' };
  },
  async run_now({ acting, wanted }) {
    const { id } = await acting.chime.schedules.runNow(wanted.schedule_id);
    return { key: 'ranNow', run: id };
  },
  async skip_next({ acting, wanted, before }) {
    await acting.chime.schedules.skipNext(wanted.schedule_id);
    return { key: 'skippedNext', values: { when: before.data.next?.text ?? '' } };
  },
  async cancel_run(work) {
    const { status, id } = await work.acting.chime.runs.cancel(await unfinishedRun(work), work.wanted.reason);
    return { key: 'cancelledRun', values: { asked: status === 'running' ? 'yes' : 'no' }, run: id };
  },
  async delete({ acting, wanted }) {
    await acting.chime.schedules.delete(wanted.schedule_id);
    return { key: 'deleted' };
  },
  async restore() {
    return { key: 'restored' };
  },
};

async function control(wanted: Wanted, until: Time | undefined, context: ToolContext) {
  const { schedule_id: id, action } = wanted;
  await requireChange(context, id);
  return context.act(async (acting) => {
    if (action === 'restore') await acting.chime.schedules.restore(id);
    const before = await readSchedule(acting, id, context);
    const { key, values, run } = await doing[action]({ acting, wanted, before, until, context });
    const after = action === 'delete' ? undefined : (await readSchedule(acting, id, context)).data;
    const next = after === undefined || after.next === null ? [] : [after.next];
    return {
      data: {
        ...{ status: 'done', action },
        ...(after !== undefined && { schedule: after }),
        ...(run !== undefined && { run_id: run }),
      },
      say: text(context.locale, key, {
        ...{ name: quoted(before.data.name), next: nextText(next, context.locale), ...values },
      }),
    };
  });
}

export const scheduleControl = (readPhrase: ReadPhrase): Tool =>
  defineTool({
    name: 'schedule_control',
    title: 'Steer a schedule',
    description:
      'Pauses, resumes, runs, skips, deletes or restores a schedule, or cancels a run of it. Ask the person before you delete, unless they asked for it.',
    input,
    output: z.object({
      status: z.enum(['done', ...questionStatuses]),
      action: z.enum(actions).optional(),
      schedule: schedule.optional().describe('As it is now; absent where it was deleted.'),
      run_id: z.string().optional().describe('The run that it was about.'),
      ...questionFields,
    }),
    readOnly: false,
    destructive: true,
    idempotent: false,
    async run(wanted, context) {
      const { action, until: when, run_id: run } = wanted;
      if (when !== undefined && action !== 'pause')
        throw new InvalidArgumentError('until belongs to the action pause.', { detail: { field: 'until' } });
      if (run !== undefined && action !== 'cancel_run')
        throw new InvalidArgumentError('run_id belongs to the action cancel_run.', {
          detail: { field: 'run_id' },
        });
      if (when === undefined) return control(wanted, undefined, context);
      const { data } = await context.act((acting) => readSchedule(acting, wanted.schedule_id, context));
      const settled = await settle(
        { cadence: when, timezone: context.timezone ?? data.timezone },
        { context, readPhrase, count: 1 },
      );
      return settled.kind === 'asked'
        ? settled
        : control(wanted, onlyTime(settled, when.value, context), context);
    },
  });
