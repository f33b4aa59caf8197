// Pausing, resuming, cancelling, deleting, running by hand, finding.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');

const create = async (fields = "cron => '*/10 * * * *'") =>
  (await database.row<{ id: string }>(`select id from chime.create_schedule(task => 'noop', ${fields})`)).id;
const call = (sql: string, values: unknown[]) => database.row(`select * from ${sql}`, values);
const tick = () =>
  database.row<{ fired: number; resumed: number; next_due_at: Date }>('select * from chime_private.tick()');
const runs = (id: string) =>
  database.rows(
    'select scheduled_for, status, skip_reason, covers_count from chime.runs where schedule_id = $1 order by id',
    [id],
  );
const at = (time: string) => new Date(`2026-03-01T${time}Z`);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));

t.test('a pause is not made up for', async (test) => {
  const id = await create();
  await now.set('2026-03-01 12:05:00Z');
  test.hasStrict(await call('chime.pause_schedule($1, $2)', [id, 'holiday']), {
    status: 'paused',
    status_reason: 'holiday',
    next_run_at: null,
    paused_by: 'postgres',
  });
  await now.set('2026-03-01 13:05:00Z');
  test.hasStrict((await tick()).fired, 0);
  test.hasStrict(await call('chime.resume_schedule($1)', [id]), {
    status: 'active',
    next_run_at: at('13:10:00'),
    status_reason: null,
  });
  test.hasStrict(await runs(id), [
    { scheduled_for: at('12:10:00'), status: 'skipped', skip_reason: 'paused', covers_count: 6 },
  ]);
  await now.set('2026-03-01 13:10:00Z');
  await tick();
  test.hasStrict((await runs(id)).length, 2, 'it fires again');
});

t.test('what was due before the pause and not yet fired counts as paused', async (test) => {
  const id = await create();
  await now.set('2026-03-01 12:25:00Z');
  await call('chime.pause_schedule($1)', [id]);
  test.hasStrict(await runs(id), [{ scheduled_for: at('12:10:00'), skip_reason: 'paused', covers_count: 2 }]);
});

t.test('a pause that ends by itself', async (test) => {
  const id = await create();
  await call('chime.pause_schedule($1, until => $2)', [id, '2026-03-01 12:55Z']);
  test.hasStrict((await tick()).next_due_at <= at('12:55:00'), true, 'the clock is told of the end');
  await now.set('2026-03-01 12:55:00Z');
  test.hasStrict(await tick(), { resumed: 1 });
  test.hasStrict(await database.row('select status, next_run_at from chime.schedules where id = $1', [id]), {
    status: 'active',
    next_run_at: at('13:00:00'),
  });
});

t.test('resuming a one-off that passed completes it', async (test) => {
  const id = await create("at => '2026-03-01 12:30'");
  await call('chime.pause_schedule($1)', [id]);
  await now.set('2026-03-01 13:00:00Z');
  test.hasStrict(await call('chime.resume_schedule($1)', [id]), { status: 'completed', next_run_at: null });
  test.hasStrict(await runs(id), [{ skip_reason: 'paused', covers_count: 1 }]);
});

t.test('pausing and resuming twice', async (test) => {
  const id = await create();
  const first = await call('chime.pause_schedule($1, $2)', [id, 'one']);
  await now.advance('1 minute');
  const second = await call('chime.pause_schedule($1, $2, $3)', [id, 'two', '2026-03-02Z']);
  test.hasStrict(second, {
    status_reason: 'two',
    paused_at: first.paused_at,
    paused_until: new Date('2026-03-02T00:00:00Z'),
  });
  await call('chime.resume_schedule($1)', [id]);
  test.hasStrict(await call('chime.resume_schedule($1)', [id]), { status: 'active' });
  const error = await database.error('select chime.pause_schedule($1, until => $2)', [id, '2026-01-01Z']);
  test.match(error, { code: 'CH007', message: /future/ });
});

