// The weather: asked once for a town, and no failure of whoever asks.
import t, { type Test } from 'tap';
import { openWeather } from '../../src/people/weather.ts';
import { captureLog } from '../support/log.ts';
import { startWeather, weatherKey } from '../support/weather.ts';

const never = new AbortController().signal;

async function open(test: Test) {
  const server = await startWeather(test);
  const { log, lines } = captureLog();
  let now = 0;
  const weather = openWeather({
    ...{ key: weatherKey, url: `${server.url}/`, log },
    ...{ stopwatch: () => now, patience: 200 },
  });
  return {
    ...{ server, lines },
    at: (place: string, language: 'en' | 'ru' = 'en', signal = never) => weather.at(place, language, signal),
    pass(minutes: number): void {
      now += minutes * 60_000;
    },
  };
}

t.test('it is asked once for all of a town, for half an hour', async (test) => {
  const { server, at, pass } = await open(test);
  test.strictSame(await Promise.all([at('Berlin'), at(' berlin ')]), [
    'light rain, 4 °C',
    'light rain, 4 °C',
  ]);
  test.equal(server.requests.length, 1);
  test.match(Object.fromEntries(server.requests[0] ?? []), { q: 'Berlin', units: 'metric', lang: 'en' });
  server.is({ description: 'небольшой дождь', temp: -0.2 });
  test.equal(await at('Berlin', 'ru'), 'небольшой дождь, 0 °C', 'in another language it is asked anew');
  pass(29);
  test.equal(await at('Berlin'), 'light rain, 4 °C');
  pass(1);
  server.is({ description: 'clear sky', temp: 10 });
  test.equal(await at('Berlin'), 'clear sky, 10 °C');
  test.equal(server.requests.length, 3);
});

t.test('a failure is no weather, for a minute', async (test) => {
  const { server, at, pass, lines } = await open(test);
  for (const [index, sky] of [
    { status: 404, body: '{"cod":"404","message":"city not found"}' },
    { status: 500 },
    { status: 200, body: 'no JSON' },
    { status: 200, body: '{"weather": []}' },
    { status: 200, body: '{"weather": [{"description": "warm"}], "main": {"temp": 1000}}' },
    { status: 302, body: '' },
    { bytes: 200_000 },
    { cut: true as const },
    { silent: true as const },
  ].entries()) {
    server.is(sky);
    test.equal(await at('Berlin'), undefined, JSON.stringify(sky));
    test.equal(await at('Berlin'), undefined);
    test.equal(server.requests.length, index + 1, 'not asked again at once');
    pass(1);
  }
  server.is({ description: 'clear sky', temp: 10 });
  test.equal(await at('Berlin'), 'clear sky, 10 °C');
  test.equal(lines.length, 9);
  test.notMatch(JSON.stringify(lines), weatherKey);
});

t.test('who is stopped does not wait', async (test) => {
  const { server, at } = await open(test);
  server.is({ silent: true });
  const stop = new AbortController();
  const asked = at('Berlin', 'en', stop.signal);
  stop.abort();
  test.equal(await asked, undefined);
  test.equal(await at('Berlin', 'en', stop.signal), undefined);
});

t.test('a wrong key, and a service that is not there', async (test) => {
  const { server } = await open(test);
  const { log, lines } = captureLog();
  const wrong = openWeather({ key: 'another-key', url: server.url, log });
  test.equal(await wrong.at('Berlin', 'en', never), undefined);
  test.match(JSON.stringify(lines), 'the weather service answered 401');
  const none = openWeather({ key: weatherKey, url: 'http://127.0.0.1:1', log });
  test.equal(await none.at('Berlin', 'en', never), undefined);
});
