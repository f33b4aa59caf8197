// The walls between tenants and between users, in every table, view and function that there is: what is new and not named here fails.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import type { Identity } from '../../src/api/identity.ts';
import { createDatabase } from '../support/database.ts';
import { as } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { makeTenants } from '../support/tenants.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-02 00:00Z');
const makers = await makeTenants(database);
await now.advance('2 hours');

const identityOf = (name: string) => makers[name]?.identity as Identity;
const ofA = ['ann', 'bob', 'tenant_a'];
const ofB = ['tenant_b', 'zoe'];

/** Who looks, and whose marks it may find: of what people own, of what all of a tenant may know. */
const readers: Record<string, { identity: Identity; own: string[]; tenant: string[] }> = {
  ann: { identity: identityOf('ann'), own: ['ann'], tenant: ['tenant_a'] },
  bob: { identity: identityOf('bob'), own: ['bob'], tenant: ['tenant_a'] },
  zoe: { identity: identityOf('zoe'), own: ['zoe'], tenant: ['tenant_b'] },
  'administrator of A': { identity: identityOf('tenant_a'), own: ofA, tenant: ['tenant_a'] },
  'administrator of B': { identity: identityOf('tenant_b'), own: ofB, tenant: ['tenant_b'] },
  'reporter of A': {
    identity: { ...identityOf('tenant_a'), role: 'reporter' },
    own: ofA,
    tenant: ['tenant_a'],
  },
  'reporter of B': {
    identity: { ...identityOf('tenant_b'), role: 'reporter' },
    own: ofB,
    tenant: ['tenant_b'],
  },
  nobody: { identity: { ...identityOf('ann'), userId: null }, own: [], tenant: ['tenant_a'] },
  'Ann in another tenant': {
    identity: { ...identityOf('ann'), tenantId: identityOf('zoe').tenantId },
    own: [],
    tenant: ['tenant_b'],
  },
  'somebody of no tenant': {
    identity: { ...identityOf('tenant_a'), tenantId: randomUUID() },
    own: [],
    tenant: [],
  },
};

type Kind = 'owned' | 'of the tenant' | 'of all';

/** By relation: whose rows it has, the mark of whoever made one, and roles that may not read it at all. */
const relations: Record<string, { kind: Kind; mark: string; closed?: string[] }> = {
  tenants: { kind: 'of the tenant', mark: 'name' },
  users: { kind: 'owned', mark: 'subject' },
  api_tokens: { kind: 'owned', mark: 'name', closed: ['reporter'] },
  calendar_feeds: { kind: 'owned', mark: 'name', closed: ['reporter'] },
  schedules: { kind: 'owned', mark: 'task' },
  schedule_revisions: { kind: 'owned', mark: "after ->> 'task'" },
  schedule_totals: { kind: 'owned', mark: '(select s.task from chime.schedules s where s.id = schedule_id)' },
  runs: { kind: 'owned', mark: 'task' },
  run_attempts: { kind: 'owned', mark: 'error' },
  run_logs: { kind: 'owned', mark: 'message' },
  run_hours: { kind: 'owned', mark: 'task', closed: ['user'] },
  late_ends: { kind: 'owned', mark: 'task' },
  events: { kind: 'owned', mark: "split_part(name, '.', 1)" },
  event_handlers: { kind: 'owned', mark: 'task' },
  channel_mappings: { kind: 'owned', mark: 'session_id' },
  deliveries: { kind: 'owned', mark: '(select r.task from chime.runs r where r.id = run_id)' },
  webhooks: { kind: 'owned', mark: 'description' },
  follow_ups: { kind: 'owned', mark: 'reason' },
  check_ins: { kind: 'owned', mark: '(select u.subject from chime.users u where u.id = user_id)' },
  scheduled_messages: {
    kind: 'owned',
    mark: '(select s.task from chime.schedules s where s.id = schedule_id)',
  },
  meetings: { kind: 'owned', mark: 'title' },
  meeting_reminders: {
    kind: 'owned',
    mark: '(select s.name from chime.schedules s where s.id = schedule_id)',
  },
  inbox: { kind: 'owned', mark: 'task' },
  undelivered: { kind: 'owned', mark: 'schedule_name' },
  calendars: { kind: 'of the tenant', mark: 'name' },
  tenant_settings: {
    kind: 'of the tenant',
    mark: '(select t.name from chime.tenants t where t.id = tenant_id)',
  },
  concurrency_limits: { kind: 'of the tenant', mark: 'key' },
  tasks: { kind: 'of all', mark: 'name' },
  statistics_progress: { kind: 'of all', mark: 'only_row' },
  failing: { kind: 'owned', mark: 'task' },
  late: { kind: 'owned', mark: 'name' },
  queue_depth: { kind: 'owned', mark: 'task' },
  run_stats: { kind: 'owned', mark: 'task', closed: ['user'] },
  unfinished_runs: { kind: 'owned', mark: 'task' },
  unsuccessful_runs: { kind: 'owned', mark: 'task' },
  schedule_health: { kind: 'owned', mark: 'task' },
  upcoming: { kind: 'owned', mark: 'task' },
  worker_status: { kind: 'of all', mark: 'tasks[1]', closed: ['user'] },
};

