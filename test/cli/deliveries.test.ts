// Deliveries, the inbox and webhooks from the command line and the library.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import t from 'tap';
import { createChime } from '../../src/client/chime.ts';
import { chime, commandsOn, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
const { run, runJson, env } = commandsOn(database.url);
const { end, register, sendAll, map, scheduleOf } = deliveriesOf(database);
await register(channelOf('telegram'), channelOf('web'));

t.test('what was delivered, and once more', async (test) => {
  test.match(await run('deliveries', 'list'), { code: 0, stdout: 'No deliveries.\n' });
  const place = await map('telegram', '42');
  const created = await runJson(
    ...['schedule', 'create', '--task', 'noop', '--cron', '0 0 1 1 *', '--key', 'k', '--overlap', 'allow'],
    ...['--deliver', 'on_failure', '--channel-mapping', place],
  );
  test.match(created.data, {
    schedule: { deliver: 'on_failure', channelMappingId: place, blockedAt: null },
  });
  test.match(await run('schedule', 'show', 'k'), { stdout: /delivers +runs that fail: to telegram 42/ });
  test.match(await run('schedule', 'update', 'k', '--deliver', 'always'), { code: 0 });
  await end(created.data.schedule.id, { output: 'x' });
  await sendAll(['telegram'], { outcome: 'refused', reason: 'too silly' });
  test.match(await run('deliveries', 'list', '--status', 'failed', '--schedule', 'k'), {
    code: 0,
    stdout: /telegram +failed +1 .*too silly/,
  });
  const { data } = await runJson('deliveries', 'list');
  test.match(data, [{ status: 'failed', channelId: 'telegram', failureReason: 'too silly' }]);
  test.match(await run('deliveries', 'retry', data[0].id), { code: 0, stdout: /telegram +pending/ });
  await sendAll(['telegram']);
  test.match(await run('deliveries', 'retry', data[0].id), { code: 1, stderr: /it is sent/ });
  test.match(await run('deliveries', 'retry', '00000000-0000-4000-8000-000000000000'), { code: 3 });
  test.match(await run('deliveries', 'list', '--status', 'lost'), { code: 2 });
  test.match(
    await run('schedule', 'update', 'k', '--channel-mapping', '00000000-0000-4000-8000-000000000000'),
    { code: 3, stderr: /There is no channel mapping/ },
  );
});

t.test('the inbox', async (test) => {
  test.match(await run('inbox', 'list'), { code: 0, stdout: 'Nothing came in.\n' });
  const ann = await person(database, defaultTenant, 'ann');
  await end(await scheduleOf(ann, "name => 'Report'"), { output: 'all is well\nline 2' });
  await sendAll(['web']);
  test.match(await run('inbox', 'list', '--unread'), { code: 0, stdout: /Report +succeeded +all is well\n/ });
  const client = await database.connect(test);
  await client.query("select set_config('chime.user_id', $1, false)", [ann.userId]);
  const library = createChime({ pool: database.pool }).withTransaction(client);
  const [item] = await library.inbox.list({ unread: true });
  test.match(item, {
    scheduleName: 'Report',
    text: 'all is well\nline 2',
    readAt: null,
    ownerId: ann.userId,
  });
  test.equal(await library.inbox.markRead([item?.id as string]), 1);
  test.equal(await library.inbox.markRead(), 0);
  test.strictSame(await library.inbox.list({ unread: true }), []);
  test.strictSame((await runJson('inbox', 'list', '--unread')).data, []);
});

t.test('what comes in while somebody watches', async (test) => {
  const bob = await person(database, defaultTenant, 'bob');
  const serving = serve(test, ['inbox', 'watch', bob.userId], { env: { ...env, CHIME_LOG_LEVEL: 'warn' } });
  const watching = once(serving.child.stderr, 'data');
  const schedule = await scheduleOf(bob);
  const shown = new Promise<string>((resolve) =>
    serving.child.stdout.once('data', (chunk) => resolve(String(chunk))),
  );
  await watching;
  await end(schedule, { output: '"hello"' });
  test.equal(await shown, '"hello"\n');
});

t.test('webhooks: a secret that is shown once, and none without a key', async (test) => {
  test.match(await run('webhook', 'create', 'https://example.com/hook'), {
    code: 2,
    stderr: /no key[\s\S]*CHIME_SECRET_KEY/,
  });
  const withKey = { env: { ...env, CHIME_SECRET_KEY: randomBytes(32).toString('base64') } };
  const created = await chime(['webhook', 'create', 'https://example.com/hook'], withKey);
  test.match(created, {
    code: 0,
    stdout: /yes +https:\/\/example.com\/hook\nIts secret, which is shown this once: whsec_/,
  });
  test.match(await run('webhook', 'create', 'https://example.com/other', '--unsigned'), {
    code: 0,
    stdout: /no +https/,
  });
  test.match(await run('webhook', 'create', 'nowhere', '--unsigned'), { code: 2, stderr: /url must be/ });
  const { data } = await runJson('webhook', 'list');
  test.match(data, [{ isSigned: true }, { isSigned: false }]);
  test.notMatch(JSON.stringify(data), /whsec_/);
  test.match(await chime(['webhook', 'list'], { env: { ...env, CHIME_SECRET_KEY: 'c2hvcnQ=' } }), {
    code: 2,
    stderr: /CHIME_SECRET_KEY: must be 32 bytes/,
  });
});

t.test('places, from the library', async (test) => {
  const library = createChime({ pool: database.pool });
  const place = await library.channelMappings.map('telegram', '7:9');
  test.match(place, { channelId: 'telegram', channelContextId: '7:9', status: 'active', userId: null });
  test.match(await library.channelMappings.block(place.id, 'not now'), {
    status: 'blocked',
    statusReason: 'not now',
  });
  test.match(await library.channelMappings.resume(place.id), { status: 'active', statusReason: null });
  test.ok((await library.channelMappings.list()).some(({ id }) => id === place.id));
});
