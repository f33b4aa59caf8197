// Webhooks over real sockets: signatures that the reference implementation verifies, what each answer means, and addresses that are refused.
import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { Webhook } from 'standardwebhooks';
import t, { type Test } from 'tap';
import { createChime } from '../../src/client/chime.ts';
import { SecretBox } from '../../src/net/secret_box.ts';
import { createDatabase } from '../support/database.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { type SeenRequest, startHttp } from '../support/http.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { channelsOf, startSender } from '../support/sender.ts';

const secretKey = randomBytes(32).toString('base64');
type Respond = (request: SeenRequest, response: http.ServerResponse) => void;
const ok: Respond = (_request, response) => response.writeHead(204).end();

async function setUp(test: Test, { allow = '127.0.0.1' } = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const answers: Respond[] = [];
  const receiver = await startHttp(test, (request, response) => (answers.shift() ?? ok)(request, response));
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  const channels = channelsOf(test, {}, { secretKey, allow });
  const sender = await startSender(test, database, channels, { sendTimeout: 1000 });
  const chime = createChime({ pool: database.pool, secretKey });
  /** Tells of a run at a new webhook; answers its secret. */
  const tell = async (url = `${receiver.url}/hook`, output = 'done') => {
    const webhook = await chime.webhooks.create(url);
    await calls.end(await calls.scheduleTo(webhook.id, "name => 'Report'"), { output, result: '{"a":1}' });
    return webhook.secret as string;
  };
  return { database, now, answers, receiver, chime, tell, ...sender, ...calls };
}

t.test('posted and signed, with an id that stays', async (test) => {
  const { tell, reported, receiver, answers, now, tick, list } = await setUp(test);
  answers.push((_request, response) => response.writeHead(500).end());
  const secret = await tell();
  await reported(1);
  await now.advance('1 minute');
  await tick();
  await reported(2);
  const ids = new Set<unknown>();
  for (const { headers, body, method, url } of receiver.requests) {
    test.match({ method, url }, { method: 'POST', url: '/hook' });
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
    test.match(verified, {
      type: 'run.succeeded',
      data: {
        run: { task: 'noop', output: 'done', result: { a: 1 }, is_output_cut: false },
        schedule: { name: 'Report' },
      },
    });
    test.throws(() => new Webhook(secret).verify(`${body} `, headers as Record<string, string>));
    ids.add(headers['webhook-id']);
  }
  const [row] = await list();
  test.strictSame([...ids], [row?.id]);
  test.match(row, { status: 'sent', external_id: `${row?.id} 204`, attempt: 2 });
});

t.test('tried for more than a day, then given up', async (test) => {
  const { tell, reported, answers, now, tick, list, receiver } = await setUp(test);
  const began = await now.read();
  for (let n = 1; n <= 8; n++) answers.push((_request, response) => response.writeHead(503).end());
  await tell();
  for (let n = 1; n <= 8; n++) {
    await reported(n);
    const [row] = await list();
    if (row?.due_at instanceof Date) await now.set(new Date(row.due_at.getTime() + 1).toISOString());
    await tick();
  }
  test.match(await list(), [
    { status: 'failed', failure_count: 8, failure_reason: 'The receiver answered 503.' },
  ]);
  test.equal(receiver.requests.length, 8);
  test.ok((await now.read()).getTime() - began.getTime() > 86_400_000);
});