const marksIn = (relation: string) =>
  `select coalesce(array_agg(distinct mark order by mark), '{}') as marks
   from (select (${relations[relation]?.mark})::text as mark from chime.${relation}) x`;

t.test('every table and view, read by everybody', async (test) => {
  const there = await database.rows<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'chime'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f') order by 1",
  );
  test.strictSame(
    there.map(({ name }) => name),
    Object.keys(relations).sort(),
    'each is named here',
  );
  for (const [name, { kind, closed = [] }] of Object.entries(relations)) {
    const all = await database.value<string[]>(marksIn(name));
    // Without this, a table that nobody has anything in would pass.
    if (kind !== 'of all')
      test.strictSame(all, kind === 'owned' ? [...ofA, ...ofB].sort() : ['tenant_a', 'tenant_b'], name);
    for (const [reader, { identity, own, tenant }] of Object.entries(readers)) {
      const reading = as<{ marks: string[] }>(database, identity, marksIn(name));
      if (closed.includes(identity.role)) {
        await test.rejects(reading, { code: '42501' }, `${name}: ${reader}`);
        continue;
      }
      const expected = { owned: own, 'of the tenant': tenant, 'of all': all }[kind];
      test.strictSame((await reading)[0]?.marks, expected, `${name}: ${reader}`);
    }
  }
});

t.test('secrets are read by nobody', async (test) => {
  for (const [reader, { identity }] of Object.entries(readers))
    await test.rejects(
      as(database, identity, 'select hash from chime.api_tokens'),
      { code: '42501' },
      reader,
    );
  for (const [reader, { identity }] of Object.entries(readers))
    await test.rejects(
      as(database, identity, 'select hash from chime.calendar_feeds'),
      { code: '42501' },
      reader,
    );
  await test.rejects(as(database, identityOf('tenant_a'), 'select * from chime_private.settings'), {
    code: '42501',
  });
});

/** Everything that there is, as one number. */
const state = () =>
  database.value<string>(
    `select md5(string_agg(x::text, '' order by c.relname)) from pg_class c,
       lateral query_to_xml('select * from chime.' || c.relname || ' t order by t::text', true, true, '') x
     where c.relnamespace = 'chime'::regnamespace and c.relkind in ('r', 'p')`,
  );

interface Called {
  name: string;
  args: { name: string; type: string; optional: boolean }[];
}

