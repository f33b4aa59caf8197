// Calendars to subscribe to, from the command line.
import t from 'tap';
import { chime } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
await person(database, defaultTenant, 'ann');
const run = (args: string[], env: Record<string, string> = {}) =>
  chime(['calendar-feed', ...args], { env: { DATABASE_URL: database.url, TZ: 'UTC', ...env } });

t.test('create, list, revoke', async (test) => {
  test.match(await run(['list']), { code: 0, stdout: 'No calendar feeds.\n' });
  const made = await run(['create', '--user', 'ann', '--name', 'Ann at work']);
  test.match(made, {
    code: 0,
    stdout:
      /^Created [\w-]{36}\nhttp:\/\/127\.0\.0\.1:4680\/calendar\/feed_[\w-]{43}\.ics\nSubscribe .*shown this once\.\n$/,
  });
  const [, id = '', secret = ''] = /Created (\S+)\n.*(feed_\S+)\.ics/.exec(made.stdout) ?? [];
  const listed = await run(['list']);
  test.match(listed.stdout, new RegExp(`ann +Ann at work +${secret.slice(0, 11)} +valid +never +${id}`));
  test.notOk(listed.stdout.includes(secret));
  test.match(await run(['revoke', id]), { code: 0, stdout: `Revoked ${id}\n` });
  test.match((await run(['list'])).stdout, /revoked/);
  const absent = '00000000-0000-7000-8000-000000000000';
  test.match(await run(['revoke', absent]), { code: 3, stderr: /There is no calendar feed/ });
  test.match(await run(['create']), { code: 0 }, 'of whoever asks, where nobody is named');
  test.match((await run(['list'])).stdout, /^terminal:/m);
  test.match(await run(['create', '--user', 'nobody']), { code: 3, stderr: /There is no user "nobody"/ });
});

t.test('the address is the one that people reach', async (test) => {
  const urlOf = async (args: string[], env: Record<string, string> = {}) => {
    const { stdout } = await run(['create', '--user', 'ann', '--json', ...args], env);
    return (JSON.parse(stdout).url as string).replace(/feed_.*/, '...');
  };
  test.equal(
    await urlOf([], { CHIME_PUBLIC_URL: 'https://chime.example.com/' }),
    'https://chime.example.com/calendar/...',
  );
  test.equal(
    await urlOf(['--public-url', 'https://a.example/chime']),
    'https://a.example/chime/calendar/...',
  );
  test.equal(await urlOf([], { CHIME_HOST: '::1', PORT: '80' }), 'http://[::1]:80/calendar/...');
  test.equal(await urlOf([], { CHIME_HOST: '0.0.0.0' }), 'http://127.0.0.1:4680/calendar/...');
  test.match(await run(['create', '--user', 'ann', '--public-url', 'ftp://x']), {
    code: 2,
    stderr: /CHIME_PUBLIC_URL|--public-url/,
  });
});