t.test('410 wants no more; 302 is not followed; 429 says how long to wait', async (test) => {
  const { tell, reported, answers, list, now, database, receiver } = await setUp(test);
  answers.push((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end());
  await tell();
  await reported(1);
  test.match(await list(), [{ status: 'pending', failure_reason: 'The receiver answered 302.' }]);
  test.equal(receiver.requests.length, 1);
  answers.push((_request, response) => response.writeHead(429, { 'retry-after': '7200' }).end());
  const before = (await now.read()).getTime();
  await tell();
  await reported(2);
  test.ok(
    (await list()).some((row) => row.due_at instanceof Date && row.due_at.getTime() - before >= 7_200_000),
  );
  answers.push((_request, response) => response.writeHead(410).end());
  await tell();
  await reported(3);
  test.match(
    await database.rows("select status_reason from chime.channel_mappings where status = 'blocked'"),
    [{ status_reason: /410/ }],
  );
});

t.test(
  'a cut connection, an answer that does not come, one that does not end: sent again, for the receiver knows the id',
  async (test) => {
    const { tell, reported, answers, now, tick, list, receiver } = await setUp(test);
    answers.push(
      (_request, response) => response.destroy(),
      () => {},
      (_request, response) => {
        const stream = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.writeHead(200);
        response.on('drain', stream);
        stream();
      },
    );
    await tell();
    for (const count of [1, 2]) {
      await reported(count);
      test.match(await list(), [{ status: 'pending', failure_count: count }]);
      await now.advance('6 minutes');
      await tick();
    }
    await reported(3);
    test.match(await list(), [{ status: 'sent', attempt: 3 }], 'of an answer only its status is of interest');
    test.equal(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size, 1);
  },
);

t.test('addresses that are not public are refused before anything is sent', async (test) => {
  const { tell, reported, receiver, states } = await setUp(test, { allow: '' });
  await tell();
  await tell('http://169.254.169.254/latest/meta-data');
  await tell('http://[::1]/');
  await tell('http://2130706433/');
  await reported(4);
  test.equal(receiver.requests.length, 0);
  for (const state of await states()) test.match(state, /^webhook failed .* is not a public address/);
});

t.test('an output that is very long is cut, and says so', async (test) => {
  const { tell, reported, receiver } = await setUp(test);
  await tell(`${receiver.url}/`, 'x'.repeat(300_000));
  await reported(1);
  test.match(JSON.parse(receiver.requests[0]?.body ?? ''), {
    data: { run: { is_output_cut: true, output: /^x{262144}$/ } },
  });
});

t.test('secrets: encrypted, for one row of one tenant, and not without a key', async (test) => {
  const { chime, database, receiver, tell } = await setUp(test);
  const { secret, id } = await chime.webhooks.create(receiver.url, {
    secret: `whsec_${randomBytes(32).toString('base64')}`,
  });
  const sealed = await database.value<Buffer>(
    'select sealed from chime_private.webhook_secrets where webhook_id = $1',
    [id],
  );
  test.notOk(sealed.includes(Buffer.from(secret as string)));
  const box = new SecretBox(secretKey);
  const tenantId = await database.value<string>('select chime.current_tenant()');
  test.equal(box.open(sealed, { tenantId, rowId: id }), secret);
  test.throws(
    () => box.open(sealed, { tenantId, rowId: tenantId }),
    { code: 'CH032' },
    'moved to another row',
  );
  test.throws(() => new SecretBox(randomBytes(32).toString('base64')).open(sealed, { tenantId, rowId: id }), {
    code: 'CH032',
    message: /another key/,
  });
  const changed = Buffer.from(sealed);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  test.throws(() => box.open(changed, { tenantId, rowId: id }), { code: 'CH032' });
  const keyless = createChime({ pool: database.pool });
  await test.rejects(keyless.webhooks.create(receiver.url), { code: 'CH032', hint: /CHIME_SECRET_KEY/ });
  test.hasStrict(await keyless.webhooks.create(receiver.url, { secret: null }), {
    secret: null,
    isSigned: false,
  });
  await test.rejects(chime.webhooks.create(receiver.url, { secret: 'short' }), { code: 'CH007' });
  await test.rejects(chime.webhooks.create('ftp://x'), { code: 'CH007' });
  await test.rejects(chime.webhooks.create('https://user:pass@example.com/'), { code: 'CH007' });
  test.equal((await chime.webhooks.list()).length, 2);
  test.ok(tell);
});

t.test('without the key a sender refuses to send what should be signed', async (test) => {
  const database = await createDatabase(test);
  const receiver = await startHttp(test, ok);
  const { scheduleTo, end, states } = deliveriesOf(database);
  const { reported } = await startSender(test, database, channelsOf(test, {}));
  const webhook = await createChime({ pool: database.pool, secretKey }).webhooks.create(receiver.url);
  await end(await scheduleTo(webhook.id));
  await reported(1);
  test.match(await states(), [/^webhook failed CHIME_SECRET_KEY is not set/]);
  test.equal(receiver.requests.length, 0);
});
