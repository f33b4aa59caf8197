// Concurrency keys: how many of the runs that share one run at once, which goes next, and what a priority is worth.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { create, jobs } = shorthand(database);
const { finish, queue, recorded, register, run, start: startRuns } = attemptsOf(database);
const tick = () => database.row('select * from chime_private.tick()');
const limit = (key: string, most: number) =>
  database.row('select * from chime.set_concurrency_limit($1, $2)', [key, most]);
const work = async () => {
  const wanted = await database.rows<{ id: string }>(
    "delete from graphile_worker._private_jobs returning payload ->> 'run_id' as id",
  );
  return startRuns(
    await register(),
    wanted.map(({ id }) => id),
  );
};
const end = async (id: string, ending: object = {}) => {
  const { attempt } = await run(id);
  await finish([{ id, attempt: attempt as number, ...ending }]);
  await tick();
  await work();
};
const state = async (...ids: string[]) => {
  const rows = await Promise.all(ids.map((id) => run(id)));
  return rows.map((row) => (row.waits_for === null ? row.status : 'held')).join(' ');
};
const schedule = (fields: string) => create(`cron => '0 0 1 1 *', overlap => 'allow', ${fields}`);

t.beforeEach(async () => {
  await now.set(start);
  await database.rows(
    "update chime.runs set status = 'cancelled', worker_id = null, retry_at = null, finished_at = chime.now() where finished_at is null",
  );
  await tick();
  await database.rows('delete from chime.concurrency_limits');
  await database.rows('delete from graphile_worker._private_jobs');
});

t.test('one at a time, across schedules', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  const b = await schedule("concurrency_key => 'db'");
  const free = await schedule("concurrency_key => 'other'");
  const ids = [await queue(a), await queue(b), await queue(a)] as [string, string, string];
  const other = await queue(free);
  await work();
  const running = (
    await database.rows<{ id: string }>(
      "select id from chime.runs where status = 'running' and concurrency_key = 'db'",
    )
  ).map(({ id }) => id);
  test.equal(running.length, 1);
  test.equal(await state(other), 'running', 'another key');
  const held = await database.rows<{ waits_for: string }>(
    'select waits_for from chime.runs where waits_for is not null',
  );
  test.strictSame(held, [{ waits_for: 'concurrency key db' }, { waits_for: 'concurrency key db' }]);
  test.equal(await jobs(), 0);
  for (let count = 0; count < 3; count++) {
    const { id } = await database.row<{ id: string }>(
      "select id from chime.runs where status = 'running' and concurrency_key = 'db'",
    );
    await end(id);
  }
  test.equal(await state(...ids), 'succeeded succeeded succeeded');
  test.equal(
    await database.value("select count(*)::integer from chime_private.slot_runs where slot like '%:db'"),
    0,
  );
});

t.test('as many as the limit says, and the limit is changed', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  test.hasStrict(await limit('db', 2), { key: 'db', max_running: 2 });
  const ids: string[] = [];
  for (let count = 0; count < 6; count++) {
    ids.push(await queue(a));
    await now.advance('1 second');
  }
  await work();
  test.equal(await state(...ids), 'running running held held held held');
  await limit('db', 3);
  await tick();
  await work();
  test.equal(await state(...ids), 'running running running held held held');
  await limit('db', 1);
  await tick();
  await work();
  test.equal(await state(...ids), 'running running running held held held', 'what runs goes on');
  await end(ids[0] as string);
  await end(ids[1] as string);
  test.equal(await state(...ids), 'succeeded succeeded running held held held');
  await limit('db', 0);
  await end(ids[2] as string);
  test.equal(await state(...ids), 'succeeded succeeded succeeded held held held', 'none');
  test.equal(await state(await queue(a)), 'queued');
  await work();
  await database.rows("select chime.delete_concurrency_limit('db')");
  await tick();
  await work();
  test.equal(await state(...ids.slice(3)), 'running held held', 'without a limit, one');
});

t.test('the next is the most important one, then the one that is due first', async (test) => {
  const low = await schedule("concurrency_key => 'db', priority => 'low'");
  const medium = await schedule("concurrency_key => 'db'");
  const critical = await schedule("concurrency_key => 'db', priority => 'critical'");
  const first = await queue(low);
  await work();
  const ids: Record<string, string> = {};
  for (const [name, each] of [
    ['l', low],
    ['m', medium],
    ['c', critical],
    ['m2', medium],
  ] as const) {
    await now.advance('1 second');
    ids[name] = await queue(each);
    await work();
  }
  await end(first);
  for (const name of ['c', 'm', 'm2', 'l']) {
    test.equal(await state(ids[name] as string), 'running', name);
    await end(ids[name] as string);
  }
});

