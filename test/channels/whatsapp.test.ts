// WhatsApp over a real socket: texts while the person talks, a template when not, parts in their order, and what its codes mean.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { startHttp } from '../support/http.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { channelsOf, startSender } from '../support/sender.ts';

interface Said {
  to: string;
  type: 'text' | 'template';
  text?: { body: string };
  template?: { name: string; language: { code: string }; components: { parameters: { text: string }[] }[] };
}

async function setUp(test: Test, { template = 'news' as string | null, heard = true } = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const answers: ({ status: number; body: object } | 'cut')[] = [];
  const cloud = await startHttp(test, (_request, response) => {
    const answer = answers.shift() ?? {
      status: 200,
      body: { messages: [{ id: `wamid.${cloud.requests.length}` }] },
    };
    if (answer === 'cut') response.destroy();
    else
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
  });
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  const settings = {
    whatsappToken: 'secret-token',
    whatsappPhoneId: '555',
    whatsappApi: `${cloud.url}/v23.0`,
    whatsappTemplate: template ?? undefined,
  };
  const sender = await startSender(test, database, channelsOf(test, settings));
  const mappingId = await calls.map('whatsapp', '4915112345');
  if (heard) await database.rows('select chime_private.heard_from($1)', [mappingId]);
  const schedule = await calls.scheduleTo(mappingId);
  const fail = (status: number, code: number) => ({
    status,
    body: { error: { code, message: `(#${code}) no` } },
  });
  const said = () => cloud.requests.map(({ body }) => JSON.parse(body) as Said);
  return {
    database,
    now,
    answers,
    cloud,
    said,
    fail,
    mappingId,
    tell: (output: string) => calls.end(schedule, { output }),
    ...sender,
    ...calls,
  };
}

t.test('a text, while the person has written within a day', async (test) => {
  const { tell, reported, cloud, said, list } = await setUp(test);
  await tell('hello **you**');
  await reported(1);
  test.match(cloud.requests[0], {
    method: 'POST',
    url: '/v23.0/555/messages',
    headers: { authorization: 'Bearer secret-token' },
  });
  test.match(said(), [{ to: '4915112345', type: 'text', text: { body: 'hello **you**' } }]);
  test.match(await list(), [{ status: 'sent', external_id: 'wamid.1' }]);
});

t.test('a template, when that is longer ago, or never was', async (test) => {
  const { tell, reported, said, now } = await setUp(test);
  await now.advance('23 hours 58 minutes');
  await tell('soon over');
  await reported(1);
  await now.advance('2 minutes');
  await tell('a\n\nb    c');
  await reported(2);
  test.match(said(), [
    { type: 'text' },
    {
      type: 'template',
      template: { name: 'news', language: { code: 'en' }, components: [{ parameters: [{ text: 'a b c' }] }] },
    },
  ]);
});

t.test('without a template nothing can be said then', async (test) => {
  const { tell, reported, states, said } = await setUp(test, { heard: false, template: null });
  await tell('hello');
  await reported(1);
  test.match(await states(), [/^whatsapp failed The person has not written for a day/]);
  test.strictSame(said(), []);
});

t.test('WhatsApp itself says that it is longer ago: a template', async (test) => {
  const { tell, reported, answers, said, fail, now } = await setUp(test);
  answers.push(fail(400, 131047));
  await tell('hello');
  await reported(1);
  await now.advance('7 seconds');
  await reported(2);
  test.match(said(), [{ type: 'text' }, { type: 'template' }]);
});

t.test(
  'a long text in parts, one after the other, none twice; a very long one is its beginning',
  async (test) => {
    const { tell, reported, said, now, list } = await setUp(test);
    const words = 'word '.repeat(2000).trim();
    await tell(words);
    for (let part = 1; part <= 3; part++) {
      await reported(part);
      await now.advance('7 seconds');
    }
    test.equal(
      said()
        .map((each) => each.text?.body)
        .join(''),
      words,
    );
    test.match(
      (await list()).map((row) => [row.part, row.part_count, row.status]),
      [
        [1, 3, 'sent'],
        [2, 3, 'sent'],
        [3, 3, 'sent'],
      ],
    );
    await tell('word '.repeat(20_000));
    await reported(4);
    test.match(said()[3]?.text?.body, /word\n…$/);
    test.equal((await list()).length, 4);
  },
);

t.test('what its codes mean', async (test) => {
  const { database, reported, answers, fail, now, tick, map, scheduleTo, end, list } = await setUp(test);
  const cases: [{ status: number; body: object } | 'cut', object, string][] = [
    [fail(400, 131056), { status: 'pending', failure_count: 0 }, 'active'],
    [fail(400, 131026), { status: 'skipped' }, 'blocked'],
    [fail(500, 131000), { status: 'pending', failure_count: 1 }, 'active'],
    [fail(400, 100), { status: 'failed' }, 'active'],
    ['cut', { status: 'unknown' }, 'active'],
    [{ status: 200, body: {} }, { status: 'unknown' }, 'active'],
    [fail(401, 190), { status: 'pending', failure_count: 0 }, 'active'],
  ];
  for (const [index, [answer, row, status]] of cases.entries()) {
    const place = await map('whatsapp', `49${index}`);
    await database.rows('select chime_private.heard_from($1)', [place]);
    answers.push(answer);
    const run = await end(await scheduleTo(place), { output: 'x' });
    await reported(index + 1);
    test.match(await list(run), [row], JSON.stringify(answer));
    test.equal(
      await database.value('select status from chime.channel_mappings where id = $1', [place]),
      status,
    );
  }
  const last = await scheduleTo(await map('whatsapp', '50'));
  const run = await end(last, { output: 'x' });
  await now.advance('30 seconds');
  await tick();
  test.match(await list(run), [{ status: 'pending' }], 'a token that is refused holds up all of the channel');
});
