// The page in examples/browser, as it is: served from an origin of its own, its script run in a DOM, against a real server.
import fs from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Browser, type BrowserPage } from 'happy-dom';
import t, { type Test } from 'tap';
import { jwtConfig, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const page = await fs.readFile(new URL('../../examples/browser/index.html', import.meta.url));

/** Serves the page as any server of files does; answers its origin. */
async function servePage(test: Test): Promise<string> {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  test.teardown(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(test: Test, url: string): Promise<BrowserPage> {
  const browser = new Browser({
    settings: { enableJavaScriptEvaluation: true, suppressInsecureJavaScriptEnvironmentWarning: true },
  });
  const opened = browser.newPage();
  test.teardown(async () => {
    const { window } = opened.mainFrame;
    window.dispatchEvent(new window.Event('pagehide'));
    await browser.close();
  });
  await opened.goto(url);
  return opened;
}

/** Resolves once what the page shows of an element fits; the test's own timeout is for a page that never does. */
function shows({ mainFrame: { window } }: BrowserPage, id: string, fits: RegExp): Promise<string> {
  const { document } = window;
  const text = () => document.getElementById(id)?.textContent ?? '';
  return new Promise((resolve) => {
    const look = () => {
      if (!fits.test(text())) return;
      observer.disconnect();
      resolve(text());
    };
    const observer = new window.MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
    look();
  });
}

t.test('it lists schedules, and shows what happens', async (test) => {
  const database = await createDatabase(test);
  await database.rows(
    "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())",
  );
  const create = (key: string, cron: string) =>
    database.row('select id from chime.create_schedule(task => $3, key => $1, cron => $2)', [
      key,
      cron,
      'noop',
    ]);
  await create('<b>nightly</b>', '0 3 * * *');
  const origin = await servePage(test);
  const { url } = await startApi(test, database, { corsOrigins: origin });
  const opened = await open(test, `${origin}/?server=${url}`);

  await shows(opened, 'state', /^Connected/);
  await shows(opened, 'schedules', /<b>nightly<\/b>.*at 03:00.*never/);
  const { document } = opened.mainFrame.window;
  test.equal(document.querySelector('b'), null, 'names are no HTML');

  await create('hourly', '0 * * * *');
  await shows(opened, 'schedules', /hourly/);
  const button = [...document.querySelectorAll('#schedules tr')]
    .find((row) => row.textContent.includes('hourly'))
    ?.querySelector('button');
  button?.click();
  await shows(opened, 'runs', /hourly.*queued/);
  await database.rows('select chime.cancel_run(id) from chime.runs');
  await shows(opened, 'runs', /hourly.*cancelled/);
  await database.rows("select chime.delete_schedule(id) from chime.schedules where key = 'hourly'");
  await shows(opened, 'schedules', /^(?!.*hourly)/);
  test.pass('created, run, cancelled and deleted, without being loaded again');
});

t.test('where a server asks who is there, the page needs a token', async (test) => {
  const database = await createDatabase(test);
  const origin = await servePage(test);
  const { url } = await startApi(test, database, { ...jwtConfig, corsOrigins: origin });
  const opened = await open(test, `${origin}/?server=${url}`);
  await shows(opened, 'state', /^Not signed in/);
  const { document } = opened.mainFrame.window;
  (document.querySelector('[name=token]') as unknown as { value: string }).value = await makeJwt();
  (document.querySelector('form') as unknown as { requestSubmit(): void }).requestSubmit();
  test.match(await shows(opened, 'state', /^Connected/), 'Connected');
});

t.test('a server that does not name its origin lets it read nothing', async (test) => {
  const database = await createDatabase(test);
  const { url } = await startApi(test, database, {});
  const opened = await open(test, `${await servePage(test)}/?server=${url}`);
  test.match(await shows(opened, 'state', /^Disconnected/), 'Disconnected');
  test.equal(opened.mainFrame.window.document.getElementById('schedules')?.textContent, '');
});
