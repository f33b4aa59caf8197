// Who asks sees by GraphQL what the database lets them see, by whatever field they come to it.
import t from 'tap';
import { createDatabase } from '../../support/database.ts';
import { defaultTenant, startGraphql, tokenOf } from '../../support/graphql.ts';

const ann = '00000000-0000-0000-0000-00000000000a';
const bob = '00000000-0000-0000-0000-00000000000b';
const otherTenant = '00000000-0000-0000-0000-0000000000aa';
const database = await createDatabase();
await database.rows(`
  insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now());
  insert into chime.tenants (id, name) values ('${otherTenant}', 'another');
  insert into chime.users (id, tenant_id, subject, created_at, updated_at) values
    ('${ann}', '${defaultTenant}', 'ann', now(), now()), ('${bob}', '${defaultTenant}', 'bob', now(), now())`);
const { ask } = await startGraphql(t, database);
const tokens = {
  ann: tokenOf({ role: 'user', userId: ann, name: 'ann' }),
  bob: tokenOf({ role: 'user', userId: bob, name: 'bob' }),
  admin: tokenOf({ name: 'admin' }),
  stranger: tokenOf({ tenantId: otherTenant, name: 'stranger' }),
  reporter: tokenOf({ role: 'reporter', name: 'reporter' }),
};

const { data: made } = await ask(
  `mutation { createSchedule(input: { task: "noop", cron: "0 9 1 1 *", name: "Ann's", key: "a", tags: ["mine"] }) { schedule { id owner { id subject } } } }`,
  {},
  tokens.ann,
);
const { id } = made.createSchedule.schedule;
const { data: ran } = await ask(
  'mutation ($id: UUID!) { runNow(input: { scheduleId: $id }) { run { id } } }',
  { id },
  tokens.ann,
);
const run = ran.runNow.run.id;

const everything = `query ($id: UUID!, $run: UUID!) {
  schedule(id: $id) { id } run(id: $run) { id }
  schedules { nodes { id } } searchSchedules(text: "ann") { nodes { id } } tagged: searchSchedules(tag: "mine") { nodes { id } }
  runs { nodes { id } } searchRuns(scheduleId: $id) { nodes { id } } byTag: searchRuns(tag: "mine") { nodes { id } }
  upcomingFires { nodes { scheduleId } } users { nodes { id } }
}`;
/** How many rows there are in all of an answer. */
const count = (value: unknown): number => {
  if (Array.isArray(value)) return value.length;
  if (value === null || typeof value !== 'object') return 0;
  return 'id' in value ? 1 : Object.values(value).reduce((sum: number, inner) => sum + count(inner), 0);
};

t.test('an owner sees what is theirs, and nobody else of the users', async (t) => {
  t.same(made.createSchedule.schedule.owner, { id: ann, subject: 'ann' });
  const { data, errors } = await ask(everything, { id, run }, tokens.ann);
  t.equal(errors, undefined);
  t.equal(count(data), 10, 'each of the ten');
  const { data: bobs } = await ask(everything, { id, run }, tokens.bob);
  t.equal(count(bobs), 1, 'himself');
});

t.test('an administrator sees the tenant, and not another', async (t) => {
  const { data } = await ask(everything, { id, run }, tokens.admin);
  t.equal(count(data), 11);
  t.equal(count((await ask(everything, { id, run }, tokens.stranger)).data), 0);
});

t.test('nobody changes what they do not see', async (t) => {
  for (const token of [tokens.bob, tokens.stranger, tokens.reporter]) {
    for (const [mutation, expected] of [
      ['pauseSchedule(input: { scheduleId: $id }) { schedule { id } }', /SCHEDULE_NOT_FOUND|NOT_ALLOWED/],
      ['skipNext(input: { scheduleId: $id }) { schedule { id } }', /SCHEDULE_NOT_FOUND|NOT_ALLOWED/],
      ['runNow(input: { scheduleId: $id }) { run { id } }', /SCHEDULE_NOT_FOUND|NOT_ALLOWED/],
    ] as const) {
      const { data, errors } = await ask(`mutation ($id: UUID!) { ${mutation} }`, { id }, token);
      t.match(errors?.[0]?.extensions?.code, expected, mutation);
      t.same(Object.values(data), [null]);
    }
    const { errors } = await ask(
      'mutation ($run: UUID!) { cancelRun(input: { runId: $run }) { run { id } } }',
      { run },
      token,
    );
    t.match(errors?.[0]?.extensions?.code, /RUN_NOT_FOUND|NOT_ALLOWED/);
  }
  t.equal(
    (await ask('query ($id: UUID!) { schedule(id: $id) { status } }', { id }, tokens.ann)).data.schedule
      .status,
    'ACTIVE',
  );
});

t.test('who does something is on record', async (t) => {
  await ask(
    'mutation ($id: UUID!) { pauseSchedule(input: { scheduleId: $id }) { schedule { id } } }',
    { id },
    tokens.admin,
  );
  const { data } = await ask(
    'query ($id: UUID!) { schedule(id: $id) { pausedBy revisions(first: 1) { nodes { action actor surface } } } }',
    { id },
    tokens.ann,
  );
  t.match(data.schedule, {
    pausedBy: 'admin',
    revisions: { nodes: [{ action: 'PAUSED', actor: 'admin', surface: 'graphql' }] },
  });
});
