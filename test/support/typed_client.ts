// What the compiler accepts, and what it refuses: `npm run typecheck` reads this file, and nothing runs it.
import { z } from 'zod';
import {
  createChime,
  defineTask,
  defineWorkflow,
  done,
  type IScheduler,
  type Run,
  type RunWithOutput,
  type SucceededRun,
  silent,
} from '../../src/index.ts';

const brief = defineTask({
  name: 'brief',
  payload: z.object({ userId: z.string(), topics: z.array(z.string()).default([]) }),
  async run({ payload, run }) {
    const topics: string[] = payload.topics;
    if (topics.length === 0) return silent('Nothing new.');
    return { headline: topics.join(), at: run.scheduledFor, parts: [1, 2] };
  },
});
const beat = defineTask({ name: 'beat', payload: z.object({}), run: () => 'text' });
const count = defineTask({ name: 'count', payload: z.object({ from: z.number() }), run: () => done(7) });
const quiet = defineTask({ name: 'quiet', payload: z.unknown(), run: async ({ log }) => log.info('') });
const chain = defineWorkflow({
  name: 'chain',
  payload: z.object({ url: z.string() }),
  steps: [{ task: 'beat' }],
});

/** Fails to compile where the two types differ. */
type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : never;
const same = <A, B>(_proof: Same<A, B>) => {};

export async function typed() {
  const chime = createChime({ connectionString: '', tasks: { brief, beat, count, quiet, chain } });
  const rule = { cron: '0 9 * * *', timezone: 'Europe/Berlin' } as const;

  const scheduled = await chime.schedule(brief, { ...rule, payload: { userId: 'ann' } });
  await chime.schedule('brief', { ...rule, payload: { userId: 'ann', topics: ['ai'] } });
  await chime.upsert('beat', beat, rule);
  await chime.scheduleOnce('beat', { at: '2030-01-01 09:00', payload: {} });
  await chime.scheduleRecurring(count, { every: '1 hour', times: 3, payload: { from: 1 } });
  await chime.schedule(chain, { ...rule, payload: { url: '' } });
  // @ts-expect-error a payload of another type
  await chime.schedule(brief, { ...rule, payload: { userId: 7 } });
  // @ts-expect-error a payload of another type, by the name of the task
  await chime.schedule('brief', { ...rule, payload: { userId: 'ann', topics: 'ai' } });
  // @ts-expect-error a payload that is missing
  await chime.schedule(count, rule);
  // @ts-expect-error a payload that is missing
  await chime.upsert('count', 'count', rule);
  // @ts-expect-error a field that the payload does not have
  await chime.schedule(count, { ...rule, payload: { from: 1, to: 2 } });
  // @ts-expect-error a payload of another type, of a workflow
  await chime.schedule(chain, { ...rule, payload: { uri: '' } });
  // @ts-expect-error no such task
  await chime.schedule('breif', { ...rule, payload: { userId: 'ann' } });
  // @ts-expect-error no such rule
  await chime.schedule(beat, { crno: '* * * * *' });
  // @ts-expect-error once has a time
  await chime.scheduleOnce(beat, {});
  // @ts-expect-error once has no cron
  await chime.scheduleOnce(beat, { at: new Date(), cron: '* * * * *' });
  // @ts-expect-error the limit has names of its own
  await chime.scheduleRecurring(beat, { every: '1 hour', maxRuns: 3 });
  // @ts-expect-error no such task
  await chime.onEvent('order.created', 'breif');

  const finished = await chime.runNow(scheduled).finished({ timeout: 1000 });
  same<(typeof finished)['result'], { headline: string; at: string; parts: number[] } | null>(true);
  const counted = await chime
    .runNow(await chime.upsert('c', count, { ...rule, payload: { from: 1 } }))
    .finished();
  same<(typeof counted)['result'], number>(true);
  const text = await chime.runNow(await chime.upsert('b', 'beat', rule)).finished();
  same<(typeof text)['result'], null>(true);
  const nothing = await chime.runNow(await chime.upsert('q', quiet, rule)).finished();
  same<(typeof nothing)['result'], null>(true);
  const run: Run = await chime.runNow('key');
  const whole: RunWithOutput = await chime.getExecution(run.id);
  const end: SucceededRun = await chime.runs.get(whole.id).finished();

  const committed: number = await chime.withTransaction(async (tx, client) => {
    await tx.schedule('count', { ...rule, payload: { from: 1 } });
    await client.query('select 1');
    // @ts-expect-error the same types inside of a transaction
    await tx.schedule('count', { ...rule, payload: {} });
    return 1;
  });

  const listed = createChime({ connectionString: '', tasks: [brief, beat] });
  await listed.schedule('beat', rule);
  // @ts-expect-error not in the list
  await listed.schedule('count', { ...rule, payload: { from: 1 } });

  // Without `tasks`, any name and any payload; a definition says what it takes all the same.
  const untyped = createChime({ connectionString: '' });
  const scheduler: IScheduler = untyped;
  await scheduler.schedule('anything', { ...rule, payload: { any: 'thing' } });
  await untyped.schedule('anything', rule);
  // @ts-expect-error a payload of another type
  await untyped.schedule(count, { ...rule, payload: { from: 'one' } });
  return { end, committed };
}
