// What a check-in says, from its time to the message: with a model and without, with weather and without, whatever fails.
import t, { type Test } from 'tap';
import { makeAgent } from '../../src/conversation/model/agent.ts';
import { makeModel } from '../../src/conversation/model/model.ts';
import type { ModelPort } from '../../src/conversation/model/port.ts';
import { plainCheckIn, usableCheckIn } from '../../src/people/check_in.ts';
import { openWeather } from '../../src/people/weather.ts';
import { createTestChime } from '../../src/testing.ts';
import { TestDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';
import { modelKey, providers, type Reply, startModelServer } from '../support/model_server.ts';
import { startWeather, weatherKey } from '../support/weather.ts';

const model = await startModelServer(t);
const weather = await startWeather(t);

interface Options {
  locale?: string;
  withModel?: boolean;
  withWeather?: boolean;
  provider?: (typeof providers)[number];
}

/** Ann in Berlin, who gets her check-in at 09:00 in a chat, and is remembered to have a dog. */
async function setUp(
  test: Test,
  { locale = 'en', withModel, withWeather, provider = 'anthropic' }: Options = {},
) {
  const { log, lines } = captureLog();
  const port = makeModel(model.config(provider, { modelTimeout: 400 })) as ModelPort;
  const made = await createTestChime({
    connectionString: process.env.TEST_SERVER_URL,
    now: '2026-03-27T00:00:00Z',
    log,
    ...(withModel === true && { agent: makeAgent(port, [], log) }),
    ...(withWeather === true && {
      weather: openWeather({ key: weatherKey, url: weather.url, log, patience: 400 }),
    }),
  });
  test.teardown(() => made.stop());
  const database = new TestDatabase(made.url);
  test.teardown(() => database.pool.end());
  const ann = await database.value<string>(
    "select user_id from chime_private.sign_in('default', 'ann', 'user', 'Ann', $1, 'Europe/Berlin')",
    [locale],
  );
  await database.rows("select chime.map_channel('telegram', '42', $1)", [ann]);
  await database.rows("select chime.set_preferences(place => 'Berlin', user_id => $1)", [ann]);
  await database.rows("select chime.remember('Has a dog called <b>Rex</b>', false, $1)", [ann]);
  await database.rows('select chime.complete_onboarding($1)', [ann]);
  await database.rows("select chime.set_check_in('09:00', user_id => $1)", [ann]);
  return {
    ...made,
    ...{ database, ann, lines },
    texts: () => made.outbox.map(({ at, text }) => `${at.toISOString().slice(5, 16)}: ${text}`),
    result: () => database.value<{ by: string }>('select result from chime.runs order by id desc limit 1'),
  };
}

t.test('without a model it is a greeting, at 09:00 on both sides of a clock change', async (test) => {
  const { clock, texts } = await setUp(test);
  await clock.advanceTo('2026-03-30T12:00:00Z');
  test.strictSame(texts(), [
    '03-27T08:00: Good morning, Ann! How is your day going?',
    '03-28T08:00: Good morning, Ann! How are things with you?',
    '03-29T07:00: Good morning, Ann! What is on your mind today?',
    '03-30T07:00: Good morning, Ann! How have you been?',
  ]);
});

t.test('with the weather, in the language of the person', async (test) => {
  weather.is({ description: 'небольшой дождь', temp: 3.6 });
  const { clock, texts, result } = await setUp(test, { locale: 'ru-RU', withWeather: true });
  await clock.advanceTo('2026-03-27T12:00:00Z');
  test.strictSame(texts(), [
    '03-27T08:00: Доброе утро, Ann! Berlin: небольшой дождь, 4 °C. Как проходит день?',
  ]);
  test.match(await result(), { by: 'template', weather: true });
});

for (const provider of providers) {
  t.test(`${provider}: in the words of the model, which knows what is remembered`, async (test) => {
    weather.is({ description: 'clear sky', temp: 10 });
    model.says({ text: ' "Morning, Ann! How is Rex?" ' });
    const { clock, texts, result } = await setUp(test, { withModel: true, withWeather: true, provider });
    await clock.advanceTo('2026-03-27T12:00:00Z');
    test.strictSame(texts(), ['03-27T08:00: Morning, Ann! How is Rex?']);
    test.match(await result(), { by: 'model', weather: true });
    const { prompt } = model.requests.at(-1) ?? { prompt: '' };
    test.match(prompt, 'Has a dog called &lt;b&gt;Rex&lt;/b&gt;', 'as data, which nothing in it can end');
    test.match(prompt, 'Berlin: clear sky, 10 °C');
    test.match(prompt, '2026-03-27 09:00');
    test.match(prompt, 'in English');
  });
}

t.test('a model that fails, in whatever way: the greeting comes all the same, once', async (test) => {
  const replies: Reply[] = [
    { status: 500 },
    { status: 401 },
    { status: 429, headers: { 'retry-after': '3600' } },
    { text: '' },
    { text: 'x'.repeat(700) },
    { text: 'cut off', stop: 'length' },
    { text: 'no', stop: 'refusal' },
    { bytes: 3_000_000 },
    { cut: true },
    { silent: true },
    { calls: [{ name: 'schedule_create', input: {} }] },
  ];
  const { clock, texts, lines } = await setUp(test, { withModel: true });
  for (const [index, reply] of replies.entries()) {
    model.says(reply);
    await clock.advanceTo(
      `2026-03-${27 + index}T12:00:00Z`.replace(/-03-(3[2-9])/, (_, day) => `-04-0${day - 31}`),
    );
    test.equal(texts().length, index + 1, JSON.stringify(reply).slice(0, 60));
    test.match(texts().at(-1), /: Good morning, Ann! [A-Z].*\?$/);
  }
  test.notMatch(JSON.stringify(lines), modelKey);
});

t.test('weather that fails: the check-in comes all the same', async (test) => {
  weather.is({ silent: true });
  const { clock, texts, result } = await setUp(test, { withWeather: true });
  await clock.advanceTo('2026-03-27T12:00:00Z');
  test.strictSame(texts(), ['03-27T08:00: Good morning, Ann! How is your day going?']);
  test.match(await result(), { weather: false });
});

t.test('what has come up before its run began: it is not sent, and that is on record', async (test) => {
  const { clock, texts, database, ann } = await setUp(test);
  await database.rows("update chime.users set check_in_silence = '1 hour'");
  // She speaks just after it was decided on.
  await database.pool.query(
    `create function speak() returns trigger language plpgsql as $$
     begin update chime.channel_mappings set heard_at = chime.now() where user_id = '${ann}'; return null; end $$;
     create trigger speak after insert on chime.check_ins for each row execute function speak()`,
  );
  await clock.advanceTo('2026-03-27T12:00:00Z');
  test.strictSame(texts(), []);
  test.equal(await database.value('select skip_reason from chime.check_ins'), 'spoke_recently');
  test.equal(
    await database.value('select silent_reason from chime.runs'),
    'The person has said something a short time before.',
  );
  test.equal(
    await database.value('select count(*)::integer from chime.scheduled_messages where run_id is not null'),
    0,
  );
});

t.test('words', async (test) => {
  const person = {
    ...{
      name: null,
      locale: null,
      timezone: 'UTC',
      localTime: '2026-03-27 23:10',
      place: null,
      unwanted: null,
    },
    context: { facts: [], situations: [] },
  };
  test.equal(plainCheckIn(person, undefined), 'Hello! How is your day going?');
  test.equal(
    plainCheckIn({ ...person, localTime: '2026-03-27 13:10', name: 'Bo' }, undefined),
    'Good afternoon, Bo! How is your day going?',
  );
  test.equal(
    plainCheckIn({ ...person, localTime: '2026-03-28 19:10', locale: 'ru', place: 'Омск' }, 'ясно, 1 °C'),
    'Добрый вечер! Омск: ясно, 1 °C. Как у вас дела сегодня?',
  );
  test.equal(usableCheckIn(' «Как дела?» '), 'Как дела?');
  test.equal(usableCheckIn('"'), '"');
  test.equal(usableCheckIn(' \n'), undefined);
});
