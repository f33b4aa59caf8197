// The interface of a scheduler, each method of it, on a real database. Nothing runs here: runs are ended by the calls of a worker.
import t from 'tap';
import { z } from 'zod';
import {
  createChime,
  defineTask,
  IllegalStateError,
  InvalidArgumentError,
  InvalidConfigError,
  InvalidPayloadError,
  PastTimeError,
  RevisionConflictError,
  RunNotFoundError,
  ScheduleNotFoundError,
  UnknownTaskError,
} from '../../src/index.ts';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const clock = await MovableNow.install(database, '2026-03-10T12:00:00Z');
const attempts = attemptsOf(database);
const order = defineTask({
  name: 'order',
  payload: z.object({ id: z.number().int(), lines: z.array(z.object({ sku: z.string() })).default([]) }),
  run: ({ payload }) => payload.id,
});
const noop = defineTask({ name: 'noop', payload: z.looseObject({}), run: () => {} });
await attempts.register(['noop', 'order']);
const chime = createChime({ connectionString: database.url, tasks: { order, noop } });
t.teardown(() => chime.close());
const yearly = { cron: '0 0 1 1 *' } as const;

t.test('schedule: by definition, by name, by key', async (test) => {
  const first = await chime.schedule(order, {
    ...yearly,
    key: 'o',
    payload: { id: 1 },
    timezone: 'Asia/Tokyo',
  });
  test.hasStrict(first, { outcome: 'created', nextRunAt: new Date('2026-12-31T15:00:00Z') });
  const again = await chime.upsert('o', 'order', { ...yearly, payload: { id: 2, lines: [{ sku: 'a' }] } });
  test.hasStrict(again, { id: first.id, outcome: 'changed', revision: 2 });
  test.hasStrict(await chime.getJob('o'), {
    task: 'order',
    payload: { id: 2, lines: [{ sku: 'a' }] },
    timezone: 'UTC',
  });
  test.hasStrict(await chime.upsert('o', 'order', { ...yearly, payload: { id: 2, lines: [{ sku: 'a' }] } }), {
    outcome: 'unchanged',
  });
});

t.test('a payload that does not fit is refused before it is sent, with its paths', async (test) => {
  const nowhere = createChime({
    connectionString: 'postgres://nobody@127.0.0.1:1/nowhere',
    tasks: [order],
  });
  const bad = { id: 1.5, lines: [{ sku: 'a' }, { sku: 7 }] } as never;
  const error = await nowhere.schedule('order', { ...yearly, payload: bad }).catch((thrown) => thrown);
  test.ok(error instanceof InvalidPayloadError);
  test.match(error.message, /"order": payload\.id: .*; payload\.lines\.1\.sku: /);
  test.match(error.detail, {
    task: 'order',
    path: 'payload.id',
    issues: [{ path: 'payload.id' }, { path: 'payload.lines.1.sku' }],
  });
  await test.rejects(nowhere.schedule(order, yearly as never), {
    code: 'CH006',
    detail: { path: 'payload.id' },
  });
  const circular: { id: number; self?: unknown } = { id: 1 };
  circular.self = circular;
  await test.rejects(nowhere.schedule(order, { ...yearly, payload: circular }), {
    name: 'InvalidPayloadError',
    message: /is no JSON/,
  });
  // What JSON makes of a value is what a handler is given.
  const dated = defineTask({ name: 'dated', payload: z.object({ at: z.date() }), run: () => {} });
  await test.rejects(
    nowhere.schedule(dated, { ...yearly, payload: { at: new Date() } }),
    InvalidPayloadError,
  );
  await nowhere.close();
});

t.test('tasks are checked', async (test) => {
  test.throws(() => createChime({ connectionString: '', tasks: [order, { ...order }] }), InvalidConfigError);
  test.throws(() => createChime({ connectionString: '', tasks: [{} as never] }), InvalidConfigError);
  const late = defineTask({ name: 'late_one', payload: z.object({}), run: () => {} });
  await test.rejects(chime.schedule(late, yearly), UnknownTaskError);
  await test.rejects(chime.schedule(undefined as never, yearly), InvalidArgumentError);
});