t.test('cancelling stops it for good and cancels what is queued', async (test) => {
  const id = await create();
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await now.set('2026-03-01 12:31:00Z');
  test.hasStrict(await call('chime.cancel_schedule($1, $2)', [id, 'not needed']), {
    status: 'cancelled',
    status_reason: 'not needed',
  });
  test.hasStrict(await runs(id), [
    { scheduled_for: at('12:10:00'), status: 'cancelled' },
    { scheduled_for: at('12:20:00'), status: 'skipped', skip_reason: 'cancelled', covers_count: 2 },
  ]);
  test.hasStrict(
    await call('chime.cancel_schedule($1)', [id]),
    { status_reason: 'not needed' },
    'a second time changes nothing',
  );
  for (const verb of ['pause_schedule', 'resume_schedule', 'run_now']) {
    test.match(await database.error(`select chime.${verb}($1)`, [id]), { code: 'CH013' }, verb);
  }
});

t.test('deleting hides it and keeps its history', async (test) => {
  const id = await create("cron => '*/10 * * * *', key => 'gone', name => 'going'");
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await call('chime.delete_schedule($1)', [id]);
  test.match(await database.error('select chime.find_schedule($1)', ['gone']), { code: 'CH010' });
  test.match(await database.error('select chime.delete_schedule($1)', [id]), { code: 'CH010' });
  test.hasStrict(await runs(id), [{ status: 'cancelled' }], 'its runs stay readable');
  test.hasStrict((await create("cron => '@daily', key => 'gone'")) !== id, true, 'its key is free');
});

t.test('running by hand', async (test) => {
  const id = await create("cron => '@daily', payload => '{\"n\": 1}'");
  const run = await call('chime.run_now($1)', [id]);
  test.hasStrict(run, {
    status: 'queued',
    trigger: 'manual',
    scheduled_for: at('12:00:00'),
    payload: { n: 1 },
    schedule_revision: 1,
  });
  test.match(
    await database.error('select chime.run_now($1)', [id]),
    { code: 'CH013', message: /not finished/, hint: /allow_overlap/ },
    'it respects the overlap policy',
  );
  await now.advance('1 second');
  test.hasStrict(await call('chime.run_now($1, $2, true)', [id, '{"n": 2}']), { payload: { n: 2 } });
  test.hasStrict(
    await database.row(
      'select run_count, cardinality(active_run_ids) as active from chime.schedules where id = $1',
      [id],
    ),
    { run_count: 0, active: 2 },
    'it does not count towards max_runs',
  );
  const jobs = await database.value('select count(*)::integer from graphile_worker.jobs');
  test.ok((jobs as number) >= 2, 'each has its job');
  await now.set('2026-03-02 00:00:00Z');
  await tick();
  test.hasStrict(
    (await runs(id)).at(-1),
    { status: 'skipped', skip_reason: 'overlap' },
    'a scheduled fire waits for manual runs too',
  );
});

t.test('running by hand while paused', async (test) => {
  const id = await create();
  await call('chime.pause_schedule($1)', [id]);
  test.hasStrict(await call('chime.run_now($1)', [id]), { status: 'queued' });
});

t.test('finding', async (test) => {
  const id = await create("cron => '@daily', key => 'find-key', name => 'find name'");
  for (const reference of [id, id.toUpperCase(), 'find-key', 'find name']) {
    test.hasStrict(await call('chime.find_schedule($1)', [reference]), { id }, reference);
  }
  await create("cron => '@daily', name => 'find name'");
  test.match(await database.error('select chime.find_schedule($1)', ['find name']), {
    code: 'CH010',
    message: /2 schedules/,
    hint: /Use an id/,
  });
  const keyed = await create("cron => '@daily', key => 'find name'");
  test.hasStrict(
    await call('chime.find_schedule($1)', ['find name']),
    { id: keyed },
    'a key says more than a name',
  );
  test.match(await database.error('select chime.find_schedule($1)', ["'; drop table chime.runs; --"]), {
    code: 'CH010',
  });
});

t.test('finding runs', async (test) => {
  const id = await create("cron => '@daily'");
  const run = await call('chime.run_now($1)', [id]);
  test.hasStrict(await call('chime.find_run($1)', [run.id]), { id: run.id });
  test.hasStrict(await call('chime.find_run($1)', [String(run.id).slice(0, 20)]), { id: run.id });
  test.match(await database.error('select chime.find_run($1)', ['abc']), { code: 'CH011' });
  test.match(await database.error('select chime.find_run($1)', ['ffffffffff']), { code: 'CH011' });
});