/** The functions of chime that take an id first, and those that take a reference. */
const functions = await database.rows<Called>(
  `select p.proname as name, (
     select jsonb_agg(jsonb_build_object('name', p.proargnames[n], 'type', format_type(p.proargtypes[n - 1], null),
         'optional', n > p.pronargs - p.pronargdefaults) order by n)
     from generate_series(1, p.pronargs) n) as args
   from pg_proc p where p.pronamespace = 'chime'::regnamespace and p.prokind = 'f' and p.pronargs > 0
     and (p.proargtypes[0] = 'uuid'::regtype or p.proname like 'find\\_%')
   order by 1`,
);

const idOf: Record<string, (left: NonNullable<(typeof makers)[string]>['left']) => string[]> = {
  schedule_id: (left) => [left.schedule],
  run_id: (left) => [left.queued, left.failed],
  handler_id: (left) => [left.handler],
  mapping_id: (left) => [left.mapping, left.webhook],
  delivery_id: (left) => left.deliveries,
  user_id: (left) => [left.user],
  token_id: (left) => [left.token],
  meeting_id: (left) => [left.meeting],
  feed_id: (left) => [left.feed],
};
const references: Record<
  string,
  (left: NonNullable<(typeof makers)[string]>['left'], name: string) => string[]
> = {
  find_schedule: (left, name) => [left.schedule, name],
  find_run: (left) => [left.queued, left.failed, left.queued.slice(0, 18)],
  find_event_handler: (left, name) => [left.handler, name],
  find_meeting: (left, name) => [left.meeting, name],
};
const literal: Record<string, string> = {
  jsonb: `'{"name": "stolen"}'`,
  'timestamp with time zone': "'2026-03-01 00:00Z'",
};

/** What a call ends in: an error, without the id it names, or how many rows. */
async function outcome(identity: Identity, { name, args }: Called, reference: string): Promise<string> {
  const others = args
    .slice(1)
    .filter((arg) => !arg.optional)
    .map((arg) => `, ${arg.name} => ${literal[arg.type] ?? `'x'`}`);
  // No plan that was made for one role serves another.
  const call = `select count(*)::integer as count from chime.${name}(${args[0]?.name} => $1${others.join('')})`;
  try {
    const [row] = await as<{ count: number }>(database, identity, call, [reference]);
    return `${row?.count} rows`;
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return `${code} ${message.replace(reference, '...')}`;
  }
}

t.test('every function that takes an id, called with that of another', async (test) => {
  const before = await state();
  test.ok(functions.length >= 22);
  // What looks for something finds nothing, and refuses nothing.
  const looking = ['schedule_stats', 'search_runs'];
  let refused = 0;
  for (const called of functions) {
    const idsOf = references[called.name] ?? idOf[called.args[0]?.name as string];
    if (idsOf === undefined) {
      test.fail(`${called.name} takes an id of a kind that is not named here`);
      continue;
    }
    for (const [reader, { identity, own }] of Object.entries(readers)) {
      if (identity.role === 'reporter' && !looking.includes(called.name)) continue;
      const missing = await outcome(identity, called, randomUUID());
      test.match(
        missing,
        looking.includes(called.name) ? /^0 rows$/ : /^CH0(1[0145789]|2[34]|42) /,
        `${called.name}: ${reader}: ${missing}`,
      );
      const theirs = Object.entries(makers).filter(([name]) => !own.includes(name));
      for (const [name, { left }] of theirs) {
        for (const id of idsOf(left, name)) {
          const found = await outcome(identity, called, id);
          test.equal(found, missing, `${called.name}: ${reader} with what is ${name}'s`);
          refused++;
        }
      }
    }
  }
  test.ok(refused > 400, `${refused} calls`);
  test.equal(await state(), before, 'nothing has changed');
});

