// pgchime/testing, as a test of somebody's own uses it: what happens, in what order, at what instants.
import t, { type Test } from 'tap';
import { z } from 'zod';
import {
  defineTask,
  defineWorkflow,
  IllegalStateError,
  InvalidArgumentError,
  InvariantError,
  RunFailedError,
  retry,
  silent,
  snooze,
  type Tasks,
} from '../../src/index.ts';
import { createTestChime, type Happening, type TestChimeOptions } from '../../src/testing.ts';

const connectionString = process.env.TEST_SERVER_URL as string;

async function open<const T extends Tasks>(test: Test, options: TestChimeOptions<T>) {
  const made = await createTestChime<T>({ connectionString, ...options });
  test.teardown(() => made.stop());
  return made;
}

const say = defineTask({
  name: 'say',
  payload: z.object({ text: z.string().default('hello') }),
  run: ({ payload, run }) => `${payload.text} at ${run.localTime}`,
});
const line = ({ at, schedule, attempt, status, text }: Happening) =>
  `${at.toISOString().slice(5, 19)} ${schedule} ${attempt} ${status}: ${text}`;

t.test('the night on which an hour is missing, and the one that has it twice', async (test) => {
  const { chime, clock, outbox } = await open(test, {
    ...{ tasks: { say }, now: '2026-03-28 12:00', timezone: 'Europe/Berlin' },
  });
  const at = { cron: '30 2 * * *', timezone: 'Europe/Berlin' } as const;
  await chime.schedule(say, { ...at, key: 'next' });
  await chime.schedule(say, { ...at, key: 'shift', dstGap: 'shift' });
  await chime.schedule(say, { ...at, key: 'skip', dstGap: 'skip', dstFold: 'both' });
  await clock.advanceTo('2026-03-30 12:00');
  test.strictSame(clock.now, new Date('2026-03-30T10:00:00Z'), 'in the zone of the test');
  test.strictSame(
    outbox.map(({ schedule, text }) => `${schedule} ${text}`),
    [
      'next hello at 2026-03-29 03:00:00',
      'shift hello at 2026-03-29 03:30:00',
      'next hello at 2026-03-30 02:30:00',
      'shift hello at 2026-03-30 02:30:00',
      'skip hello at 2026-03-30 02:30:00',
    ],
  );
  const happened = await clock.advanceTo('2026-10-26T00:00:00Z');
  test.strictSame(
    happened
      .filter(({ at: when }) => when >= new Date('2026-10-25T00:00:00Z'))
      .map(({ at: when, schedule }) => `${when.toISOString()} ${schedule}`),
    [
      '2026-10-25T00:30:00.000Z next',
      '2026-10-25T00:30:00.000Z shift',
      '2026-10-25T00:30:00.000Z skip',
      '2026-10-25T01:30:00.000Z skip',
    ],
  );
});

t.test('what was left out is a fire, too', async (test) => {
  const { chime, clock, fires } = await fireable(test);
  await chime.schedule(say, { cron: '30 2 * * *', timezone: 'Europe/Berlin', key: 'skip', dstGap: 'skip' });
  const happened = await clock.advanceTo('2026-03-30T12:00:00Z');
  test.strictSame(
    (await fires()).map(({ localTime, status, skipReason }) => [localTime, status, skipReason]),
    [
      ['2026-03-29 02:00:00', 'skipped', 'dst_gap'],
      ['2026-03-30 02:30:00', 'succeeded', null],
    ],
  );
  test.strictSame(happened.map(line), [
    '03-30T00:30:00 skip 1 succeeded: hello at 2026-03-30 02:30:00',
    '03-30T00:30:00 skip 0 skipped: dst_gap',
  ]);
});

async function fireable(test: Test) {
  return open(test, { tasks: { say }, now: '2026-03-28T12:00:00Z' });
}

t.test('attempts, retries and waits, in the order of their instants', async (test) => {
  let tries = 0;
  const flaky = defineTask({
    name: 'flaky',
    payload: z.object({}),
    run: ({ run }) => {
      tries++;
      if (run.attempt < 3) throw new Error(`try ${run.attempt}`);
      return `after ${run.attempt}`;
    },
  });
  const later = defineTask({
    name: 'later',
    payload: z.object({}),
    run: ({ run }) => (run.attempt === 1 ? snooze(new Date('2026-01-01T10:01:30Z')) : 'now'),
  });
  const asks = defineTask({
    name: 'asks',
    payload: z.object({}),
    run: ({ run }) => (run.attempt === 1 ? retry(45_000, 'busy') : silent('nothing new')),
  });
  const { chime, clock, outbox } = await open(test, {
    tasks: [flaky, later, asks],
    now: '2026-01-01T09:59:00Z',
  });
  const at = { at: '2026-01-01T10:00:00Z' };
  await chime.scheduleOnce('flaky', { ...at, key: 'f', retryDelay: '1 minute', retryMaxDelay: '1 minute' });
  await chime.scheduleOnce('later', { ...at, key: 'l' });
  await chime.scheduleOnce('asks', { ...at, key: 'a' });
  const happened = await clock.advanceBy('1 hour');
  // A retry waits up to a tenth longer than its delay.
  test.strictSame(
    happened
      .map(line)
      .map((each) =>
        each.replace(/(?<=:01:0)\d (?=f)|(?<=:02:)\d\d /, (match) => `${'.'.repeat(match.length - 1)} `),
      ),
    [
      '01-01T10:00:00 a 1 retrying: busy',
      '01-01T10:00:00 f 1 retrying: try 1',
      '01-01T10:00:00 l 1 retrying: ',
      '01-01T10:00:45 a 2 succeeded: ',
      '01-01T10:01:0. f 2 retrying: try 2',
      '01-01T10:01:30 l 2 succeeded: now',
      '01-01T10:02:.. f 3 succeeded: after 3',
    ],
  );
  test.equal(tries, 3);
  test.strictSame(
    outbox.map(({ text }) => text),
    ['now', 'after 3'],
    'what nobody need be told is not sent',
  );
  test.strictSame(await clock.advanceBy('1 day'), []);
});

