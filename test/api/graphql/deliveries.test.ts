// Where output goes, and what became of it, by GraphQL.
import t from 'tap';
import { SecretBox } from '../../../src/net/secret_box.ts';
import { createDatabase } from '../../support/database.ts';
import { channelOf, deliveriesOf } from '../../support/deliveries.ts';
import { startGraphql, tokenOf } from '../../support/graphql.ts';
import { defaultTenant, person } from '../../support/identities.ts';

const database = await createDatabase();
const { register, claim, report, scheduleTo, end, scheduleOf, sendAll } = deliveriesOf(database);
await register(
  channelOf('telegram'),
  channelOf('web', { isOrdered: false }),
  channelOf('terminal', { isOpen: true }),
);
const secrets = new SecretBox(Buffer.alloc(32, 7).toString('base64'));
const { ask } = await startGraphql(t, database, { secrets });
const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => person(database, defaultTenant, name)));
if (ann === undefined || bob === undefined) throw new Error('nobody');
const tokens = { ann: tokenOf(ann), bob: tokenOf(bob) };

const map = async (context: string) => {
  const { data, errors } = await ask(
    'mutation ($context: String!) { mapChannel(input: { channelId: "telegram", channelContextId: $context }) { channelMapping { id status } } }',
    { context },
  );
  t.equal(errors, undefined);
  return data.mapChannel.channelMapping.id as string;
};

t.test('a message, from the schedule to what its channel said', async (test) => {
  const mapping = await map('100');
  const schedule = await scheduleTo(mapping);
  const run = await end(schedule, { output: 'the report' });
  const { messages } = await claim(['telegram']);
  await report(messages, { outcome: 'refused', reason: 'chat not found' });
  const deliveryFields =
    'id status channelId failureReason part undelivered { state reason } channelMapping { id channelContextId }';
  const { data, errors } = await ask(
    `query ($schedule: UUID!, $run: UUID!) {
      schedule(id: $schedule) { deliver channelMapping { id channelId schedules { nodes { id } } } }
      run(id: $run) { channelMapping { id } deliveries { nodes { ${deliveryFields} } } }
      undeliveredItems { nodes { state reason delivery { run { id } schedule { id } } } }
      deliveries { nodes { run { outputSummary } } }
      channelMappings { nodes { id } }
    }`,
    { schedule, run },
  );
  test.equal(errors, undefined);
  const [delivery] = data.run.deliveries.nodes;
  test.match(data, {
    schedule: {
      deliver: 'ALWAYS',
      channelMapping: { id: mapping, channelId: 'telegram', schedules: { nodes: [{ id: schedule }] } },
    },
    run: { channelMapping: { id: mapping } },
    undeliveredItems: {
      nodes: [
        {
          state: 'FAILED',
          reason: 'chat not found',
          delivery: { run: { id: run }, schedule: { id: schedule } },
        },
      ],
    },
    deliveries: { nodes: [{ run: { outputSummary: 'the report' } }] },
  });
  test.match(delivery, {
    ...{ status: 'FAILED', channelId: 'telegram', failureReason: 'chat not found', part: 1 },
    ...{ undelivered: { state: 'FAILED' }, channelMapping: { id: mapping, channelContextId: '100' } },
  });
  test.match(
    data.channelMappings.nodes.map(({ id }: { id: string }) => id),
    [mapping],
  );

  const retry =
    'mutation ($id: UUID!) { retryDelivery(input: { deliveryId: $id }) { delivery { status urgent } query { undeliveredItems { nodes { state } } } } }';
  test.same((await ask(retry, { id: delivery.id })).data.retryDelivery, {
    delivery: { status: 'PENDING', urgent: true },
    query: { undeliveredItems: { nodes: [{ state: 'WAITING' }] } },
  });
  await sendAll(['telegram'], { outcome: 'sent', externalId: 'm7' });
  const { data: after } = await ask(
    'query ($id: UUID!) { delivery(id: $id) { status externalId undelivered { state } } }',
    { id: delivery.id },
  );
  test.same(after.delivery, { status: 'SENT', externalId: 'm7', undelivered: null });
  test.match((await ask(retry, { id: delivery.id })).errors?.[0]?.extensions, { code: 'ILLEGAL_STATE' });
  test.match((await ask(retry, { id: schedule })).errors?.[0]?.extensions, { code: 'DELIVERY_NOT_FOUND' });
});

t.test('mappings are blocked, resumed, and follow their session', async (test) => {
  const mapping = await map('200');
  const change = (name: string, rest = '') =>
    ask(
      `mutation ($id: UUID!) { ${name}(input: { mappingId: $id${rest} }) { channelMapping { status statusReason } query { channelMapping(id: $id) { status } } } }`,
      { id: mapping },
    );
  test.same((await change('blockMapping', ', reason: "on leave"')).data.blockMapping, {
    channelMapping: { status: 'BLOCKED', statusReason: 'on leave' },
    query: { channelMapping: { status: 'BLOCKED' } },
  });
  test.same((await change('resumeMapping')).data.resumeMapping.channelMapping, {
    status: 'ACTIVE',
    statusReason: null,
  });
  const { data } = await ask(
    'mutation { setSessionChannel(input: { sessionId: "s1", channelId: "telegram", channelContextId: "200" }) { channelMapping { id sessionId } } }',
  );
  test.same(data.setSessionChannel.channelMapping, { id: mapping, sessionId: 's1' });
  const refused = await ask(
    'mutation { mapChannel(input: { channelId: "telegram", channelContextId: "200" }) { channelMapping { id } } }',
    {},
    tokens.ann,
  );
  test.match(refused.errors?.[0]?.extensions, { code: 'NOT_ALLOWED' });
  const own = await ask(
    'mutation { mapChannel(input: { channelId: "terminal", channelContextId: "t1" }) { channelMapping { user { subject } } } }',
    {},
    tokens.ann,
  );
  test.same(own.data.mapChannel.channelMapping, { user: { subject: 'ann' } }, 'a terminal of her own');
});