t.test(
  'a run that comes to a worker does not overtake one that is held and comes before it',
  async (test) => {
    const a = await schedule("concurrency_key => 'db'");
    const urgent = await schedule("concurrency_key => 'db', priority => 'high'");
    const first = await queue(a);
    await work();
    await now.advance('1 second');
    const second = await queue(a);
    await work();
    // The slot is free, and no tick has looked yet.
    await finish([{ id: first, attempt: 1 }]);
    await now.advance('1 second');
    const third = await queue(a);
    await work();
    test.equal(await state(second, third), 'held held');
    const high = await queue(urgent);
    await work();
    test.equal(await state(second, third, high), 'held held running', 'but one that is more important does');
    await end(high);
    test.equal(await state(second, third), 'running held');
  },
);

t.test('a run that waits for its retry has no place, one that is lost neither', async (test) => {
  const a = await schedule("concurrency_key => 'db', retry_delay => '1 minute', retry_backoff => 'constant'");
  const first = await queue(a);
  await work();
  await now.advance('1 second');
  const second = await queue(a);
  await work();
  await end(first, { outcome: 'failed', error: 'x' });
  test.equal(await state(first, second), 'retrying running');
  await now.advance('2 minutes');
  await database.rows("update chime_private.workers set lease_until = chime.now() + interval '15 seconds'");
  await tick();
  await work();
  test.equal(await state(first, second), 'held running');
  await database.rows('select chime_private.lose_runs(array[$1::uuid], array[1], chime.now())', [second]);
  await tick();
  await work();
  test.match(await state(first, second), /^(running held|held running)$/);
  for (let count = 0; count < 2; count++) {
    const { id } = await database.row<{ id: string }>("select id from chime.runs where status = 'running'");
    await end(id);
  }
  test.equal(await state(first, second), 'succeeded succeeded');
  test.equal((await recorded(second)).length, 1);
});

t.test('a run that needs its turn and a place', async (test) => {
  const key = await create("cron => '0 0 1 1 *', overlap => 'allow', concurrency_key => 'db'");
  const both = await create("cron => '0 0 1 1 *', overlap => 'buffer_all', concurrency_key => 'db'");
  const other = await queue(key);
  await work();
  await now.advance('1 second');
  const first = await queue(both);
  await now.advance('1 second');
  const second = await queue(both);
  await now.advance('1 second');
  const last = await queue(key);
  await work();
  test.equal(await state(other, first, second, last), 'running held held held');
  await end(other);
  test.equal(await state(first, second, last), 'running held held');
  await limit('db', 2);
  await tick();
  await work();
  await tick();
  await work();
  test.equal(
    await state(first, second, last),
    'running held running',
    'it waits for its turn, others for nothing',
  );
  await end(last);
  await end(first);
  test.equal(await state(second), 'running');
});

t.test('a woken run that nobody starts does not keep the others waiting for ever', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  const first = await queue(a);
  await work();
  const second = await queue(a);
  await now.advance('1 second');
  const third = await queue(a);
  await work();
  await finish([{ id: first, attempt: 1 }]);
  await tick();
  // As a task whose only worker is gone.
  await database.rows('delete from graphile_worker._private_jobs');
  test.equal((await state(second, third)).split(' ').sort().join(' '), 'held queued');
  await database.rows('select chime_private.check_slots()');
  await tick();
  await work();
  test.equal((await state(second, third)).split(' ').sort().join(' '), 'queued running');
});

t.test('what should never happen is looked for', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  const first = await queue(a);
  await work();
  const second = await queue(a);
  await work();
  test.equal(await state(first, second), 'running held');
  await database.rows(
    "insert into chime_private.slot_runs values (gen_random_uuid(), 'key:lost', 'taken', 'low', chime.now())",
  );
  await finish([{ id: first, attempt: 1 }]);
  await database.rows('delete from chime_private.freed_slots');
  await tick();
  test.equal(await state(second), 'held');
  await database.rows('select chime_private.check_slots()');
  await tick();
  await work();
  test.equal(await state(second), 'running');
  test.equal(
    await database.value("select count(*)::integer from chime_private.slot_runs where slot = 'key:lost'"),
    0,
  );
});

