// A zone's rules change after a next fire was computed. The server's data cannot be changed here, so what was computed is.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');

const create = async (fields: string) =>
  (await database.row<{ id: string }>(`select id from chime.create_schedule(task => 'noop', ${fields})`)).id;
/** As if the zone had been one hour further west when these were computed. */
const misplace = (id: string) =>
  database.row(
    `update chime.schedules set next_run_at = next_run_at + interval '1 hour', next_due_at = next_due_at + interval '1 hour',
       rule.anchor = case when at is null then (rule).anchor else (rule).anchor + interval '1 hour' end
     where id = $1 returning id`,
    [id],
  );
const realign = (more = '') =>
  database.rows<{ schedule_id: string; stored_for: Date; corrected_for: Date | null }>(
    `select schedule_id, stored_for, corrected_for from chime.realign_schedules(${more})`,
  );
const nextRunAt = (id: string) =>
  database.value<Date>('select next_run_at from chime.schedules where id = $1', [id]);

t.test('nothing to do', async (test) => {
  await create("cron => '0 9 * * *', timezone => 'Europe/Berlin'");
  await create("every => '1 day', timezone => 'Europe/Berlin'");
  await create("every => '90 minutes', timezone => 'Europe/Berlin'");
  await create("at => '2026-06-01 09:00', timezone => 'Europe/Berlin'");
  await create("at => '2026-06-01T09:00Z', timezone => 'Europe/Berlin'");
  test.strictSame(await realign(), []);
});

t.test('each kind of rule is told, then moved', async (test) => {
  const rules = [
    "cron => '0 9 * * *', timezone => 'Europe/Berlin'",
    "every => '1 day', timezone => 'Europe/Berlin', anchor => '2026-02-01 08:00Z'",
    "at => '2026-06-01 09:00', timezone => 'Europe/Berlin'",
  ];
  for (const rule of rules) {
    const id = await create(rule);
    const right = await nextRunAt(id);
    await misplace(id);
    const told = [{ schedule_id: id, stored_for: await nextRunAt(id), corrected_for: right }];
    test.strictSame(await realign(), told, rule);
    test.not((await nextRunAt(id)).getTime(), right.getTime(), 'a dry run changes nothing');
    test.strictSame(await realign('dry_run => false'), told);
    test.strictSame(await nextRunAt(id), right);
    test.strictSame(await realign(), [], 'once is enough');
  }
});

t.test('a one-off whose wall-clock time is over by the new law runs late, and is not lost', async (test) => {
  const id = await create("at => '2026-03-01 13:30', timezone => 'Europe/Berlin'");
  await misplace(id);
  await now.set('2026-03-01 12:45:00Z');
  test.strictSame(await realign('dry_run => false'), [
    {
      schedule_id: id,
      stored_for: new Date('2026-03-01T13:30:00Z'),
      corrected_for: new Date('2026-03-01T12:30:00Z'),
    },
  ]);
  await database.row('select chime_private.tick()');
  test.hasStrict(
    await database.row('select scheduled_for, status from chime.runs where schedule_id = $1', [id]),
    {
      scheduled_for: new Date('2026-03-01T12:30:00Z'),
      status: 'queued',
    },
  );
});