t.test('the same again is the same again, what is spread by chance among it', async (test) => {
  const fails = defineTask({
    name: 'fails',
    payload: z.object({}),
    run: () => {
      throw new Error('always');
    },
  });
  const again = async () => {
    const { chime, clock } = await open(test, { tasks: { fails }, now: '2026-01-01T00:00:00Z' });
    for (const key of ['a', 'b', 'c'])
      await chime.schedule(fails, {
        key,
        every: '1 hour',
        jitter: '10 minutes',
        overlap: 'allow',
        anchor: '2026-01-01',
      });
    return clock.advanceBy('5 hours');
  };
  const first = await again();
  test.ok(first.length > 40, 'jitter and retries');
  test.strictSame(await again(), first);
});

t.test('events, what they lead to, and when', async (test) => {
  const seen: unknown[] = [];
  const welcome = defineTask({
    name: 'welcome',
    payload: z.object({ name: z.string() }),
    run: ({ payload, run }) => {
      seen.push([payload.name, run.startedAt.toISOString()]);
      return `Welcome, ${payload.name}`;
    },
  });
  const { chime, clock, outbox } = await open(test, { tasks: { welcome }, now: '2026-01-01T00:00:00Z' });
  await chime.onEvent('user.joined', welcome, { key: 'now' });
  await chime.onEvent('user.joined', welcome, { key: 'later', delay: '3 days' });
  await chime.onEvent('user.joined', welcome, { key: 'quiet', debounce: '10 minutes' });
  await chime.triggerEvent('user.joined', { name: 'Ann' });
  test.equal((await clock.settle()).length, 1);
  await clock.advanceBy('5 minutes');
  await chime.triggerEvent('user.joined', { name: 'Bob' });
  await clock.advanceBy('4 days');
  test.strictSame(seen, [
    ['Ann', '2026-01-01T00:00:00.000Z'],
    ['Bob', '2026-01-01T00:05:00.000Z'],
    ['Bob', '2026-01-01T00:15:00.000Z'],
    ['Ann', '2026-01-04T00:00:00.000Z'],
    ['Bob', '2026-01-04T00:05:00.000Z'],
  ]);
  test.equal(outbox.length, 5);
});

t.test('a workflow speaks once, at its end', async (test) => {
  const chain = defineWorkflow({
    name: 'chain',
    payload: z.object({}),
    steps: [
      { name: 'first', task: 'say', payload: { text: 'one' } },
      { name: 'second', task: 'say', payload: { text: 'after {{previous.output}}' } },
    ],
  });
  const { chime, clock, outbox } = await open(test, { tasks: { say, chain }, now: '2026-01-01T00:00:00Z' });
  await chime.scheduleOnce(chain, { at: '2026-01-01T01:00:00Z', key: 'c' });
  const happened = await clock.advanceBy('1 day');
  test.strictSame(
    happened.map(({ task, status }) => `${task} ${status}`),
    ['say succeeded', 'say succeeded', 'chain succeeded'],
  );
  test.strictSame(
    outbox.map(({ schedule, text }) => [schedule, text]),
    [['c', 'after one at 2026-01-01 01:00:00 at 2026-01-01 01:00:00']],
  );
});

