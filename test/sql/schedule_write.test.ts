// Creating and changing schedules.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');

interface Created {
  id: string;
  outcome: string;
  revision: number;
  next_run_at: Date | null;
}

const create = (fields: string) => database.row<Created>(`select * from chime.create_schedule(${fields})`);
const stored = (id: string) => database.row('select * from chime.schedules where id = $1', [id]);

t.test('a rule of each kind', async (test) => {
  const cron = await create("task => 'noop', cron => '30 8 * * 1-5', timezone => 'Europe/Berlin'");
  test.hasStrict(cron, { outcome: 'created', revision: 1, next_run_at: new Date('2026-03-02T07:30:00Z') });
  const every = await create("task => 'noop', every => '15 minutes'");
  test.strictSame(every.next_run_at, new Date('2026-03-01T12:15:00Z'), 'an interval counts from now');
  const anchored = await create("task => 'noop', every => '1 hour', anchor => '2026-03-01 13:30Z'");
  test.strictSame(
    anchored.next_run_at,
    new Date('2026-03-01T13:30:00Z'),
    'an anchor to come is the first fire',
  );
  const wall = await create("task => 'noop', at => '2026-07-01 09:00', timezone => 'America/New_York'");
  test.strictSame(
    wall.next_run_at,
    new Date('2026-07-01T13:00:00Z'),
    'a wall-clock time is read in the zone',
  );
  const literal = await create(
    "task => 'noop', at => '2026-07-01T09:00:00+02:00', timezone => 'America/New_York'",
  );
  test.strictSame(
    literal.next_run_at,
    new Date('2026-07-01T07:00:00Z'),
    'an instant is one whatever the zone',
  );
  const expression = await create("task => 'noop', at => chime.now() + interval '90 minutes'");
  test.strictSame(expression.next_run_at, new Date('2026-03-01T13:30:00Z'), 'an expression is an instant');
});

t.test('names and defaults', async (test) => {
  const { id } = await create("task => 'noop', cron => '@daily', key => 'k1', timezone => 'europe/berlin'");
  test.hasStrict(await stored(id), {
    name: 'k1',
    timezone: 'Europe/Berlin',
    payload: {},
    dst_gap: 'next',
    dst_fold: 'first',
    catch_up: 'latest',
    overlap: 'skip',
    max_retries: 3,
    retry_backoff: 'exponential',
    status: 'active',
    run_count: 0,
  });
});

t.test('the longest wait before a retry', async (test) => {
  const longest = async (fields: string) => {
    const { id } = await create(`task => 'noop', cron => '@daily', ${fields}`);
    return (await database.row('select retry_max_delay::text as d from chime.schedules where id = $1', [id]))
      .d;
  };
  test.equal(await longest("name => 'a'"), '01:00:00');
  test.equal(await longest("retry_delay => '90 minutes'"), '01:30:00', 'never less than the first one');
  test.equal(await longest("retry_delay => '90 minutes', retry_max_delay => '5 hours'"), '05:00:00');
});

t.test('creating again by key', async (test) => {
  const definition = "task => 'noop', every => '10 minutes', key => 'again', payload => '{\"n\": 1}'";
  const first = await create(definition);
  await now.advance('3 minutes');
  const second = await create(definition);
  test.hasStrict(second, { id: first.id, outcome: 'unchanged', revision: 1 });
  test.strictSame(second.next_run_at, first.next_run_at, 'the interval does not start anew');
  const third = await create(definition.replace('"n": 1', '"n": 2'));
  test.hasStrict(third, { id: first.id, outcome: 'changed', revision: 2 });
  test.strictSame(third.next_run_at, first.next_run_at, 'another payload does not move the next fire');
  const day = await create("task => 'noop', every => '1 day', key => 'day'");
  const hours = await create("task => 'noop', every => '24 hours', key => 'day'");
  test.hasStrict([day.outcome, hours.outcome], ['created', 'changed'], '1 day and 24 hours are not the same');
});

