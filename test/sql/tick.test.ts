// What one tick does with a due schedule: the fire, bounds, jitter, clock changes, overlap.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick, schedule, runs, finishAll, jobs } = shorthand(database);
const at = (time: string) => new Date(`2026-03-01T${time}Z`);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));
t.afterEach(async () => {
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
});

t.test('a fire is a run, a job and the next fire', async (test) => {
  const id = await create("cron => '*/10 * * * *', payload => '{\"n\": 1}'");
  await now.set('2026-03-01 12:09:59.999Z');
  test.hasStrict(await tick(), { fired: 0, next_due_at: at('12:10:00') }, 'not a millisecond early');
  const before = await jobs();
  await now.set('2026-03-01 12:10:00Z');
  test.hasStrict(await tick(), { fired: 1, skipped: 0, more: false, next_due_at: at('12:20:00') });
  test.equal((await jobs()) - before, 1);
  const { last_run_id: runId, ...rest } = await schedule(id);
  test.hasStrict(rest, {
    next_run_at: at('12:20:00'),
    accounted_until: at('12:10:00'),
    run_count: 1,
    active_run_ids: [runId],
  });
  test.hasStrict(await database.row('select * from chime.runs where id = $1', [runId]), {
    schedule_id: id,
    schedule_revision: 1,
    task: 'noop',
    payload: { n: 1 },
    trigger: 'schedule',
    scheduled_for: at('12:10:00'),
    due_at: at('12:10:00'),
    status: 'queued',
    attempt: 0,
  });
  test.equal(
    runId,
    await database.value('select chime_private.run_id($1, $2)', [id, at('12:10:00')]),
    'its id is that of the fire',
  );
  test.hasStrict(await tick(), { fired: 0 }, 'once');
});

t.test('an earlier run that is not finished', async (test) => {
  const skipping = await create("cron => '*/10 * * * *'");
  const allowing = await create("cron => '*/10 * * * *', overlap => 'allow'");
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  await now.set('2026-03-01 12:20:00Z');
  test.hasStrict(await tick(), { fired: 1, skipped: 1 });
  test.hasStrict((await runs(skipping))[1], {
    status: 'skipped',
    skip_reason: 'overlap',
    covers_count: 1,
    covers_until: at('12:20:00'),
  });
  test.hasStrict((await runs(allowing))[1], { status: 'queued' });
  await finishAll();
  await now.set('2026-03-01 12:30:00Z');
  test.hasStrict(await tick(), { fired: 2, skipped: 0 });
  test.hasStrict(await schedule(skipping), { run_count: 2 }, 'a skipped fire is not counted');
});

t.test('max_runs completes it', async (test) => {
  const id = await create("cron => '*/10 * * * *', overlap => 'allow', max_runs => 2, catch_up => 'all'");
  await now.set('2026-03-01 12:35:00Z');
  await tick();
  test.hasStrict(await runs(id), [
    { status: 'queued' },
    { status: 'queued' },
    { status: 'skipped', skip_reason: 'max_runs' },
  ]);
  test.hasStrict(await schedule(id), {
    status: 'completed',
    next_run_at: null,
    run_count: 2,
    status_reason: 'It has run max_runs times.',
  });
});

t.test('a rule that ends completes it', async (test) => {
  const once = await create("at => '2026-03-01 12:30'");
  const bounded = await create("cron => '*/10 * * * *', ends_at => '2026-03-01 12:10Z'");
  await now.set('2026-03-01 12:30:00Z');
  test.hasStrict(await tick(), { fired: 2 });
  for (const id of [once, bounded]) {
    test.hasStrict(await schedule(id), {
      status: 'completed',
      next_run_at: null,
      status_reason: 'The rule has no more fires.',
    });
  }
});

t.test('jitter delays the start and not the nominal time', async (test) => {
  const id = await create("cron => '0 * * * *', jitter => '10 minutes'");
  const { next_due_at: due, next_run_at: nominal } = await schedule(id);
  test.strictSame(nominal, at('13:00:00'));
  const delay = (due as Date).getTime() - (nominal as Date).getTime();
  test.ok(delay > 0 && delay < 600_000, `${delay} ms`);
  await now.set(new Date((due as Date).getTime() - 1).toISOString());
  test.hasStrict(await tick(), { fired: 0 });
  await now.set((due as Date).toISOString());
  // A Date has milliseconds, the due instant microseconds.
  await now.advance('1 millisecond');
  test.hasStrict(await tick(), { fired: 1 });
  const run = await database.row('select scheduled_for, due_at from chime.runs where schedule_id = $1', [id]);
  test.strictSame(run, { scheduled_for: nominal, due_at: due }, 'the delay of a fire is always the same');
});

t.test('every fire is accounted for where jitter is longer than the interval', async (test) => {
  const id = await create(
    "every => '1 minute', anchor => '2026-03-01 12:00Z', jitter => '5 minutes', overlap => 'allow'",
  );
  for (let step = 0; step < 240; step++) {
    await now.advance('15 seconds');
    await tick();
  }
  const made = await runs(id);
  const nominals = made.filter((run) => run.scheduled_for < at('12:50:00'));
  const covered = nominals.reduce((sum, run) => sum + (run.covers_count ?? 1), 0);
  test.equal(covered, 49, 'one for each minute from 12:01 to 12:49');
});

t.test('a time that a clock change leaves out is recorded where it is skipped', async (test) => {
  const fields = "cron => '30 2 * * *', timezone => 'Europe/Berlin', overlap => 'allow'";
  await now.set('2026-03-27 12:00:00Z');
  const skip = await create(`${fields}, dst_gap => 'skip'`);
  const next = await create(`${fields}, dst_gap => 'next'`);
  for (const day of ['28', '29', '30']) {
    await now.set(`2026-03-${day} 12:00:00Z`);
    await tick();
  }
  test.hasStrict(await runs(skip), [
    { scheduled_for: new Date('2026-03-28T01:30:00Z'), status: 'queued' },
    {
      scheduled_for: new Date('2026-03-29T00:59:59.999Z'),
      status: 'skipped',
      skip_reason: 'dst_gap',
      covers_count: 1,
    },
    { scheduled_for: new Date('2026-03-30T00:30:00Z'), status: 'queued' },
  ]);
  test.hasStrict(await runs(next), [
    { status: 'queued' },
    { scheduled_for: new Date('2026-03-29T01:00:00Z'), status: 'queued' },
    { status: 'queued' },
  ]);
});

t.test('many at once, in batches', async (test) => {
  for (let number = 0; number < 5; number++) await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:10:00Z');
  test.hasStrict(await tick(2), { fired: 2, more: true });
  test.hasStrict(await tick(2), { fired: 2, more: true });
  test.hasStrict(await tick(2), { fired: 1, more: false });
});
