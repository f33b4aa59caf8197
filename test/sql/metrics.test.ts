// The numbers for a monitor: exact at any moment, counters that never go back, and for nobody who may not see all tenants.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { upkeepOf } from '../support/history.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

type Samples = Record<string, number>;

/** All samples by name and labels. */
async function samplesOf(database: TestDatabase, pattern = '%'): Promise<Samples> {
  const rows = await database.rows<{ name: string; labels: Record<string, string>; value: number }>(
    'select name, labels, value from chime.metrics() where name like $1',
    [pattern],
  );
  const entries = rows.map(({ name, labels, value }) => [
    [name, ...Object.values(labels).sort()].join(' '),
    value,
  ]);
  if (new Set(entries.map(([key]) => key)).size !== entries.length) throw new Error('A sample comes twice.');
  return Object.fromEntries(entries) as Samples;
}

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  await database.rows('select chime_private.tick()');
  const truth = async (): Promise<Samples> => {
    const rows = await database.rows<{ name: string; value: number }>(
      `select concat_ws(' ', 'chime_runs_finished_total', r.status, r.task) as name, count(*)::float8 as value
       from chime.runs r where r.finished_at is not null and r.status <> 'skipped' group by 1
       union all
       select concat_ws(' ', 'chime_queue_runs', r.status, r.task), count(*) from chime.runs r where r.finished_at is null group by 1
       union all
       select concat_ws(' ', 'chime_fires_total', case r.status when 'skipped' then 'skipped' else 'fired' end, r.task), sum(coalesce(r.covers_count, 1))
       from chime.runs r where r.trigger = 'schedule' group by 1
       union all
       select concat_ws(' ', 'chime_run_duration_seconds_count', r.task), count(*) from chime.runs r where r.finished_at is not null and r.started_at is not null group by 1
       union all
       select concat_ws(' ', 'chime_run_duration_seconds_sum', r.task), round(sum(extract(epoch from r.finished_at - r.started_at)), 6)
       from chime.runs r where r.finished_at is not null and r.started_at is not null group by 1
       union all
       select concat_ws(' ', 'chime_run_lateness_seconds_count', r.task), count(*) from chime.runs r
       where r.finished_at is not null and r.started_at is not null and r.attempt = 1 group by 1`,
    );
    const keyOf = (text: string) => {
      const [name, ...labels] = text.split(' ');
      return [name, ...labels.sort()].join(' ');
    };
    return Object.fromEntries(rows.map(({ name, value }) => [keyOf(name), Number(value)]));
  };
  return { database, now, truth, ...shorthand(database), ...attemptsOf(database), ...upkeepOf(database) };
}