t.test('the key belongs to the tenant and to the living', async (test) => {
  const first = await create("task => 'noop', cron => '@daily', key => 'mine'");
  await database.rows('select chime.cancel_schedule($1)', [first.id]);
  const second = await create("task => 'noop', cron => '@daily', key => 'mine'");
  test.equal(second.outcome, 'created');
  test.not(second.id, first.id, 'a cancelled schedule gives its key back');
  const other = '00000000-0000-0000-0000-000000000002';
  await database.rows("insert into chime.tenants (id, name) values ($1, 'other')", [other]);
  const client = await database.connect(test);
  await client.query("select set_config('chime.tenant_id', $1, false)", [other]);
  const { rows } = await client.query(
    "select * from chime.create_schedule(task => 'noop', cron => '@daily', key => 'mine')",
  );
  test.equal(rows[0].outcome, 'created', 'another tenant may use it too');
  await test.rejects(
    client.query('select chime.pause_schedule($1)', [second.id]),
    { code: 'CH010' },
    'and cannot reach ours',
  );
});

t.test("it is part of the caller's transaction", async (test) => {
  const client = await database.connect(test);
  await client.query('begin');
  const { rows } = await client.query(
    "select id from chime.create_schedule(task => 'noop', cron => '@daily', key => 'rolled back')",
  );
  await client.query('rollback');
  test.strictSame(await database.rows('select id from chime.schedules where id = $1', [rows[0].id]), []);
});

t.test('eight callers with one key make one schedule', async (test) => {
  const outcomes = await Promise.all(
    Array.from(
      { length: 8 },
      async () => (await create("task => 'noop', cron => '5 5 * * *', key => 'race'")).outcome,
    ),
  );
  test.strictSame(outcomes.sort(), ['created', ...Array(7).fill('unchanged')]);
});

t.test('what is wrong is refused', async (test) => {
  const cases: [string, string, RegExp][] = [
    ["task => 'noop', cron => '0 25 * * *'", 'CH001', /hour 25 is not between 0 and 23 \(position 3\)/],
    ["task => 'noop', cron => '0 0 30 2 *'", 'CH002', /never fires/],
    ["task => 'noop', cron => '@daily', timezone => 'Mars/Olympus'", 'CH003', /no time zone "Mars\/Olympus"/],
    ["task => 'noop', at => '2026-02-01 09:00'", 'CH004', /in the past/],
    ["task => 'noop', cron => '@daily', ends_at => '2026-02-01Z'", 'CH004', /ends_at/],
    ["task => 'noop', cron => '0 0 1 1 *', ends_at => '2026-06-01Z'", 'CH002', /no fire within its bounds/],
    ["task => 'No Such', cron => '@daily'", 'CH005', /not a task name/],
    ["task => null, cron => '@daily'", 'CH005', /task is missing/],
    ["task => 'noop', cron => '@daily', key => ''", 'CH007', /^key must have 1 to 200 characters/],
    ["task => 'noop', cron => '@daily', name => ''", 'CH007', /^name must have 1 to 200 characters/],
    ["task => 'noop', cron => '@daily', max_runs => 0", 'CH007', /max_runs/],
    ["task => 'noop', cron => '@daily', jitter => '2 days'", 'CH007', /jitter/],
    ["task => 'noop', cron => '@daily', catch_up_window => '1 second'", 'CH007', /catch_up_window/],
    ["task => 'noop', cron => '@daily', max_retries => -1", 'CH007', /max_retries must be between 0 and 100/],
    ["task => 'noop', cron => '@daily', max_retries => 101", 'CH007', /max_retries/],
    [
      "task => 'noop', cron => '@daily', retry_delay => '-1 second'",
      'CH007',
      /retry_delay must be between 0/,
    ],
    ["task => 'noop', cron => '@daily', retry_delay => '366 days'", 'CH007', /retry_delay/],
    [
      "task => 'noop', cron => '@daily', retry_max_delay => '59 seconds'",
      'CH007',
      /^retry_max_delay .*00:01:00/,
    ],
    ["task => 'noop', cron => '@daily', retry_max_delay => '366 days'", 'CH007', /retry_max_delay/],
    ["task => 'noop', cron => '@daily', timeout => '0'", 'CH007', /timeout must be more than 0 and at most/],
    ["task => 'noop', cron => '@daily', timeout => '366 days'", 'CH007', /timeout/],
    [
      "task => 'noop', cron => '@daily', starts_at => '2027-01-01Z', ends_at => '2026-12-31Z'",
      'CH007',
      /ends_at is earlier/,
    ],
    ["task => 'noop', cron => '@daily', every => '1 hour'", 'CH001', /more than one rule/],
    ["task => 'noop'", 'CH001', /rule is missing/],
    [
      "task => 'noop', at => '2026-03-29 02:30', timezone => 'Europe/Berlin', dst_gap => 'skip'",
      'CH002',
      /does not exist/,
    ],
  ];
  for (const [fields, code, message] of cases) {
    test.match(
      await database.error(`select * from chime.create_schedule(${fields})`),
      { code, message },
      fields,
    );
  }
});

