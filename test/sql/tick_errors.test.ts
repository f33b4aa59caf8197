// What one tick does with rules that fail, and with tasks that nobody has.
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

t.test('a rule that fails is set aside and shown, the others fire', async (test) => {
  const good = await create("cron => '*/10 * * * *'");
  const bad = await create("cron => '*/10 * * * *', timezone => 'Asia/Tokyo'");
  // As if an update of the server had taken the zone away.
  await database.rows("update chime.schedules set rule.timezone = 'Asia/Gone' where id = $1", [bad]);
  await now.set('2026-03-01 12:10:00Z');
  test.hasStrict(await tick(), { fired: 1 });
  test.hasStrict(await schedule(bad), { status: 'paused', paused_by: 'pgchime', next_run_at: null });
  test.match((await schedule(bad)).status_reason, /Its rule failed: time zone "Asia\/Gone" not recognized/);
  test.hasStrict(await runs(good), [{ status: 'queued' }]);
  test.hasStrict(await tick(), { fired: 0 });
  await database.rows("update chime.schedules set rule.timezone = 'Asia/Tokyo' where id = $1", [bad]);
  test.hasStrict(
    await database.row('select * from chime.resume_schedule($1)', [bad]),
    { status: 'active' },
    'and can be resumed',
  );
});

t.test('a pause that ends on a rule that fails holds up nobody', async (test) => {
  const good = await create("cron => '*/10 * * * *'");
  const paused = await create("cron => '*/10 * * * *'");
  const bad = await create("cron => '*/10 * * * *', timezone => 'Asia/Tokyo'");
  for (const id of [paused, bad])
    await database.rows("select chime.pause_schedule($1, until => '2026-03-01 12:15Z')", [id]);
  await database.rows("update chime.schedules set rule.timezone = 'Asia/Gone' where id = $1", [bad]);
  await now.set('2026-03-01 12:20:00Z');
  test.hasStrict(await tick(), { fired: 1, resumed: 2 });
  test.hasStrict(await runs(good), [{ status: 'skipped' }, { status: 'queued' }]);
  test.hasStrict(await schedule(paused), { status: 'active', next_run_at: at('12:30:00') });
  const { status_reason: reason, ...aside } = await schedule(bad);
  test.hasStrict(aside, { status: 'paused', paused_until: null, paused_by: 'pgchime', next_run_at: null });
  test.match(reason, /Its rule failed: time zone "Asia\/Gone" not recognized/);
  test.hasStrict(await tick(), { resumed: 0 }, 'and it is not tried again at every tick');
  await database.rows("update chime.schedules set rule.timezone = 'Asia/Tokyo' where id = $1", [bad]);
  await now.set('2026-03-01 12:35:00Z');
  await database.rows('select chime.resume_schedule($1)', [bad]);
  test.hasStrict(
    await runs(bad),
    [{ scheduled_for: at('12:10:00'), skip_reason: 'paused', covers_count: 3 }],
    'its fires are accounted for once the rule can be read',
  );
});

t.test("an error that is not the rule's is not hidden", async (test) => {
  const id = await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:10:00Z');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query(
    'create or replace function chime_private.enqueue(run_ids uuid[], tasks text[], priorities chime.priority[] default null) returns void language plpgsql as $$ begin raise division_by_zero; end $$',
  );
  await test.rejects(client.query('select chime_private.tick()'), { code: '22012' });
  await client.query('rollback');
  test.hasStrict(await schedule(id), { status: 'active', next_run_at: at('12:10:00') });
  test.hasStrict(await tick(), { fired: 1 });
});

t.test('a task that nobody has registered goes to a queue that any worker serves', async (test) => {
  await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:10:00Z');
  await tick();
  test.strictSame(await database.rows('select distinct task_identifier from graphile_worker.jobs'), [
    { task_identifier: 'chime_unregistered' },
  ]);
});