t.test('scheduleOnce', async (test) => {
  const once = await chime.scheduleOnce(noop, {
    at: '2026-03-29 02:30',
    timezone: 'Europe/Berlin',
    key: 'once',
  });
  test.strictSame(once.nextRunAt, new Date('2026-03-29T01:00:00Z'), 'in the gap: the first instant after it');
  await test.rejects(chime.scheduleOnce(noop, { at: new Date('2026-03-10T11:00:00Z') }), PastTimeError);
  await test.rejects(chime.scheduleOnce(noop, {} as never), {
    name: 'InvalidArgumentError',
    detail: { field: 'at' },
  });
});

t.test('scheduleRecurring is limited', async (test) => {
  await chime.scheduleRecurring(noop, {
    every: '1 hour',
    times: 3,
    until: '2026-03-11T00:00:00Z',
    key: 'few',
  });
  test.hasStrict(await chime.getJob('few'), { maxRuns: 3, endsAt: new Date('2026-03-11T00:00:00Z') });
  await test.rejects(chime.scheduleRecurring(noop, { every: '1 hour' }), InvalidArgumentError);
});

t.test('reschedule, unschedule', async (test) => {
  const job = await chime.schedule(noop, { ...yearly, key: 'moved' });
  test.hasStrict(await chime.reschedule(job, { every: '2 hours', anchor: '2026-03-10T00:00:00Z' }), {
    ...{ cron: null, every: '02:00:00', nextRunAt: new Date('2026-03-10T14:00:00Z'), revision: 2 },
  });
  await test.rejects(chime.reschedule('moved', yearly, { expectedRevision: 1 }), RevisionConflictError);
  test.equal((await chime.unschedule(job)).id, job.id);
  await test.rejects(chime.getJob('moved'), ScheduleNotFoundError);
  await test.rejects(chime.unschedule('moved'), ScheduleNotFoundError);
});

t.test('pauseJob, resumeJob, cancelJob', async (test) => {
  const job = await chime.schedule(noop, { ...yearly, key: 'steered' });
  const until = new Date('2026-06-01T00:00:00Z');
  test.hasStrict(await chime.pauseJob('steered', { reason: 'holiday', until }), {
    ...{ status: 'paused', statusReason: 'holiday', pausedUntil: until },
  });
  test.hasStrict(await chime.resumeJob(job), { status: 'active' });
  test.hasStrict(await chime.cancelJob(await chime.getJob('steered'), 'over'), {
    ...{ status: 'cancelled', statusReason: 'over' },
  });
  await test.rejects(chime.resumeJob(job), IllegalStateError);
  await test.rejects(chime.pauseJob('nobody'), ScheduleNotFoundError);
});

t.test('onEvent and triggerEvent', async (test) => {
  const handler = await chime.onEvent('order.created', order, { payload: { id: '{{payload.id}}' } });
  test.hasStrict(handler, { outcome: 'created' });
  test.hasStrict(await chime.onEvent('order.created', 'order', { payload: { id: '{{payload.id}}' } }), {
    ...{ id: handler.id, outcome: 'unchanged' },
  });
  test.hasStrict(await chime.onEvent('order.created', order, { key: 'other', delay: '1 hour' }), {
    outcome: 'created',
  });
  const event = await chime.triggerEvent('order.created', { id: 7 });
  test.equal(event.handlerCount, 2);
  const [run] = await chime.runs.list({ status: 'queued' });
  test.hasStrict(run, { task: 'order', trigger: 'event', eventId: event.id });
  test.strictSame((await chime.getExecution(run?.id ?? '')).payload, { id: 7 });
  await test.rejects(chime.triggerEvent('order.created', [] as never), InvalidPayloadError);
  await test.rejects(chime.onEvent('order.created', 'nobody' as never), UnknownTaskError);
});

