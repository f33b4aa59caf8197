// The library, as a program uses it.
import pg from 'pg';
import t from 'tap';
import {
  createChime,
  InvalidArgumentError,
  InvalidPayloadError,
  InvalidRuleError,
  RevisionConflictError,
  RunNotFoundError,
  ScheduleNotFoundError,
} from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
const yearly = { task: 'noop', cron: '0 0 1 1 *' } as const;

t.test('create, get, list', async (test) => {
  const payload = { text: 'ünï "quoted"', list: [1, { deep: null }] };
  const created = await chime.schedules.create({
    ...{ key: 'report', name: 'Daily report', description: 'for Ann', task: 'noop', payload },
    ...{ cron: '0 9 * * 1-5', timezone: 'Europe/Berlin', dstGap: 'skip', dstFold: 'last' },
    ...{ startsAt: new Date('2030-01-01T00:00:00Z'), endsAt: '2031-01-01T00:00:00Z', maxRuns: 7 },
    ...{ jitter: '5 seconds', catchUp: 'all', catchUpWindow: '2 days', overlap: 'allow' },
    ...{ maxRetries: 5, retryDelay: '2 minutes', retryBackoff: 'linear', retryMaxDelay: '10 minutes' },
    timeout: '2 hours',
    ...{
      keepRuns: 10,
      keepFor: '90 days',
      pauseAfterFailures: 5,
      alertAfterFailures: 2,
      tags: ['daily', 'mail'],
    },
  });
  test.hasStrict(created, {
    outcome: 'created',
    revision: 1,
    nextRunAt: new Date('2030-01-01T08:00:00Z'),
  });
  const schedule = await chime.schedules.get('report');
  test.strictSame(schedule, {
    ...{ id: created.id, key: 'report', name: 'Daily report', description: 'for Ann', task: 'noop', payload },
    ...{
      cron: '0 9 * * 1-5',
      every: null,
      at: null,
      rrule: null,
      rules: null,
      onlyOn: null,
      neverOn: null,
      onExcluded: 'skip',
      anchor: null,
    },
    ...{ timezone: 'Europe/Berlin' },
    ...{ dstGap: 'skip', dstFold: 'last', startsAt: new Date('2030-01-01T00:00:00Z') },
    ...{ endsAt: new Date('2031-01-01T00:00:00Z'), maxRuns: 7, jitter: '00:00:05', catchUp: 'all' },
    ...{ maxRetries: 5, retryDelay: '00:02:00', retryBackoff: 'linear', retryMaxDelay: '00:10:00' },
    ...{ timeout: '02:00:00', concurrencyKey: null, priority: 'medium' },
    ...{ keepRuns: 10, keepFor: '90 days', pauseAfterFailures: 5, alertAfterFailures: 2 },
    ...{ tags: ['daily', 'mail'], ownerId: null },
    ...{ catchUpWindow: '2 days', overlap: 'allow', status: 'active', statusReason: null, pausedUntil: null },
    ...{ pausedBy: null, nextRunAt: new Date('2030-01-01T08:00:00Z'), lastRunId: null, runCount: 0 },
    ...{ revision: 1, createdAt: schedule.createdAt, updatedAt: schedule.updatedAt },
    ...{ deliver: 'always', channelMappingId: null, blockedAt: null },
  });
  test.ok(schedule.createdAt instanceof Date);
  test.strictSame(
    (await chime.schedules.list({ tag: 'mail' })).map(({ id }) => id),
    [created.id],
  );
  test.strictSame(await chime.schedules.list({ tag: 'ma' }), []);
  test.equal((await chime.schedules.get('Daily report')).id, created.id, 'by name');
  test.equal((await chime.schedules.get(created.id)).id, created.id, 'by id');

  const rule = { rrule: 'DTSTART:20290101T090000\nFREQ=YEARLY', timezone: 'Asia/Tokyo' };
  const [recurring] = await chime.preview({ ...rule, count: 1, after: '2026-01-01T00:00:00Z' });
  test.strictSame(recurring?.scheduledFor, new Date('2029-01-01T00:00:00Z'));

  const once = await chime.schedules.create({ task: 'noop', at: new Date('2029-05-05T05:05:05Z') });
  const local = await chime.schedules.create({
    task: 'noop',
    at: '2029-05-05 05:05',
    timezone: 'Asia/Tokyo',
  });
  test.hasStrict(once, { nextRunAt: new Date('2029-05-05T05:05:05Z') });
  test.hasStrict(local, { nextRunAt: new Date('2029-05-04T20:05:00Z') });
  test.strictSame(
    (await chime.schedules.list()).map(({ id }) => id),
    [local.id, once.id, created.id],
    'the next to fire first',
  );
  test.strictSame(
    (await chime.schedules.list({ limit: 1, status: 'active' })).map(({ id }) => id),
    [local.id],
  );
  test.strictSame(await chime.schedules.list({ status: 'paused' }), []);
});