t.test('held runs are not stuck, and are cancelled at once', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  const first = await queue(a);
  await work();
  const second = await queue(a);
  await work();
  await now.advance('1 hour');
  test.equal(await database.value('select chime_private.stuck_runs()::integer'), 0);
  await database.rows('select chime.cancel_run($1)', [second]);
  test.equal(await state(first, second), 'running cancelled');
});

t.test('tenants do not share keys', async (test) => {
  const other = '00000000-0000-0000-0000-000000000002';
  await database.rows("insert into chime.tenants (id, name) values ($1, 'other') on conflict do nothing", [
    other,
  ]);
  const client = await database.connect(test);
  await client.query(`set chime.tenant_id = '${other}'`);
  const { rows } = await client.query(
    "select (chime.run_now(c.id)).id from chime.create_schedule(task => 'noop', cron => '0 0 1 1 *', concurrency_key => 'db') c",
  );
  await client.query("select chime.set_concurrency_limit('db', 5)");
  const mine = await queue(await schedule("concurrency_key => 'db'"));
  await work();
  test.equal(await state(mine, rows[0].id), 'running running');
  test.strictSame(
    await database.rows(
      'select max_running from chime.concurrency_limits where tenant_id = chime.current_tenant()',
    ),
    [],
  );
});

t.test('what is refused', async (test) => {
  for (const [key, most, field] of [
    ['', 1, 'key'],
    [null, 1, 'key'],
    ['x'.repeat(201), 1, 'key'],
    ['db', -1, 'max_running'],
    ['db', 10_001, 'max_running'],
    ['db', null, 'max_running'],
  ] as const)
    test.match(await database.error('select chime.set_concurrency_limit($1, $2)', [key, most]), {
      code: 'CH007',
      detail: `{"field": "${field}"}`,
    });
  test.match(await database.error("select chime.delete_concurrency_limit('none')"), { code: 'CH007' });
  test.match(
    await database.error(
      "select chime.create_schedule(task => 'noop', cron => '* * * * *', concurrency_key => '')",
    ),
    { code: 'CH007', detail: '{"field": "concurrency_key"}' },
  );
});

t.test('jobs have the priority of their runs', async (test) => {
  for (const [priority, number] of [
    ['low', 10],
    ['medium', 0],
    ['high', -10],
    ['critical', -20],
  ] as const) {
    const id = await create(`cron => '* * * * *', priority => '${priority}'`);
    await database.rows('delete from graphile_worker._private_jobs');
    const manual = await queue(id);
    test.strictSame(
      await database.rows('select priority from graphile_worker.jobs'),
      [{ priority: number }],
      priority,
    );
    test.hasStrict(await run(manual), { priority });
    await database.rows('select chime.cancel_run($1)', [manual]);
    await database.rows('delete from graphile_worker._private_jobs');
    await now.advance('1 minute');
    await tick();
    test.strictSame(
      await database.rows('select priority from graphile_worker.jobs'),
      [{ priority: number }],
      'a fire',
    );
    await database.rows('select chime.delete_schedule($1)', [id]);
  }
});

t.test('two transactions that hold slots or runs keep nobody waiting', async (test) => {
  const a = await schedule("concurrency_key => 'db'");
  const first = await queue(a);
  await work();
  const second = await queue(a);
  await now.advance('1 second');
  const third = await queue(a);
  await work();
  const holder = await database.connect(test);
  await holder.query('begin');
  await holder.query('select chime.cancel_run($1)', [second]);
  await finish([{ id: first, attempt: 1 }]);
  await tick();
  await work();
  test.equal(await state(third), 'running', 'the next one that nobody has locked');
  await holder.query('rollback');
  await end(third);
  test.equal(await state(second), 'running');
  await holder.query('begin');
  await holder.query(
    "select pg_advisory_xact_lock(chime_private.slot_lock('key:' || chime.current_tenant() || ':db'))",
  );
  const late = await queue(a);
  await work().catch(() => {});
  test.equal(await state(late), 'queued');
  await finish([{ id: second, attempt: 1 }]);
  const { next_due_at: next } = await tick();
  test.strictSame(next, new Date(Date.parse(start) + 1250), 'a tick comes back soon');
  await holder.query('rollback');
});