t.test('listJobs: pages, filters', async (test) => {
  const made = [];
  for (const key of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    await clock.advance('1 millisecond'); // of ids of the same one none is the later
    made.push((await chime.schedule(noop, { ...yearly, key, tags: ['pages'] })).id);
  }
  await clock.advance('1 millisecond');
  await chime.pauseJob('p2');
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof chime.listJobs>> = await chime.listJobs({
      tag: 'pages',
      limit: 2,
      after,
    });
    test.ok(page.items.length <= 2);
    seen.push(...page.items.map(({ id }) => id));
    // What comes meanwhile is before what is still to be read.
    if (after === null) await chime.schedule(noop, { ...yearly, key: 'p6', tags: ['pages'] });
    after = page.next;
  } while (after !== null);
  test.strictSame(seen, made.reverse());
  const keys = async (options: Parameters<typeof chime.listJobs>[0]) =>
    (await chime.listJobs(options)).items.map(({ key }) => key);
  test.strictSame(await keys({ tag: 'pages', status: 'paused' }), ['p2']);
  test.strictSame(await keys({ task: 'order' }), ['o']);
  test.hasStrict((await chime.listJobs({ task: 'order' })).items[0], { timezone: 'UTC', tags: [] });
  for (const wrong of [{ limit: 0 }, { limit: 1001 }, { after: 'x' }])
    await test.rejects(chime.listJobs(wrong), InvalidArgumentError);
});

t.test('runs: runNow, getExecution, retryExecution, getJobHistory, getJobStats', async (test) => {
  const job = await chime.schedule(order, {
    ...yearly,
    ...{ key: 'h', payload: { id: 1 }, maxRetries: 0, overlap: 'allow' },
  });
  const first = await chime.runNow(job, { payload: { id: 9 } });
  test.hasStrict(first, { status: 'queued', trigger: 'manual', scheduleName: 'h' });
  await clock.advance('2 seconds');
  await attempts.attempt(first.id, { outcome: 'failed', error: 'no stock' });
  test.hasStrict(await chime.getExecution(first.id), {
    status: 'failed',
    error: 'no stock',
    payload: { id: 9 },
  });
  const second = await chime.retryExecution(first.id);
  test.hasStrict(second, { status: 'queued', retryOf: first.id });
  await attempts.attempt(second.id, { output: 'done', result: '{"n": 1}' });
  test.hasStrict(await chime.getExecution(second.id), {
    status: 'succeeded',
    output: 'done',
    result: { n: 1 },
  });
  await test.rejects(chime.retryExecution(second.id), IllegalStateError);
  await test.rejects(chime.getExecution('00000000-0000-0000-0000-000000000000'), RunNotFoundError);
  await clock.advance('2 seconds');
  const third = await chime.runNow('h');
  const newest = await chime.getJobHistory('h', { limit: 2 });
  test.strictSame(
    newest.items.map(({ id }) => id),
    [third.id, second.id],
  );
  const rest = await chime.getJobHistory('h', { limit: 2, after: newest.next });
  test.strictSame(
    [rest.items.map(({ id, error }) => [id, error]), rest.next],
    [[[first.id, 'no stock']], null],
  );
  test.strictSame(
    (await chime.getJobHistory(job, { status: 'failed' })).items.map(({ id }) => id),
    [first.id],
  );
  test.hasStrict(await chime.getJobStats('h'), { runs: 2, succeeded: 1, failed: 1, successPercent: 50 });
  await test.rejects(chime.getJobHistory('nobody'), ScheduleNotFoundError);
  await test.rejects(chime.getJobStats('nobody'), ScheduleNotFoundError);
  await test.rejects(chime.runNow('nobody'), ScheduleNotFoundError);
  await test.rejects(chime.runNow('nobody').finished(), ScheduleNotFoundError);
});