t.test('creating again with the same key changes', async (test) => {
  const outcomes = [];
  for (const cron of ['0 1 1 1 *', '0 1 1 1 *', '0 2 1 1 *']) {
    outcomes.push((await chime.schedules.create({ ...yearly, cron, key: 'again' })).outcome);
  }
  test.strictSame(outcomes, ['created', 'unchanged', 'changed']);
});

t.test('update: absent keeps, null clears', async (test) => {
  await chime.schedules.create({ ...yearly, key: 'u', description: 'old', maxRuns: 3, payload: { a: 1 } });
  const updated = await chime.schedules.update('u', {
    description: null,
    startsAt: new Date('2040-06-01T00:00:00Z'),
    payload: { b: [1] },
  });
  test.hasStrict(updated, {
    description: null,
    maxRuns: 3,
    payload: { b: [1] },
    revision: 2,
    nextRunAt: new Date('2041-01-01T00:00:00Z'),
  });
  await test.rejects(
    chime.schedules.update('u', { maxRuns: 4 }, { expectedRevision: 1 }),
    RevisionConflictError,
  );
  await test.rejects(chime.schedules.update('u', { maxRns: 4 } as object), {
    name: 'InvalidArgumentError',
    message: 'A schedule has no field "max_rns" to change.',
  });
});

t.test('steer', async (test) => {
  await chime.schedules.create({ ...yearly, key: 's' });
  const until = new Date('2035-01-01T00:00:00Z');
  test.hasStrict(await chime.schedules.pause('s', { reason: 'holiday', until }), {
    status: 'paused',
    statusReason: 'holiday',
    pausedUntil: until,
  });
  test.hasStrict(await chime.schedules.resume('s'), { status: 'active', pausedUntil: null });
  test.hasStrict(await chime.schedules.cancel('s', 'done'), { status: 'cancelled', statusReason: 'done' });
  const { id } = await chime.schedules.delete('s');
  test.match(id, /^[0-9a-f-]{36}$/);
  await test.rejects(chime.schedules.get('s'), ScheduleNotFoundError);
  test.hasStrict(await chime.schedules.restore(id), { id, status: 'cancelled', statusReason: 'done' });
});

t.test('run now, and read runs', async (test) => {
  const { id: scheduleId } = await chime.schedules.create({
    ...yearly,
    key: 'r',
    name: 'R',
    payload: { n: 1 },
  });
  const run = await chime.schedules.runNow('r', { payload: { n: 2 } });
  test.hasStrict(run, {
    scheduleId,
    scheduleName: 'R',
    trigger: 'manual',
    status: 'queued',
    durationMs: null,
  });
  test.hasStrict(await chime.runs.get(run.id), { payload: { n: 2 }, output: null, result: null });
  test.hasStrict(await chime.runs.get(run.id.slice(0, -2)), { id: run.id }, 'by the beginning of its id');
  await test.rejects(chime.schedules.runNow('r'), { name: 'IllegalStateError', detail: { run_id: run.id } });
  const beside = await chime.schedules.runNow(scheduleId, { allowOverlap: true });
  test.strictSame(
    (await chime.runs.list({ scheduleId, status: 'queued' })).map(({ id }) => id),
    [beside.id, run.id],
    'the latest first',
  );
  test.equal((await chime.runs.list({ limit: 1 })).length, 1);
  await test.rejects(chime.runs.get('00000000-0000-7000-8000-000000000000'), RunNotFoundError);
  await test.rejects(chime.runs.get('not an id'), RunNotFoundError);
  const cancelled = await chime.runs.cancel(run.id.slice(0, -2), 'not needed');
  test.hasStrict(cancelled, { id: run.id, status: 'cancelled', cancelReason: 'not needed', retryOf: null });
  test.type(cancelled.cancelRequestedAt, Date);
  const again = await chime.runs.retry(run.id, { allowOverlap: true });
  test.hasStrict(again, { status: 'queued', retryOf: run.id, trigger: 'manual' });
  await test.rejects(chime.runs.retry(run.id, { allowOverlap: true }), { name: 'IllegalStateError' });
  await test.rejects(chime.runs.cancel('00000000-0000-7000-8000-000000000000'), RunNotFoundError);
});

t.test('preview', async (test) => {
  const fires = await chime.preview({
    ...{ cron: '30 2 * * *', timezone: 'Europe/Berlin', dstGap: 'next' },
    ...{ after: new Date('2027-03-27T12:00:00Z'), count: 2 },
  });
  test.strictSame(fires, [
    {
      scheduledFor: new Date('2027-03-28T01:00:00Z'),
      localTime: '2027-03-28 03:00:00',
      note: '02:30 does not exist, clocks go forward 1 hour: fires at 03:00',
    },
    { scheduledFor: new Date('2027-03-29T00:30:00Z'), localTime: '2027-03-29 02:30:00', note: null },
  ]);
  await test.rejects(chime.preview({ cron: '61 * * * *' }), {
    ...{ name: 'InvalidRuleError', code: 'CH001', status: 400 },
    detail: { position: 1 },
  });
});