t.test('exact whenever runs are counted, and never less than before', async (test) => {
  const { database, now, truth, create, tick, register, start, finish, countAll, maintain } =
    await setUp(test);
  await create(
    "every => '1 minute', anchor => '2026-03-02 00:00Z', max_retries => 1, retry_delay => '7 minutes'",
  );
  const worker = await register(['noop', 'another']);
  await database.rows(
    `select chime.create_schedule(task => 'another', every => '3 minutes', anchor => '2026-03-02 00:00Z', overlap => 'allow', max_retries => 0)`,
  );
  let seed = 11;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const attempts = new Map<string, number>();
  let before: Samples = {};
  const check = async (what: string) => {
    const found = await samplesOf(database);
    const expected = await truth();
    const wanted = Object.fromEntries(
      Object.entries(found).filter(
        ([name, value]) => name in expected || (value !== 0 && /_total |_queue_runs /.test(name)),
      ),
    );
    test.same(wanted, expected, what);
    for (const [name, value] of Object.entries(before)) {
      if (!/_(total|bucket|count|sum) /.test(name)) continue;
      const after = found[name];
      if (after === undefined || after < value) test.fail(`${what}: ${name} went from ${value} to ${after}`);
    }
    before = found;
  };
  for (let step = 0; step < 60; step++) {
    await now.advance(`${[1, 20, 60, 90, 400][random(5)]} seconds`);
    await tick();
    await database.rows("update chime_private.workers set lease_until = chime.now() + interval '1 hour'");
    const queued = await database.rows<{ id: string }>(
      "select id from chime.runs where status = 'queued' order by id",
    );
    const chosen = queued.map(({ id }) => id).filter(() => random(3) > 0);
    for (const each of await start(worker, chosen)) attempts.set(each.id, each.attempt);
    await now.advance(`${random(2000)} milliseconds`);
    const ending = [...attempts].filter(() => random(4) > 0);
    await finish(
      ending.map(([id, attempt]) => {
        const outcome = (['succeeded', 'failed', 'timed_out', 'cancelled'] as const)[random(4)] ?? 'failed';
        return { id, attempt, outcome, ...(outcome === 'succeeded' ? {} : { error: 'broke' }) };
      }),
    );
    for (const [id] of ending) attempts.delete(id);
    if (random(3) === 0)
      await database.rows('select chime_private.count_runs(chime.now(), $1)', [1 + random(9)]);
    if (step % 6 === 0) await check(`step ${step}`);
  }
  // Which ends what is left.
  await database.rows('select chime.delete_schedule(id) from chime.schedules');
  await now.advance('1 hour');
  await countAll();
  await check('all of it counted');
  test.ok((await database.value<number>('select sum(fired)::integer from chime_private.task_totals')) > 20);

  // What was counted outlives its runs, their schedules and the statistics by the hour.
  await now.advance('500 days');
  await maintain();
  test.equal(await database.value('select count(*)::integer from chime.run_hours'), 0);
  const after = await samplesOf(database);
  const counters = ([name]: [string, number]) => /_(total|bucket|count|sum) /.test(name);
  test.same(
    Object.fromEntries(Object.entries(after).filter(counters)),
    Object.fromEntries(Object.entries(before).filter(counters)),
    'and nothing of it is lost',
  );
});

t.test('buckets say how many were shorter', async (test) => {
  const { database, create, now, tick, register, start, finish } = await setUp(test);
  await create("every => '1 minute', anchor => '2026-03-02 00:00Z', overlap => 'allow'");
  const worker = await register();
  const durations = ['0.001023 seconds', '0.002 seconds', '1.048575 seconds', '1.1 seconds', '5 hours'];
  for (const duration of durations) {
    await now.advance('1 minute');
    await tick();
    await database.rows("update chime_private.workers set lease_until = chime.now() + interval '1 day'");
    const queued = await database.rows<{ id: string }>("select id from chime.runs where status = 'queued'");
    const started = await start(worker, [queued[0]?.id as string]);
    await now.advance(duration);
    await finish([{ id: started[0]?.id as string, attempt: 1 }]);
  }
  const found = await samplesOf(database, 'chime\\_run\\_duration%');
  const below = (le: string) => found[`chime_run_duration_seconds_bucket ${le} noop`];
  test.same(
    ['0.001024', '0.002048', '0.524288', '1.048576', '2.097152', '8589.934592', '+Inf'].map(below),
    [1, 2, 2, 3, 4, 4, 5],
  );
  test.equal(found['chime_run_duration_seconds_sum noop'], 18000 + 1.1 + 1.048575 + 0.002 + 0.001023);
});

