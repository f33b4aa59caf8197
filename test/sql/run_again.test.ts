// Running by hand what has failed, and not waiting for a retry.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { create, jobs, schedule: scheduleOf } = shorthand(database);
const { attempt, queue, register, run, start: startRuns } = attemptsOf(database);
const again = (id: string, overlap = false) =>
  database.row<{ id: string; status: string }>('select * from chime.retry_run($1, $2)', [id, overlap]);
const refused = (id: string) => database.error('select chime.retry_run($1)', [id]);
const prepare = async (policy = 'max_retries => 0') => {
  const schedule = await create(`cron => '0 0 1 1 *', ${policy}`);
  return { schedule, id: await queue(schedule) };
};
const failing = { outcome: 'failed', error: 'x' } as const;

t.beforeEach(() => now.set(start));

t.test('a run that has ended badly', async (test) => {
  for (const [outcome, status] of [
    ['failed', 'failed'],
    ['timed_out', 'timed_out'],
    ['cancelled', 'cancelled'],
  ] as const) {
    const { schedule, id } = await prepare('max_retries => 0, payload => \'{"n": 1}\'');
    await attempt(id, { outcome, error: outcome === 'cancelled' ? null : 'x' });
    const before = await run(id);
    test.hasStrict(before, { status });
    await database.rows('select chime.update_schedule($1, \'{"payload": {"n": 2}}\')', [schedule]);
    await database.rows('delete from graphile_worker._private_jobs');
    await now.advance('1 hour');
    const repeated = await again(id);
    test.hasStrict(repeated, {
      ...{
        status: 'queued',
        trigger: 'manual',
        retry_of: id,
        schedule_id: schedule,
        task: 'noop',
        attempt: 0,
      },
      ...{ payload: { n: 1 }, schedule_revision: 1, scheduled_for: before.scheduled_for, retry_count: 0 },
    });
    test.not(repeated.id, id);
    test.equal(await jobs(), 1);
    test.strictSame(await run(id), before, 'the old one stays what it is');
    test.hasStrict(await scheduleOf(schedule), { last_run_id: repeated.id, active_run_ids: [repeated.id] });
    const error = await refused(id);
    test.match(error, { code: 'CH013', message: /is retried already/ });
    test.strictSame(JSON.parse(error.detail as string), { run_id: repeated.id });
    await attempt(repeated.id, failing);
    test.hasStrict(await again(id), { status: 'queued', retry_of: id }, 'once more, when that has ended');
  }
});

t.test('a run that waits for its retry does not wait any longer', async (test) => {
  const { id } = await prepare("max_retries => 1, retry_delay => '1 hour', retry_backoff => 'constant'");
  await attempt(id, failing);
  const client = await database.connect(test);
  await client.query('listen chime_clock');
  const told = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
  test.hasStrict(await again(id), { id, status: 'retrying', retry_at: new Date(start), retry_count: 1 });
  test.equal(await told, '2026-03-01T12:00:00.000000Z');
  test.hasStrict(await database.row('select retried from chime_private.tick()'), { retried: 1 });
  test.hasStrict(await attempt(id), { status: 'succeeded' });
});

t.test('what cannot be retried', async (test) => {
  const { schedule, id } = await prepare();
  test.match(await refused(id), { code: 'CH013', message: /it is queued/ });
  await startRuns(await register(), [id]);
  test.match(await refused(id), { code: 'CH013', message: /it is running/ });
  const done = await prepare();
  await attempt(done.id);
  test.match(await refused(done.id), { code: 'CH013', message: /it is succeeded/, hint: /run_now/ });
  await database.rows(
    `select chime_private.skip_fires(s, chime.now() - interval '1 hour', chime.now() - interval '1 hour', 1, 'missed', chime.now())
     from chime.schedules s where s.id = $1`,
    [schedule],
  );
  const skipped = await database.value<string>("select id from chime.runs where status = 'skipped'");
  test.match(await refused(skipped), { code: 'CH013', message: /it is skipped/ });
  test.match(await refused('018f0000-0000-7000-8000-000000000000'), { code: 'CH011' });
});

t.test('beside another run of its schedule', async (test) => {
  const { schedule, id } = await prepare();
  await attempt(id, failing);
  const other = await queue(schedule);
  const error = await refused(id);
  test.match(error, { code: 'CH013', hint: /allow_overlap/ });
  test.strictSame(JSON.parse(error.detail as string), { run_id: other });
  const repeated = await again(id, true);
  const { active_run_ids: active } = await scheduleOf(schedule);
  test.strictSame(new Set(active as string[]), new Set([other, repeated.id]));
  const free = await prepare("max_retries => 0, overlap => 'allow'");
  await attempt(free.id, failing);
  await queue(free.schedule);
  test.hasStrict(await again(free.id), { status: 'queued' }, 'which may overlap');
});

t.test('a schedule that is paused, completed, cancelled or deleted', async (test) => {
  const paused = await prepare();
  await attempt(paused.id, failing);
  await database.rows('select chime.pause_schedule($1)', [paused.schedule]);
  test.hasStrict(await again(paused.id), { status: 'queued' });
  for (const end of ['cancel_schedule', 'delete_schedule']) {
    const { schedule, id } = await prepare();
    await attempt(id, failing);
    await database.rows(`select chime.${end}($1)`, [schedule]);
    test.match(await refused(id), { code: 'CH013', message: /is cancelled/ });
  }
});

t.test('a run without a schedule', async (test) => {
  const id = await database.value<string>(
    `insert into chime.runs (id, tenant_id, task, payload, trigger, scheduled_for, due_at, status, created_at)
     select chime_private.new_id(chime.now()), chime.current_tenant(), 'noop', '{"n": 1}', 'event', chime.now(), chime.now(), 'queued', chime.now()
     returning id`,
  );
  await attempt(id, { outcome: 'gave_up', error: 'x' });
  test.hasStrict(await again(id), { status: 'queued', retry_of: id, schedule_id: null, payload: { n: 1 } });
});

t.test('two who retry the same run at once', async (test) => {
  for (let round = 0; round < 10; round++) {
    const { id } = await prepare("max_retries => 0, overlap => 'allow'");
    await attempt(id, failing);
    const answers = await Promise.allSettled([again(id), again(id), again(id)]);
    test.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
    test.equal(await database.value('select count(*)::integer from chime.runs where retry_of = $1', [id]), 1);
  }
});
