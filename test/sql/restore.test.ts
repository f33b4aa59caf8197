// Taking back that a schedule was deleted.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Parameters<typeof createDatabase>[0]) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const restore = (id: string) =>
    database.row('select (r).* from (select chime.restore_schedule($1) as r) x', [id]);
  const remove = (id: string) => database.rows('select chime.delete_schedule($1)', [id]);
  return { database, now, restore, remove, ...shorthand(database) };
}

t.test('it fires again, from now on, and not what was due meanwhile', async (test) => {
  const { create, remove, restore, now, tick, runs, database, schedule } = await setUp(test);
  const id = await create("cron => '0 * * * *', key => 'hourly'");
  await remove(id);
  await now.set('2026-03-02 14:30Z');
  await tick();
  test.match(await restore(id), { status: 'active', status_reason: null, deleted_at: null });
  test.match(await schedule(id), { next_run_at: new Date('2026-03-02T15:00:00Z') });
  await now.set('2026-03-02 15:00Z');
  await tick();
  test.match(await runs(id), [{ scheduled_for: new Date('2026-03-02T15:00:00Z'), status: 'queued' }]);
  test.match(await database.rows('select action from chime.schedule_revisions order by id'), [
    { action: 'created' },
    { action: 'deleted' },
    { action: 'restored' },
  ]);
  const { updated_at } = await schedule(id);
  test.match(await restore(id), { updated_at }, 'one that is there stays as it is');
});

t.test('it is what it was: paused until then, cancelled, completed', async (test) => {
  const { create, remove, restore, database, tick, now } = await setUp(test);
  const paused = await create("cron => '0 * * * *'");
  await database.rows("select chime.pause_schedule($1, 'holidays', '2026-03-09 00:00Z')", [paused]);
  await remove(paused);
  test.match(await restore(paused), {
    status: 'paused',
    status_reason: 'holidays',
    paused_until: new Date('2026-03-09T00:00:00Z'),
    next_run_at: null,
  });
  await now.set('2026-03-09 00:00Z');
  await tick();
  test.match(await database.row('select status from chime.schedules where id = $1', [paused]), {
    status: 'active',
  });

  const cancelled = await create("cron => '0 * * * *'");
  await database.rows("select chime.cancel_schedule($1, 'no more')", [cancelled]);
  await remove(cancelled);
  test.match(await restore(cancelled), { status: 'cancelled', status_reason: 'no more', next_run_at: null });

  const once = await create("at => '2026-03-10 09:00'");
  await remove(once);
  await now.set('2026-03-11 00:00Z');
  test.match(await restore(once), { status: 'completed', next_run_at: null });
  await tick();
  await remove(once);
  test.match(await restore(once), { status: 'completed', deleted_at: null });
});

t.test('not where its key has been given away, nor by somebody else', async (test) => {
  const { create, remove, database } = await setUp(test);
  const id = await create("cron => '0 * * * *', key => 'hourly'");
  await remove(id);
  const next = await create("cron => '30 * * * *', key => 'hourly'");
  const call = 'select chime.restore_schedule($1)';
  test.match(await database.error(call, [id]), { code: 'CH007' });
  await remove(next);
  const ann = await person(database, defaultTenant, 'ann');
  await test.rejects(as(database, ann, call, [id]), { code: 'CH010' });
  test.match(await database.error(call, [null]), { code: 'CH010' });
  await database.rows(call, [id]);
});