t.test('what waits, and who is there', async (test) => {
  const { database, create, now, tick, register, start } = await setUp(test);
  const gauges = async () => {
    const found = await samplesOf(database);
    return (name: string) => found[name];
  };
  let gauge = await gauges();
  test.same(
    ['chime_due_schedules', 'chime_oldest_due_seconds', 'chime_clocks', 'chime_clock_last_tick_seconds'].map(
      gauge,
    ),
    [0, 0, 0, undefined],
  );
  await create("every => '1 minute', anchor => '2026-03-02 00:00Z', overlap => 'allow'");
  const worker = await register();
  await now.advance('90 seconds');
  gauge = await gauges();
  test.same(['chime_due_schedules', 'chime_oldest_due_seconds'].map(gauge), [1, 30]);
  await database.rows("select chime_private.tick(100, gen_random_uuid(), 'a clock')");
  await tick();
  await now.advance('5 seconds');
  gauge = await gauges();
  const workers = ['alive', 'lost', 'stopped'].map((state) => `chime_workers ${state}`);
  test.same(
    [...workers, 'chime_worker_last_heartbeat_seconds', 'chime_clocks', 'chime_clock_last_tick_seconds'].map(
      gauge,
    ),
    [0, 1, 0, 95, 1, 5],
  );
  test.same(
    ['chime_due_schedules', 'chime_queue_runs noop queued', 'chime_queue_oldest_seconds noop'].map(gauge),
    [0, 1, 35],
  );
  await database.rows('select chime_private.renew_lease($1)', [worker]);
  const [queued] = await database.rows<{ id: string }>("select id from chime.runs where status = 'queued'");
  await start(worker, [queued?.id as string]);
  gauge = await gauges();
  test.same(
    [
      ...workers,
      'chime_worker_last_heartbeat_seconds',
      'chime_queue_runs noop queued',
      'chime_queue_runs noop running',
    ].map(gauge),
    [1, 0, 0, 0, 0, 1],
  );
  test.same(await database.row('select * from chime_private.processes_alive(chime.now())'), {
    clocks: '1',
    workers: '1',
  });
});

t.test('a hundred tasks have a label, and keep it', async (test) => {
  const { database, now, register, create } = await setUp(test);
  await register(['noop']);
  await register(Array.from({ length: 99 }, (_each, index) => `task_${index}`));
  await create("every => '1 minute'");
  const labels = async () => {
    const found = await samplesOf(database, 'chime\\_queue\\_runs');
    return Object.keys(found)
      .map((name) => name.split(' '))
      .map(([, ...rest]) => rest.find((each) => !/^(queued|running|retrying)$/.test(each)));
  };
  const first = new Set(await labels());
  test.equal(first.size, 100);
  await now.advance('1 second');
  await register(['aaa', 'aab']);
  const schedule = await database.value<string>(
    "select id from chime.create_schedule(task => 'aaa', every => '1 minute', key => 'aaa')",
  );
  await database.rows('select chime.run_now($1)', [schedule]);
  const then = new Set(await labels());
  test.same([...then].sort(), [...first, 'other'].sort());
  test.equal((await samplesOf(database))['chime_queue_runs other queued'], 1);
});