t.test('describe', async (test) => {
  const rule = { cron: '0 9 L * *', timezone: 'Europe/Berlin', endsAt: new Date('2030-01-01T00:00:00Z') };
  const words = 'at 09:00 on the last day of the month, not after 2030-01-01 01:00, Europe/Berlin time';
  test.equal(await chime.describe(rule), words);
  test.equal(
    await chime.describe({ at: new Date('2027-03-02T12:00:00Z'), locale: 'ru-RU' }),
    'один раз, во вторник 2 марта 2027 года в 12:00, по UTC',
  );
  const { id } = await chime.schedules.create({ ...rule, task: 'noop', key: 'described', dstGap: 'skip' });
  test.equal(await chime.schedules.describe('described'), words);
  test.match(
    await chime.schedules.describe(id, { locale: 'ru' }),
    /^в последний день каждого месяца в 09:00/,
  );
  await test.rejects(chime.describe({ cron: '61 * * * *' }), InvalidRuleError);
  await test.rejects(chime.describe({ ...rule, locale: 'de' }), InvalidArgumentError);
  await test.rejects(chime.describe({ ...rule, count: 3 } as object), InvalidArgumentError);
  await test.rejects(chime.schedules.describe('nothing'), ScheduleNotFoundError);
});

t.test('errors are classes, with hint and detail', async (test) => {
  const error = await chime.schedules.create({ task: 'noop', cron: '* * *' }).catch((e: unknown) => e);
  test.ok(error instanceof InvalidRuleError);
  test.ok((error as InvalidRuleError).hint);
  await database.rows(
    `insert into chime.tasks values ('typed', null, '{"type": "object", "required": ["a"]}', now(), now()),
       ('noop', null, null, now(), now())`,
  );
  await test.rejects(chime.schedules.create({ ...yearly, task: 'typed', payload: {} }), InvalidPayloadError);
});

t.test('what Postgres cannot read is a wrong argument', async (test) => {
  const wrong: [() => Promise<unknown>, RegExp][] = [
    [() => chime.schedules.create({ task: 'noop', every: 'foo' }), /A value cannot be read: .*"foo"/],
    [() => chime.preview({ cron: '@daily', after: 'garbage' }), /A value cannot be read: .*"garbage"/],
    [() => chime.schedules.list({ status: 'bogus' as 'active' }), /A value cannot be read: .*"bogus"/],
    [() => chime.schedules.create({ ...yearly, payload: { text: 'a\0b' } }), /such as NUL/],
    [() => chime.schedules.create({ ...yearly, name: 'a\0b' }), /such as NUL/],
  ];
  for (const [call, message] of wrong) {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    test.ok(error instanceof InvalidArgumentError, String(message));
    test.match(error, { code: 'CH007', status: 400, message, hint: /./ });
  }
});

t.test('in a transaction of your own', async (test) => {
  const client = await database.connect(test);
  const mine = chime.withTransaction(client);
  await client.query('begin');
  await mine.schedules.create({ ...yearly, key: 'mine' });
  test.equal((await mine.schedules.get('mine')).key, 'mine', 'seen inside');
  await test.rejects(chime.schedules.get('mine'), ScheduleNotFoundError, 'and not outside');
  await client.query('rollback');
  await test.rejects(chime.schedules.get('mine'), ScheduleNotFoundError, 'gone with the transaction');
  await client.query('begin');
  await mine.schedules.create({ ...yearly, key: 'mine' });
  await client.query('commit');
  test.equal((await chime.schedules.get('mine')).key, 'mine');
  await mine.close();
  test.equal((await client.query('select 1 as one')).rows[0].one, 1, 'close leaves your client open');
});

t.test('on a pool of your own', async (test) => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const own = createChime({ pool });
  test.ok((await own.schedules.list()).length > 0);
  await own.close();
  test.notOk(pool.ended, 'close leaves it open');
  await pool.end();
});

t.test('what reads as SQL is a value', async (test) => {
  const name = `'); drop schema chime cascade; --`;
  await chime.schedules.create({ ...yearly, name, key: name });
  test.equal((await chime.schedules.get(name)).name, name);
  const field = 'task => null); drop schema chime cascade; --';
  await test.rejects(chime.schedules.create({ ...yearly, [field]: 1 } as typeof yearly), {
    name: 'InvalidArgumentError',
    hint: /^The fields are cron, every, .*, overdue, .*\.$/,
  });
  await test.rejects(chime.preview({ cron: '* * * * *', crno: 1 } as object), InvalidArgumentError);
  test.ok((await chime.schedules.list()).length > 0);
});