t.test("the inbox is its owner's, read and unread", async (test) => {
  const schedule = await scheduleOf(ann, "name => 'Digest'");
  for (const output of ['one', 'two', 'three']) {
    await end(schedule, { output });
    await sendAll(['web']);
  }
  const inbox = async (args: string, token?: string) => {
    const { data, errors } = await ask(
      `{ inbox${args} { nodes { id text isRead runStatus schedule { name } } pageInfo { endCursor hasNextPage } } }`,
      {},
      token,
    );
    test.equal(errors, undefined);
    return data.inbox;
  };
  const texts = async (args: string, token?: string) =>
    (await inbox(args, token)).nodes.map(({ text }: { text: string }) => text);
  test.same(await texts('', tokens.ann), ['three', 'two', 'one'], 'the newest first');
  const first = await inbox('(first: 2)', tokens.ann);
  test.match(first.nodes[0], { isRead: false, runStatus: 'SUCCEEDED', schedule: { name: 'Digest' } });
  test.equal(first.pageInfo.hasNextPage, true);
  test.same(await texts(`(first: 2, after: "${first.pageInfo.endCursor}")`, tokens.ann), ['one']);
  const { data } = await ask(
    'mutation ($ids: [UUID!]) { markInboxRead(input: { deliveryIds: $ids }) { readCount } }',
    { ids: [first.nodes[0].id] },
    tokens.ann,
  );
  test.equal(data.markInboxRead.readCount, 1);
  test.same(await texts('(unread: true)', tokens.ann), ['two', 'one']);
  test.same(await texts('(unread: false)', tokens.ann), ['three', 'two', 'one']);
  test.same(await texts('', tokens.bob), []);
  test.same(await texts(`(ownerId: "${ann.userId}")`, tokens.bob), [], 'nobody else');
  test.same(await texts(''), [], 'of nobody in particular');
  test.same(await texts(`(ownerId: "${ann.userId}", unread: true)`), ['two', 'one'], 'but an administrator');
});

t.test('quiet hours', async (test) => {
  const set = (input: string) =>
    ask(
      `mutation { setQuietHours(input: { ${input} }) { user { subject quietFrom quietUntil } } }`,
      {},
      tokens.ann,
    );
  test.same((await set('quietFrom: "22:00", quietUntil: "07:30"')).data.setQuietHours.user, {
    ...{ subject: 'ann', quietFrom: '22:00:00', quietUntil: '07:30:00' },
  });
  test.match((await set('quietFrom: "22:00"')).errors?.[0]?.extensions, { code: 'INVALID_ARGUMENT' });
  test.same((await set('')).data.setQuietHours.user, { subject: 'ann', quietFrom: null, quietUntil: null });
});

t.test('webhooks: the secret is encrypted here, and told once', async (test) => {
  const create = (input: string, token = tokens.ann) =>
    ask(
      `mutation { createWebhook(input: { url: "https://example.com/hook"${input} }) { secret webhook { id isSigned description owner { subject } channelMapping { channelId webhook { url } } } query { webhooks { nodes { id } } } } }`,
      {},
      token,
    );
  const { data, errors } = await create(', description: "reports"');
  test.equal(errors, undefined);
  const { secret, webhook, query } = data.createWebhook;
  test.match(secret, /^whsec_/);
  test.match(webhook, {
    ...{ isSigned: true, description: 'reports', owner: { subject: 'ann' } },
    channelMapping: { channelId: 'webhook', webhook: { url: 'https://example.com/hook' } },
  });
  test.same(query.webhooks.nodes, [{ id: webhook.id }]);
  const sealed = await database.value<Buffer>(
    'select sealed from chime_private.webhook_secrets where webhook_id = $1',
    [webhook.id],
  );
  test.equal(secrets.open(sealed, { tenantId: defaultTenant, rowId: webhook.id }), secret);
  const given = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  test.equal((await create(`, secret: "${given}"`)).data.createWebhook.secret, given);
  test.match((await create(', secret: null')).data.createWebhook, {
    secret: null,
    webhook: { isSigned: false },
  });
  test.match((await create(', secret: "short"')).errors?.[0]?.extensions, { code: 'INVALID_ARGUMENT' });
  test.match((await create('', tokenOf({ role: 'reporter' }))).errors?.[0]?.extensions, {
    code: 'NOT_ALLOWED',
  });
  test.equal((await ask('{ webhooks { nodes { id } } }', {}, tokens.bob)).data.webhooks.nodes.length, 0);
  const { ask: without } = await startGraphql(t, database);
  const keyless = await without(
    'mutation { createWebhook(input: { url: "https://example.com/" }) { secret } }',
  );
  test.match(keyless.errors?.[0], {
    message: /no key/,
    extensions: { code: 'INVALID_CONFIG', hint: /CHIME_SECRET_KEY/ },
  });
});