t.test('deliveries by how they ended, each time, and for ever', async (test) => {
  const { database, now, register, maintain, leaveToTicks, tick } = await setUp(test);
  const chime = deliveriesOf(database);
  await register();
  const told = () => samplesOf(database, 'chime\\_deliveries%');
  const totals = (samples: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(samples).map(([key, value]) => [`chime_deliveries_total ${key}`, value]),
    );
  test.same(await told(), {}, 'no channel is known');
  await chime.register(channelOf('alpha'), channelOf('beta'));
  const none = Object.fromEntries(
    ['alpha', 'beta'].flatMap((id) =>
      ['failed', 'sent', 'skipped', 'unknown'].map((end) => [`${id} ${end}`, 0]),
    ),
  );
  test.same(await told(), totals(none), 'at zero before the first');

  const alpha = await chime.scheduleTo(await chime.map('alpha', 'one'));
  const beta = await chime.scheduleTo(await chime.map('beta', 'two'), "key => 'beta'");
  await chime.end(alpha);
  test.same(await told(), totals(none), 'one that waits has not ended');
  await chime.sendAll(['alpha']);
  const failed = await chime.end(beta);
  await chime.sendAll(['beta'], { outcome: 'refused', reason: 'no' });
  await chime.end(alpha);
  await chime.sendAll(['alpha'], { outcome: 'unknown', reason: 'who knows' });
  const silent = await chime.scheduleTo(
    await chime.map('alpha', 'three'),
    "key => 'silent', deliver => 'on_failure'",
  );
  await chime.end(silent);
  const once = { ...none, 'alpha sent': 1, 'beta failed': 1, 'alpha unknown': 1, 'alpha skipped': 1 };
  test.same(await told(), totals(once));

  // Counted by a tick, two at a time, and told the same at any moment.
  test.equal(await database.value('select chime_private.count_deliveries(2)'), true);
  test.same(await told(), totals(once), 'half of them counted');
  await leaveToTicks();
  await tick();
  test.equal(await database.value('select count(*)::integer from chime_private.delivery_ends'), 0);
  test.same(await told(), totals(once), 'all of them counted');

  // What failed may be sent after all: that it failed is not taken back.
  const [delivery] = await chime.list(failed);
  await database.rows('select chime.retry_delivery($1)', [delivery?.id]);
  test.same(await told(), totals(once));
  await chime.sendAll(['beta']);
  // Without bounds is what a channel may be called; not so what senders have registered.
  const delta = await chime.map('delta', 'four');
  await chime.end(await chime.scheduleTo(delta, "key => 'delta'"));
  await database.rows('select chime.block_mapping($1)', [delta]);
  const all = { ...once, 'beta sent': 1, 'other skipped': 1 };
  test.same(await told(), totals(all));
  await chime.register(channelOf('delta'));
  const registered = {
    ...all,
    ...{ 'delta failed': 0, 'delta sent': 0, 'delta skipped': 0, 'delta unknown': 0 },
  };
  test.same(await told(), totals(registered), 'what was counted keeps its label');

  await now.advance('500 days');
  await maintain();
  test.equal(await database.value('select count(*)::integer from chime.deliveries'), 0);
  test.same(await told(), totals(registered), 'and nothing of it is lost with its runs');
});

t.test('senders that report at once do not wait for each other', async (test) => {
  const { database, register } = await setUp(test);
  const chime = deliveriesOf(database);
  await register();
  await chime.register(channelOf('alpha'));
  const ids: string[] = [];
  for (const context of ['one', 'two'])
    ids.push(await chime.scheduleTo(await chime.map('alpha', context), `key => '${context}'`));
  for (const id of ids) await chime.end(id);
  const [first, second] = (await chime.claim(['alpha'])).messages;
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query('select chime_private.finish_deliveries($1)', [
      JSON.stringify([{ id: first?.deliveryId, attempt: 1, outcome: 'sent', external_id: 'm1' }]),
    ]);
    // In a row that both have to write, this would wait for five seconds, and break.
    await chime.report(second ? [second] : [], { outcome: 'sent', externalId: 'm2' });
    await database.rows('select chime_private.count_deliveries()');
    await client.query('commit');
  } finally {
    client.release();
  }
  test.equal((await samplesOf(database))['chime_deliveries_total alpha sent'], 2);
});

t.test('for administrators of the default tenant', async (test) => {
  const database = await createDatabase(test);
  const other = await database.value<string>("select id from chime.create_tenant('other')");
  const read = (who: Parameters<typeof as>[1]) => as(database, who, 'select * from chime.metrics()');
  test.ok((await read(await person(database, defaultTenant, 'ada', 'admin'))).length > 5);
  for (const [tenant, role, code] of [
    [other, 'admin', 'CH042'],
    [other, 'user', '42501'],
    [other, 'reporter', '42501'],
    [defaultTenant, 'user', '42501'],
    [defaultTenant, 'reporter', '42501'],
  ] as const) {
    await test.rejects(
      read(await person(database, tenant, `${role}`, role)),
      { code },
      `${role} of ${tenant}`,
    );
  }
});
