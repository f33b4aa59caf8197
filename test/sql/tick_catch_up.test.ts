// What one tick does with fires that were missed.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick, schedule, runs } = shorthand(database);
const at = (time: string) => new Date(`2026-03-01T${time}Z`);

t.beforeEach(() => now.set('2026-03-01 12:00:00Z'));
t.afterEach(async () => {
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
});

t.test('what was missed, by policy', async (test) => {
  const policies = ['latest', 'all', 'earliest', 'skip'];
  const ids: string[] = [];
  for (const policy of policies)
    ids.push(await create(`cron => '*/10 * * * *', overlap => 'allow', catch_up => '${policy}'`));
  await now.set('2026-03-01 13:05:00Z');
  await tick();
  const outcome = async (id: string | undefined) =>
    (await runs(id as string)).map((run) =>
      run.status === 'skipped'
        ? `${run.skip_reason} ${run.covers_count}: ${run.scheduled_for.toISOString().slice(11, 16)}-${run.covers_until?.toISOString().slice(11, 16)}`
        : run.scheduled_for.toISOString().slice(11, 16),
    );
  const [latest, all, earliest, skip] = ids;
  test.strictSame(await outcome(latest), ['missed 5: 12:10-12:50', '13:00']);
  test.strictSame(await outcome(all), ['12:10', '12:20', '12:30', '12:40', '12:50', '13:00']);
  test.strictSame(await outcome(earliest), ['12:10', 'missed 5: 12:20-13:00']);
  test.strictSame(await outcome(skip), ['missed 6: 12:10-13:00']);
  for (const id of ids)
    test.hasStrict(await schedule(id), { next_run_at: at('13:10:00'), accounted_until: at('13:05:00') });
});

t.test('fires that are caught up together do not hold each other up', async (test) => {
  const id = await create("cron => '*/10 * * * *', catch_up => 'all'");
  await now.set('2026-03-01 12:45:00Z');
  test.hasStrict(await tick(), { fired: 4, skipped: 0 });
  test.equal(((await schedule(id)).active_run_ids as string[]).length, 4, 'each of them is remembered');
  const [first, ...others] = await database.rows<{ id: string }>(
    'select id from chime.runs where schedule_id = $1 order by id',
    [id],
  );
  const finish = (ids: unknown[]) =>
    database.rows(
      "update chime.runs set status = 'cancelled', finished_at = chime.now() where id = any ($1)",
      [ids],
    );
  await finish([first?.id]);
  await now.set('2026-03-01 13:05:00Z');
  test.hasStrict(await tick(), { fired: 0, skipped: 2 }, 'but later ones wait for all of them');
  await finish(others.map((other) => other.id));
  await now.set('2026-03-01 13:10:00Z');
  test.hasStrict(await tick(), { fired: 1, skipped: 0 });
  test.hasStrict(await schedule(id), { active_run_ids: [(await schedule(id)).last_run_id] });
});

t.test('how late a missed fire may be', async (test) => {
  const ids: string[] = [];
  for (const policy of ['latest', 'all', 'earliest']) {
    ids.push(
      await create(
        `cron => '*/10 * * * *', overlap => 'allow', catch_up => '${policy}', catch_up_window => '30 minutes'`,
      ),
    );
  }
  const tooLate = await create("cron => '7 12 * * *', catch_up_window => '30 minutes'");
  await now.set('2026-03-01 13:05:00Z');
  await tick();
  const counts = await Promise.all(
    ids.map(async (id) => (await runs(id)).filter((run) => run.status === 'queued').length),
  );
  test.strictSame(counts, [1, 3, 1]);
  test.hasStrict(
    (await runs(ids[2] as string))[1],
    { scheduled_for: at('12:40:00'), status: 'queued' },
    'the earliest within it',
  );
  test.hasStrict(await runs(tooLate), [{ status: 'skipped', skip_reason: 'missed', covers_count: 1 }]);
});

t.test('a long outage of a rule that fires each second costs no more than any other', async (test) => {
  const latest = await create("every => '1 second'");
  const all = await create("every => '1 second', overlap => 'allow', catch_up => 'all'");
  await now.set('2026-04-01 12:00:00Z');
  test.hasStrict(await tick(), { fired: 1001, skipped: 2 });
  test.hasStrict(await runs(latest), [
    { skip_reason: 'missed', covers_count: 31 * 86_400 - 1 },
    { status: 'queued' },
  ]);
  const made = await runs(all);
  test.hasStrict(made[0], { skip_reason: 'missed', covers_count: 31 * 86_400 - 1000 }, 'all is bounded');
  test.equal(made.length, 1001);
});