t.test('getMetrics', async (test) => {
  const job = await chime.schedule(noop, { ...yearly, key: 'm', overlap: 'allow', maxRetries: 0 });
  const before = await chime.getMetrics();
  const worker = await attempts.register();
  for (const [seconds, outcome] of [
    [1, 'succeeded'],
    [3, 'succeeded'],
    [5, 'failed'],
  ] as const) {
    const run = await chime.runNow(job);
    await clock.advance('2 seconds');
    const [started] = await attempts.start(worker, [run.id]);
    await clock.advance(`${seconds} seconds`);
    await attempts.finish([
      { id: run.id, attempt: started?.attempt ?? 0, outcome, error: outcome === 'failed' ? 'x' : null },
    ]);
  }
  await chime.runNow(job);
  const metrics = await chime.getMetrics({ since: '2026-03-10T12:34:56Z' });
  test.strictSame(metrics.since, new Date('2026-03-10T12:00:00Z'));
  test.strictSame(metrics.schedules, before.schedules);
  test.ok(metrics.schedules.active > 5 && metrics.schedules.cancelled === 1);
  test.hasStrict(metrics.runs, {
    succeeded: before.runs.succeeded + 2,
    failed: before.runs.failed + 1,
    timedOut: 0,
    cancelled: 0,
    skippedFires: 0,
  });
  const of = metrics.tasks.find(({ task }) => task === 'noop');
  test.hasStrict(of, { succeeded: 2, failed: 1 });
  test.equal(of?.duration.averageMs, 3000);
  const within = (value: number | null | undefined, exact: number) =>
    test.ok(Math.abs((value ?? 0) - exact) <= exact * 0.05, `${value} is about ${exact}`);
  within(of?.duration.p50Ms, 3000);
  within(of?.duration.p95Ms, 5000);
  within(of?.duration.p99Ms, 5000);
  within(of?.lateness.p50Ms, 2000);
  test.hasStrict(
    metrics.queue.find(({ task }) => task === 'noop'),
    { queued: 1, running: 0, retrying: 0 },
  );
  const never = await chime.getMetrics({ since: '2020-01-01T00:00:00Z', until: '2020-02-01T00:00:00Z' });
  test.hasStrict(never.runs, { succeeded: 0, failed: 0, duration: { averageMs: null, p95Ms: null } });
  test.strictSame(never.tasks, []);
  await test.rejects(chime.getMetrics({ since: 'yesterday, perhaps' }), InvalidArgumentError);
});

t.test('healthCheck, preview', async (test) => {
  await clock.advance('1 minute'); // and no lease lives so long
  const health = await chime.healthCheck();
  test.equal(health.status, 'problem');
  test.match(health.problems, ['No clock is alive: nothing fires.']);
  test.hasStrict(health.checks.workers, { alive: 0, status: 'problem' });
  const fires = await chime.preview({
    cron: '30 2 * * *',
    timezone: 'Europe/Berlin',
    after: '2026-03-28T12:00:00Z',
    count: 1,
  });
  test.strictSame(fires[0]?.localTime, '2026-03-29 03:00:00');
});

t.test('in a transaction of the caller', async (test) => {
  const client = await database.connect(test);
  await client.query('begin');
  const tx = chime.withTransaction(client);
  await tx.schedule('order', { ...yearly, key: 'tx', payload: { id: 1 } });
  const run = await tx.runNow('tx');
  await test.rejects(run.finished(), IllegalStateError);
  const within = (fails: boolean) =>
    tx.withTransaction(async (inner) => {
      await inner.withTransaction((innermost) => innermost.pauseJob('tx', { reason: 'in the midst of it' }));
      if (fails) throw new Error('only this part');
    });
  await test.rejects(within(true), { message: 'only this part' });
  test.equal((await tx.getJob('tx')).status, 'active', 'a part is undone by itself');
  await within(false);
  test.equal((await tx.getJob('tx')).status, 'paused');
  await test.rejects(
    tx.withTransaction((inner) => inner.getJob('nobody')),
    ScheduleNotFoundError,
  );
  test.equal((await tx.getJob('tx')).task, 'order');
  await test.rejects(chime.getJob('tx'), ScheduleNotFoundError, 'nobody else sees it');
  await client.query('rollback');
  await test.rejects(chime.getJob('tx'), ScheduleNotFoundError);
  await test.rejects(chime.getExecution(run.id), RunNotFoundError);
});

t.test('in a transaction of the library', async (test) => {
  await database.rows('create table orders (id integer primary key)');
  const work = (fails: boolean) =>
    chime.withTransaction(async (tx, client) => {
      await client.query('insert into orders values (1)');
      await tx.schedule(order, { ...yearly, key: 'both', payload: { id: 1 } });
      await tx.triggerEvent('order.paid', { id: 1 });
      if (fails) throw new Error('changed my mind');
      return 'committed';
    });
  await test.rejects(work(true), { message: 'changed my mind' });
  test.equal(await database.value('select count(*)::integer from orders'), 0);
  await test.rejects(chime.getJob('both'), ScheduleNotFoundError);
  test.strictSame(await chime.events.list({ name: 'order.paid' }), []);
  test.equal(await work(false), 'committed');
  test.equal(await database.value('select count(*)::integer from orders'), 1);
  test.hasStrict(await chime.getJob('both'), { key: 'both' });
  test.equal((await chime.events.list({ name: 'order.paid' })).length, 1);
});