t.test('tasks and payloads that workers have registered', async (test) => {
  const registered = await createDatabase(test);
  const schema = {
    type: 'object',
    properties: { text: { type: 'string', minLength: 1 }, count: { type: 'integer', minimum: 1 } },
    required: ['text'],
    additionalProperties: false,
  };
  await registered.rows('select chime_private.register_worker(gen_random_uuid(), $1, $2, $3)', [
    'test',
    'pool-test',
    JSON.stringify([{ name: 'greet', description: 'greets', payload_schema: schema }]),
  ]);
  const attempt = (payload: unknown, task = 'greet') =>
    registered.error('select * from chime.create_schedule(task => $1, cron => $2, payload => $3)', [
      task,
      '@daily',
      JSON.stringify(payload),
    ]);
  test.match(await attempt({ text: 'x' }, 'gret'), {
    code: 'CH005',
    message: /no task "gret"/,
    hint: /greet/,
  });
  test.match(await attempt({}), { code: 'CH006', message: /payload\.text is missing/ });
  test.match(await attempt({ text: 5 }), { code: 'CH006', message: /payload\.text must be of type string/ });
  test.match(await attempt({ text: 'x', count: 0 }), {
    code: 'CH006',
    message: /payload\.count must be 1 or more/,
  });
  test.match(await attempt({ text: 'x', more: 1 }), { code: 'CH006', message: /payload\.more is not known/ });
  test.match(await attempt({ text: 'x'.repeat(1_100_000) }), { code: 'CH006', message: /at most 1 MB/ });
  const { id } = await registered.row<{ id: string }>(
    `select id from chime.create_schedule(task => 'greet', cron => '@daily', payload => '{"text": "hi", "count": 2}')`,
  );
  const error = await registered.error('select chime.update_schedule($1, $2)', [
    id,
    JSON.stringify({ payload: { count: 1 } }),
  ]);
  test.match(error, { code: 'CH006' }, 'an update is checked like a creation');
  test.match(await registered.error('select chime.run_now($1, $2)', [id, '{"text": ""}']), { code: 'CH006' });
});

t.test('a second that begins while a schedule is written does not make it fire', async (test) => {
  const passing = await createDatabase();
  await passing.pool.query(`
    create sequence chime_private.readings;
    grant usage on sequence chime_private.readings to public;
    create or replace function chime.now() returns timestamptz language sql volatile security definer set search_path = pg_catalog
      as $$ select timestamptz '2026-03-01 12:00:00Z' + nextval('chime_private.readings') * interval '500 milliseconds' $$`);
  for (const rule of ["every => '1 hour'", "rrule => 'FREQ=HOURLY'", 'rules => \'[{"every": "1 hour"}]\'']) {
    const waits = await passing.value(
      `select next_run_at > chime.now() + interval '59 minutes' from chime.create_schedule(task => 'noop', ${rule})`,
    );
    test.equal(waits, true, rule);
  }
});
