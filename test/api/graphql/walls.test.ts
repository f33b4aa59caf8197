// Who asks sees by GraphQL what the database lets them see, by whatever field they come to it.
import t from 'tap';
import { registerChannels } from '../../../src/db/delivery_calls.ts';
import { attemptsOf } from '../../support/attempts.ts';
import { createDatabase } from '../../support/database.ts';
import { channelOf, deliveriesOf } from '../../support/deliveries.ts';
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

// It ends, and is in her inbox; another part of it failed; the next ones go to a webhook of hers.
await registerChannels(database.pool, [channelOf('web', { isOrdered: false })]);
await attemptsOf(database).attempt(run, { output: 'done' });
await deliveriesOf(database).sendAll(['web']);
const { mapping, failed } = await database.row<{ mapping: string; failed: string }>(
  `insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, status, failure_reason, output_hash, created_at, finished_at)
   select chime_private.new_id(now()), tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, 2, 'failed', 'x', '', now(), now() from chime.deliveries
   returning channel_mapping_id as mapping, id as failed`,
);
const { data: hooked } = await ask(
  'mutation { createWebhook(input: { url: "https://example.com/", secret: null }) { webhook { id } } }',
  {},
  tokens.ann,
);
const webhook = hooked.createWebhook.webhook.id;
await ask(
  'mutation ($id: UUID!, $webhook: UUID!) { updateSchedule(input: { scheduleId: $id, patch: { channelMappingId: $webhook } }) { schedule { id } } }',
  { id, webhook },
  tokens.ann,
);

/** What is on its way to her, by each field that leads there. */
const deliveries = `query ($run: UUID!, $failed: UUID!, $mapping: UUID!, $webhook: UUID!, $ann: UUID!) {
  delivery(id: $failed) { id } deliveries { nodes { id } } run(id: $run) { deliveries { nodes { id } } }
  inbox(ownerId: $ann) { nodes { id } } undeliveredItem(id: $failed) { id } undeliveredItems { nodes { id } }
  channelMapping(id: $mapping) { id } channelMappings { nodes { id } } user(id: $ann) { channelMappings { nodes { id } } }
  webhook(id: $webhook) { id } webhooks { nodes { id } } searchSchedules(channelId: "webhook") { nodes { id } }
}`;

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

t.test('what is on its way to somebody is seen by nobody else', async (t) => {
  const variables = { run, failed, mapping, webhook, ann };
  const { data, errors } = await ask(deliveries, variables, tokens.ann);
  t.equal(errors, undefined);
  t.equal(count(data), 16, JSON.stringify(data));
  for (const token of [tokens.admin, tokens.reporter])
    t.equal(count((await ask(deliveries, variables, token)).data), 16);
  for (const token of [tokens.bob, tokens.stranger]) {
    const answer = await ask(deliveries, variables, token);
    t.equal(answer.errors, undefined);
    t.equal(count(answer.data), 0, JSON.stringify(answer.data));
  }
  for (const token of [tokens.bob, tokens.stranger, tokens.reporter]) {
    for (const [mutation, expected] of [
      ['retryDelivery(input: { deliveryId: $failed }) { delivery { id } }', 'DELIVERY_NOT_FOUND'],
      ['blockMapping(input: { mappingId: $mapping }) { channelMapping { id } }', 'CHANNEL_MAPPING_NOT_FOUND'],
      [
        'resumeMapping(input: { mappingId: $mapping }) { channelMapping { id } }',
        'CHANNEL_MAPPING_NOT_FOUND',
      ],
      ['setQuietHours(input: { userId: $ann }) { user { id } }', 'USER_NOT_FOUND'],
    ] as const) {
      const variable = /\$\w+/.exec(mutation)?.[0];
      const { errors } = await ask(`mutation (${variable}: UUID!) { ${mutation} }`, variables, token);
      t.equal(errors?.[0]?.extensions?.code, token === tokens.reporter ? 'NOT_ALLOWED' : expected, mutation);
    }
  }
  const read = 'mutation ($failed: UUID!) { markInboxRead(input: { deliveryIds: [$failed] }) { readCount } }';
  t.equal((await ask(read, variables, tokens.bob)).data.markInboxRead.readCount, 0);
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
