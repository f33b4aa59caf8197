// Whose a row is: every way in which a run comes about hands the owner on.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { workflowsOf } from '../support/workflows.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-02 00:00Z');
const { tick } = shorthand(database);
const { attempt, register, start, finish } = attemptsOf(database);
const ann = await person(database, defaultTenant, 'ann');
const bob = await person(database, defaultTenant, 'bob');
const boss = await person(database, defaultTenant, 'boss', 'admin');

async function create(fields: string, task = 'noop'): Promise<string> {
  const [row] = await as<{ id: string }>(
    database,
    ann,
    `select id from chime.create_schedule(task => '${task}', ${fields})`,
  );
  return row?.id as string;
}

/** How often each owner has runs where this is true, by what brought them about. */
const runs = (where: string, values: unknown[]) =>
  database.rows(
    `select trigger, status, owner_id, count(*)::integer from chime.runs where ${where} group by 1, 2, 3 order by 1, 2`,
    values,
  );

t.test('who creates it owns it, and nobody where nobody is signed in', async (test) => {
  const id = await create("cron => '@daily', tags => '{a}'");
  const owner = 'select owner_id from chime.schedules where id = $1';
  test.equal(await database.value(owner, [id]), ann.userId);
  const { id: own } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'noop', cron => '@daily')",
  );
  test.equal(await database.value(owner, [own]), null);
  await test.rejects(
    as(database, { ...ann, userId: null }, "select chime.create_schedule(task => 'noop', cron => '@daily')"),
    { code: 'CH041', message: /Nobody is signed in/ },
  );
  await test.rejects(
    as(database, { ...ann, userId: null }, "select chime.create_event_handler(event => 'x', task => 'noop')"),
    { code: 'CH041' },
  );
});

t.test('fires, in time and late, missed and skipped', async (test) => {
  const every = "every => '1 minute', anchor => '2026-03-02 00:00Z'";
  const id = await create(`${every}, catch_up => 'all', catch_up_window => '5 minutes'`);
  await now.advance('1 minute');
  await tick();
  await now.advance('1 minute');
  await tick();
  await now.advance('20 minutes');
  await database.rows("update chime.schedules set overlap = 'allow' where id = $1", [id]);
  await tick();
  const found = await runs('schedule_id = $1', [id]);
  test.strictSame(new Set(found.map((row) => row.owner_id)), new Set([ann.userId]));
  test.strictSame(
    found.map((row) => row.status),
    ['queued', 'skipped'],
  );
  await database.rows('select chime.cancel_schedule($1)', [id]);
});

t.test('by hand, again, and of the past', async (test) => {
  const id = await create("cron => '0 0 1 1 *', overlap => 'allow', max_retries => 0");
  const [run] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  await attempt(run?.id as string, { outcome: 'failed', error: 'no' });
  await as(database, ann, 'select chime.retry_run($1)', [run?.id]);
  await as(database, ann, "select chime.backfill($1, '2020-01-01', '2022-01-02', dry_run => false)", [id]);
  test.strictSame(await runs('schedule_id = $1', [id]), [
    { trigger: 'manual', status: 'queued', owner_id: ann.userId, count: 1 },
    { trigger: 'manual', status: 'failed', owner_id: ann.userId, count: 1 },
    { trigger: 'backfill', status: 'queued', owner_id: ann.userId, count: 3 },
  ]);
  test.strictSame(
    await database.rows('select owner_id from chime.run_attempts where run_id = $1', [run?.id]),
    [{ owner_id: ann.userId }],
  );
});

t.test('what a run leaves: logs, lost attempts, ends that come late', async (test) => {
  const id = await create("cron => '0 0 1 1 *', overlap => 'allow'");
  const [run] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  const worker = await register();
  await start(worker, [run?.id as string]);
  await database.rows(
    "select chime_private.write_logs(array[$1::uuid], '{1}', '{1}', '{info}', '{hello}', '{null}', array[chime.now()])",
    [run?.id],
  );
  await now.advance('1 hour');
  await database.rows('select chime_private.record_tick($1, $2, chime.now())', [randomUUID(), 'c']);
  await database.rows("select chime_private.lose_runs(array[$1::uuid], '{1}', chime.now())", [run?.id]);
  const again = await register();
  await start(again, [run?.id as string]);
  await finish([{ id: run?.id as string, attempt: 2 }]);
  for (const table of ['run_logs', 'run_attempts', 'late_ends'])
    test.strictSame(
      await database.rows(`select owner_id from chime.${table} where run_id = $1`, [run?.id]),
      [{ owner_id: ann.userId }],
      table,
    );
});

t.test('the steps of a workflow', async (test) => {
  const { define, end } = workflowsOf(database);
  await define('two_steps', [{}, {}]);
  const id = await create("cron => '0 0 1 1 *'", 'two_steps');
  const [run] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  await start(await register(), [run?.id as string]);
  await end(run?.id as string);
  test.strictSame(
    await database.rows('select step, owner_id from chime.runs where parent_run_id = $1 order by step', [
      run?.id,
    ]),
    [
      { step: 1, owner_id: ann.userId },
      { step: 2, owner_id: ann.userId },
    ],
  );
});

