// Who changed what of a schedule, when, and from where.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  const record = (id: string) =>
    database.rows(
      'select revision, action, actor, surface, changed_at, before, after from chime.schedule_revisions where schedule_id = $1 order by id',
      [id],
    );
  return { database, now, record, ...shorthand(database) };
}

t.test('each change of definition or state is one row, with what was changed', async (test) => {
  const { database, now, record, create, tick } = await setUp(test);
  const id = await create("cron => '0 * * * *', key => 'k', payload => '{\"a\": null}'");
  const steps = [
    `select chime.update_schedule($1, '{"cron": null, "every": "2 hours", "payload": {"a": 1}, "max_runs": 7}')`,
    `select chime.update_schedule($1, '{"max_runs": 7}')`,
    "select chime.pause_schedule($1, 'why not')",
    'select chime.resume_schedule($1)',
    'select chime.resume_schedule($1)',
    'select chime.run_now($1)',
    `select chime.backfill($1, '2026-03-01 00:00Z', '2026-03-01 05:00Z')`,
    `select chime.update_schedule($1, '{"anchor": "2026-02-01T00:00:00Z"}')`,
    `select chime.backfill($1, '2026-03-01 00:00Z', '2026-03-01 05:00Z', dry_run => false)`,
    "select chime.cancel_schedule($1, 'enough')",
    'select chime.delete_schedule($1)',
  ];
  for (const step of steps) {
    await now.advance('1 second');
    await database.rows(step, [id]);
  }
  await now.advance('12 hours');
  await tick();
  const rows = await record(id);
  const by = { actor: 'postgres', surface: 'sql' };
  test.match(rows, [
    {
      ...by,
      revision: 1,
      action: 'created',
      changed_at: new Date('2026-03-02T00:00:00Z'),
      before: {},
      after: { key: 'k', cron: '0 * * * *', payload: { a: null }, status: 'active' },
    },
    {
      ...by,
      revision: 2,
      action: 'changed',
      before: { cron: '0 * * * *', payload: { a: null } },
      after: { every: '02:00:00', payload: { a: 1 }, max_runs: 7 },
    },
    {
      ...by,
      revision: 2,
      action: 'paused',
      before: { status: 'active' },
      after: { status: 'paused', status_reason: 'why not', paused_by: 'postgres' },
    },
    { ...by, revision: 2, action: 'resumed', before: { status: 'paused' }, after: { status: 'active' } },
    { ...by, revision: 3, action: 'changed' },
    {
      ...by,
      revision: 3,
      action: 'backfilled',
      after: { since: '2026-03-01T00:00:00+00:00', until: '2026-03-01T05:00:00+00:00', runs: 3 },
    },
    {
      ...by,
      revision: 3,
      action: 'cancelled',
      before: { status: 'active' },
      after: { status: 'cancelled', status_reason: 'enough' },
    },
    { ...by, revision: 3, action: 'deleted', before: {}, after: { deleted_at: String } },
  ]);
  test.equal(rows.length, 8);
  test.strictSame(rows[3]?.before, { status: 'paused', status_reason: 'why not', paused_by: 'postgres' });
  test.strictSame(Object.keys(rows[1]?.after as object).sort(), ['anchor', 'every', 'max_runs', 'payload']);
});

t.test('what pgchime does by itself is on record as its doing, fires are not', async (test) => {
  const { database, now, record, create, tick } = await setUp(test);
  const id = await create(
    "every => '1 hour', anchor => '2026-03-02 00:00Z', max_runs => 2, overlap => 'allow'",
  );
  await database.rows("select chime.pause_schedule($1, until => chime.now() + interval '30 minutes')", [id]);
  await now.advance('30 minutes');
  await tick();
  for (let n = 0; n < 3; n++) {
    await now.advance('1 hour');
    await tick();
  }
  test.match(await record(id), [
    { action: 'created' },
    { action: 'paused', actor: 'postgres', after: { paused_until: '2026-03-02T00:30:00+00:00' } },
    { action: 'resumed', actor: 'pgchime', surface: 'clock' },
    {
      action: 'completed',
      actor: 'pgchime',
      surface: 'clock',
      after: { status_reason: 'It has run max_runs times.' },
    },
  ]);
});

t.test('who and from where are settings of the transaction', async (test) => {
  const { database, record, create } = await setUp(test);
  const id = await create("cron => '@daily'");
  const client = await database.connect(test);
  await client.query(`begin; set local chime.actor = 'ann'; set local chime.surface = 'bot'`);
  await client.query('select chime.pause_schedule($1)', [id]);
  await client.query('commit');
  await client.query('begin');
  await client.query('select chime.resume_schedule($1)', [id]);
  await client.query('rollback');
  await client.query('select chime.cancel_schedule($1)', [id]);
  test.match(await record(id), [
    { action: 'created' },
    { action: 'paused', actor: 'ann', surface: 'bot', after: { paused_by: 'ann' } },
    { action: 'cancelled', actor: 'postgres', surface: 'sql' },
  ]);
  test.equal((await record(id)).length, 3, 'what was rolled back was not done');
});

t.test('what is on record stays so', async (test) => {
  const { database, now, record, create } = await setUp(test);
  const id = await create("cron => '@daily'");
  for (const statement of [
    "update chime.schedule_revisions set actor = 'nobody'",
    'delete from chime.schedule_revisions',
    'truncate chime.schedule_revisions',
  ]) {
    test.match(await database.error(statement), { code: 'CH022' }, statement);
  }
  test.equal((await record(id)).length, 1);
  await now.advance('1 year 1 day');
  await database.rows('select chime_private.forget_records(chime.now())');
  test.equal((await record(id)).length, 0, 'until its time is over');
});

t.test('each tenant has its own', async (test) => {
  const { database, create } = await setUp(test);
  await create("cron => '@daily'");
  const tenant = '00000000-0000-0000-0000-00000000000a';
  await database.rows("insert into chime.tenants (id, name) values ($1, 'a')", [tenant]);
  const client = await database.connect(test);
  await client.query("select set_config('chime.tenant_id', $1, false)", [tenant]);
  const { rows } = await client.query(
    "select id from chime.create_schedule(task => 'noop', cron => '@daily')",
  );
  test.strictSame(
    await database.rows('select schedule_id from chime.schedule_revisions where tenant_id = $1', [tenant]),
    [{ schedule_id: rows[0].id }],
  );
});