t.test('a key that somebody else has is taken, and that is all one learns', async (test) => {
  const before = await state();
  const schedule = "select chime.create_schedule(task => 'ann', key => $1, cron => '@daily')";
  const handler = "select chime.create_event_handler(event => 'x', task => 'ann', key => $1)";
  for (const call of [schedule, handler])
    await test.rejects(as(database, identityOf('ann'), call, ['bob']), {
      code: 'CH007',
      message: /^Another (schedule|event handler) has the key "bob"\.$/,
      detail: '{"field": "key"}',
    });
  const ann = makers.ann?.left;
  for (const [call, id] of [
    ['update_schedule', ann?.schedule],
    ['update_event_handler', ann?.handler],
  ])
    await test.rejects(
      as(database, identityOf('ann'), `select chime.${call}($1, '{"key": "tenant_a"}')`, [id]),
      { code: 'CH007', message: /has the key "tenant_a"/ },
    );
  test.equal(await state(), before);
  await as(database, identityOf('zoe'), schedule, ['bob']);
  test.equal(
    await database.value("select count(*)::integer from chime.schedules where key = 'bob'"),
    2,
    'one for each tenant',
  );
});

t.test(
  'what concerns all of a tenant is changed by administrators, what concerns all tenants by those of the first',
  async (test) => {
    const tenantWide = [
      "chime.set_calendar('tenant_a', '{}')",
      "chime.delete_calendar('tenant_a')",
      "chime.set_concurrency_limit('x', 1)",
      "chime.delete_concurrency_limit('tenant_a')",
      "chime.create_api_token('x', 'admin')",
    ];
    const ofAll = [
      "chime.set_retention('1 day')",
      'chime.realign_schedules()',
      "chime.create_tenant('x')",
      "chime.map_reporter('chime_reporter', 'tenant_b')",
      "chime.unmap_reporter('x')",
    ];
    const before = await state();
    for (const call of [...tenantWide, ...ofAll])
      await test.rejects(
        as(database, identityOf('ann'), `select ${call}`),
        { code: 'CH042' },
        `a user: ${call}`,
      );
    for (const call of ofAll)
      await test.rejects(
        as(database, identityOf('tenant_b'), `select ${call}`),
        { code: 'CH042' },
        `another's: ${call}`,
      );
    test.equal(await state(), before);
    await as(
      database,
      identityOf('tenant_a'),
      "select chime.set_retention('90 days'), chime.set_calendar('tenant_a', '{}')",
    );
  },
);

t.test('names that look like SQL are names', async (test) => {
  const hostile = `'; drop table chime.runs; -- " \\ $$ %s {{x}} ${"'".repeat(3)}`;
  const ann = identityOf('ann');
  const [made] = await as<{ id: string }>(
    database,
    ann,
    "select id from chime.create_schedule(task => 'ann', name => $1, key => $1, description => $1, tags => array[$1], cron => '@daily')",
    [hostile.slice(0, 50)],
  );
  const [found] = await as<{ id: string }>(database, ann, 'select id from chime.find_schedule($1)', [
    hostile.slice(0, 50),
  ]);
  test.equal(found?.id, made?.id);
  for (const call of ['find_schedule', 'find_run', 'find_event_handler'])
    await test.rejects(
      as(database, ann, `select chime.${call}($1)`, [`x' or '1'='1`]),
      { code: /^CH01[014]$/ },
      call,
    );
  const admin = identityOf('tenant_a');
  await as(database, admin, 'select chime.set_calendar($1, $2), chime.set_concurrency_limit($1, 1)', [
    hostile,
    ['2026-12-25'],
  ]);
  await as(
    database,
    ann,
    "select chime.update_schedule($1, jsonb_build_object('only_on', jsonb_build_array($2::text)))",
    [made?.id, hostile],
  );
  await test.rejects(
    as(database, ann, 'select chime.update_schedule($1, jsonb_build_object($2::text, 1))', [
      made?.id,
      hostile,
    ]),
    { code: 'CH007' },
  );
  const other = await database.row<{ user_id: string }>(
    'select * from chime_private.sign_in($1, $2, $3, $2)',
    ['tenant_a', hostile, 'user'],
  );
  test.strictSame(
    await as(database, admin, 'select subject from chime.users where id = $1', [other.user_id]),
    [{ subject: hostile }],
  );
  test.ok(await database.value<boolean>('select count(*) > 0 from chime.runs'));
});