t.test('waiting for a run, in the test and in a handler', async (test) => {
  const inner = defineTask({ name: 'inner', payload: z.object({}), run: () => ({ n: 20 }) });
  const broken = defineTask({
    name: 'broken',
    payload: z.object({}),
    run: () => {
      throw new Error('no');
    },
  });
  const outer = defineTask({
    name: 'outer',
    payload: z.object({}),
    run: async (): Promise<{ n: number }> => {
      const { result } = await made.chime.runNow(job).finished();
      return { n: result.n + 1 };
    },
  });
  const mover = defineTask({
    name: 'mover',
    payload: z.object({}),
    run: async (): Promise<void> => {
      await made.clock.advanceBy('1 hour');
    },
  });
  const made = await open(test, { tasks: [inner, outer, broken, mover], now: '2026-01-01T00:00:00Z' });
  const { chime, clock } = made;
  const yearly = { cron: '0 0 1 1 *' } as const;
  const job = await chime.upsert('inner', inner, yearly);
  const { result } = await chime.runNow(await chime.upsert('outer', outer, yearly)).finished();
  test.equal(result.n, 21);
  const failing = await chime.upsert('broken', broken, { ...yearly, maxRetries: 1 });
  const run = await chime.runNow(failing);
  await test.rejects(run.finished(), {
    name: 'IllegalStateError',
    message: /is retrying until 2026-01-01T00:01:0\d\.\d{3}Z, and the clock stands still/,
  });
  await clock.advanceBy('2 minutes');
  await test.rejects(run.finished(), RunFailedError);
  await test.rejects(
    chime.runNow(await chime.upsert('mover', mover, { ...yearly, maxRetries: 0 })).finished(),
    {
      message: /A handler cannot move the clock/,
    },
  );
  await test.rejects(clock.advanceTo('2025-12-31'), InvalidArgumentError);
  await test.rejects(clock.advanceTo('noon'), InvalidArgumentError);
  await test.rejects(clock.advanceBy('a while'), InvalidArgumentError);
  await test.rejects(
    chime.withTransaction((tx) => tx.runNow('inner').finished()),
    IllegalStateError,
  );
});

t.test('slots, priorities and overlap', async (test) => {
  const order: string[] = [];
  const note = defineTask({
    name: 'note',
    payload: z.object({ as: z.string() }),
    run: ({ payload }) => {
      order.push(payload.as);
    },
  });
  const { chime, clock, fires, runs } = await open(test, { tasks: { note }, now: '2026-01-01T00:00:00Z' });
  const at = { at: '2026-01-01T01:00:00Z' };
  await chime.scheduleOnce(note, { ...at, key: 'c', payload: { as: 'c' }, concurrencyKey: 'one' });
  await chime.scheduleOnce(note, { ...at, key: 'b', payload: { as: 'b' }, concurrencyKey: 'one' });
  await chime.scheduleOnce(note, { ...at, key: 'z', payload: { as: 'z' }, priority: 'critical' });
  await chime.scheduleOnce(note, { ...at, key: 'a', payload: { as: 'a' } });
  await clock.advanceTo('2026-01-01T01:00:00Z');
  test.strictSame(order[0], 'z', 'the critical one first');
  test.strictSame([...order].sort(), ['a', 'b', 'c', 'z']);
  test.ok((await fires()).every(({ status }) => status === 'succeeded'));
  test.strictSame(
    (await runs()).map(({ scheduleName }) => scheduleName),
    ['a', 'b', 'c', 'z'],
  );
});

t.test('asleep: what was due meanwhile is caught up with as the schedule says', async (test) => {
  const { chime, clock, fires } = await fireable(test);
  await chime.schedule(say, {
    cron: '0 * * * *',
    key: 'all',
    catchUp: 'all',
    catchUpWindow: '3 hours',
    overlap: 'allow',
  });
  await chime.schedule(say, { cron: '0 * * * *', key: 'latest' });
  await clock.advanceTo('2026-03-28T22:30:00Z', { asleep: true });
  const all = await fires();
  test.strictSame(
    all
      .filter(({ status }) => status === 'succeeded')
      .map(({ schedule, localTime }) => `${schedule} ${localTime}`),
    [
      'all 2026-03-28 20:00:00',
      'all 2026-03-28 21:00:00',
      'all 2026-03-28 22:00:00',
      'latest 2026-03-28 22:00:00',
    ],
  );
  test.strictSame(
    all
      .filter(({ status }) => status === 'skipped')
      .map(({ schedule, coversCount }) => [schedule, coversCount]),
    [
      ['all', 7],
      ['latest', 9],
    ],
  );
});

t.test('a year, fire by fire', async (test) => {
  const { chime, clock, fires } = await fireable(test);
  await chime.schedule(say, { cron: '0 9 * * *', timezone: 'America/New_York', key: 'daily' });
  const happened = await clock.advanceTo('2027-03-28T12:00:00Z');
  test.equal(happened.length, 365);
  test.ok(
    happened.every(({ status, localTime }) => status === 'succeeded' && localTime.endsWith('09:00:00')),
  );
  test.ok(happened.every(({ at, scheduledFor }) => at.getTime() === scheduledFor.getTime()));
  test.equal((await fires()).length, 365);
  const { runs, checks, status } = {
    ...(await chime.getJobStats('daily')),
    ...(await chime.healthCheck()),
  };
  test.equal(runs, 365);
  test.strictSame([status, checks.partitions?.status], ['ok', 'ok'], JSON.stringify(checks));
});

t.test('what leads to itself is stopped', async (test) => {
  const again = defineTask({
    name: 'again',
    payload: z.object({}),
    run: async (): Promise<void> => {
      await made.chime.runNow('again', { allowOverlap: true });
    },
  });
  const made = await open(test, { tasks: { again }, now: '2026-01-01T00:00:00Z', runLimit: 20 });
  await made.chime.upsert('again', again, { cron: '0 0 1 1 *' });
  await made.chime.runNow('again');
  await test.rejects(made.clock.settle(), InvariantError);
});