t.test('events are told to their owner and to the tenant, not to others', async (test) => {
  const handler =
    "select id from chime.create_event_handler(event => 'made.*', task => 'noop', delay => $1::interval)";
  const ids = {
    ann: (await as<{ id: string }>(database, ann, handler, [null]))[0]?.id,
    later: (await as<{ id: string }>(database, ann, handler, ['1 minute']))[0]?.id,
    bob: (await as<{ id: string }>(database, bob, handler, [null]))[0]?.id,
    tenant: (await database.row<{ id: string }>(handler, [null])).id,
  };
  const names = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  const answered = async (event: string) => {
    await now.advance('2 minutes');
    await tick();
    const rows = await database.rows<{ event_handler_id: string; owner_id: string | null }>(
      'select r.event_handler_id, r.owner_id from chime.runs r join chime.events e on e.id = r.event_id where e.name = $1',
      [event],
    );
    return rows.map((row) => [names.get(row.event_handler_id), row.owner_id]).sort();
  };
  await as(database, ann, "select chime.trigger_event('made.by_ann')");
  test.strictSame(await answered('made.by_ann'), [
    ['ann', ann.userId],
    ['later', ann.userId],
    ['tenant', null],
  ]);
  await database.rows("select chime.trigger_event('made.by_nobody')");
  test.strictSame(await answered('made.by_nobody'), [['tenant', null]], 'of all or of nobody: not for users');
  // A run of Ann's, whose worker has a connection of its own.
  const id = await create("cron => '0 0 1 1 *'");
  const [run] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  const client = await database.connect(test);
  await client.query(`select set_config('chime.run_id', $1, false)`, [run?.id]);
  await client.query("select chime.trigger_event('made.by_run')");
  test.strictSame(await answered('made.by_run'), [
    ['ann', ann.userId],
    ['later', ann.userId],
    ['tenant', null],
  ]);
});

t.test('what pgchime itself tells of a schedule, it tells its owner', async (test) => {
  const handler =
    "select id from chime.create_event_handler(event => 'chime.schedule.failing', task => 'noop')";
  const [anns] = await as<{ id: string }>(database, ann, handler);
  const [bobs] = await as<{ id: string }>(database, bob, handler);
  const id = await create("cron => '0 0 1 1 *', max_retries => 0, alert_after_failures => 1");
  const [run] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  await attempt(run?.id as string, { outcome: 'failed', error: 'no' });
  await tick();
  test.strictSame(
    await database.rows(
      'select event_handler_id, owner_id from chime.runs where event_handler_id = any ($1)',
      [[anns?.id, bobs?.id]],
    ),
    [{ event_handler_id: anns?.id, owner_id: ann.userId }],
  );
});

t.test('an administrator gives it to another: what was stays whose it was', async (test) => {
  const id = await create("cron => '0 0 1 1 *', overlap => 'allow'");
  const [old] = await as<{ id: string }>(database, ann, 'select id from chime.run_now($1)', [id]);
  const give = (to: string | null) =>
    `select owner_id from chime.update_schedule($1, '${JSON.stringify({ owner_id: to })}')`;
  await test.rejects(as(database, ann, give(bob.userId), [id]), {
    code: 'CH042',
    message: /Only administrators/,
  });
  await test.rejects(as(database, boss, give(randomUUID()), [id]), {
    code: 'CH007',
    detail: '{"field": "owner_id"}',
  });
  test.strictSame(await as(database, boss, give(bob.userId), [id]), [{ owner_id: bob.userId }]);
  await test.rejects(as(database, ann, 'select chime.run_now($1)', [id]), { code: 'CH010' });
  await as(database, bob, 'select chime.run_now($1)', [id]);
  const list = 'select id from chime.runs where schedule_id = $1';
  test.strictSame(await as(database, ann, list, [id]), [old]);
  test.equal((await as(database, bob, list, [id])).length, 1);
  await as(database, ann, 'select chime.cancel_run($1)', [old?.id]);
  await test.rejects(
    as(database, ann, 'select chime.retry_run($1)', [old?.id]),
    { code: 'CH010' },
    'which would run the schedule of another',
  );
  test.strictSame(
    await as(
      database,
      boss,
      'select action, owner_id, after -> \'owner_id\' as "to" from chime.schedule_revisions where schedule_id = $1 order by id',
      [id],
    ),
    [
      { action: 'created', owner_id: ann.userId, to: ann.userId },
      { action: 'changed', owner_id: bob.userId, to: bob.userId },
    ],
  );
});

t.test('tags', async (test) => {
  const refused = async (tags: string) =>
    (await database.error(`select chime.create_schedule(task => 'noop', cron => '@daily', tags => ${tags})`))
      .message;
  test.equal(await refused("array['a', 'a']"), 'tags must not name one twice.');
  test.equal(await refused("array['']"), 'tags must have 1 to 50 characters each.');
  test.equal(await refused("array[repeat('x', 51)]"), 'tags must have 1 to 50 characters each.');
  test.equal(await refused("array['a', null]"), 'tags must have 1 to 50 characters each.');
  test.equal(
    await refused('array(select n::text from generate_series(1, 21) n)'),
    'tags must be a list of at most 20.',
  );
  test.equal(await refused("array[['a'], ['b']]"), 'tags must be a list of at most 20.');
  const id = await create("cron => '@daily', tags => '{red, green}', key => 'tagged'");
  const again =
    "select outcome from chime.create_schedule(task => 'noop', cron => '@daily', tags => $1, key => 'tagged')";
  test.strictSame(await as(database, ann, again, [['red', 'green']]), [{ outcome: 'unchanged' }]);
  test.strictSame(await as(database, ann, again, [['red']]), [{ outcome: 'changed' }]);
  test.strictSame(
    await as(database, ann, `select tags from chime.update_schedule($1, '{"tags": null}')`, [id]),
    [{ tags: [] }],
  );
});
