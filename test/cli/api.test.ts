// `chime api`: the server alone; and what `chime start` serves without anything configured.
import { once } from 'node:events';
import t from 'tap';
import { jwtConfig, makeJwt, secret, send } from '../support/api.ts';
import { chime, emptyDir, serve } from '../support/cli.ts';
import { createDatabase, createEmptyDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const started = (line: Record<string, unknown>) => line.msg === 'started';
const requested = (line: Record<string, unknown>) => line.msg === 'request' && line.route === '/api/v1/tasks';
const task = { task_type: 'repeated', cron_expression: '0 9 * * *', payload: { text: 'hello' } };
const jwtEnv = {
  CHIME_JWT_SECRET: secret,
  CHIME_JWT_ISSUER: String(jwtConfig.jwtIssuer),
  CHIME_JWT_AUDIENCE: String(jwtConfig.jwtAudience),
};

t.test('the server alone, with JWTs', async (test) => {
  const database = await createDatabase(test);
  const env = {
    DATABASE_URL: database.url,
    PORT: '0',
    CHIME_HOST: '0.0.0.0',
    CHIME_LOG_LEVEL: 'debug',
    ...jwtEnv,
  };
  const api = serve(test, ['api'], { env });
  const where = await api.line(started);
  test.match(where, { http: /^http:\/\/0\.0\.0\.0:\d+$/, auth: 'required', embedded: false });
  const url = String(where.http).replace('0.0.0.0', '127.0.0.1');
  test.match(await send(url, 'GET', '/healthz'), { status: 200, json: { status: 'ok' } });
  test.equal((await send(url, 'GET', '/readyz')).status, 200);
  test.equal((await send(url, 'GET', '/api/v1/tasks')).status, 401);
  const as = await makeJwt();
  test.equal((await send(url, 'POST', '/api/v1/tasks', { as, body: task })).status, 201);
  await api.line((line) => requested(line) && line.status === 201 && line.identity === 'ann');
  test.strictSame(
    await database.rows('select name from chime_private.workers'),
    [],
    'no clock and no worker',
  );
  const { code, stdout, stderr } = await api.end('SIGTERM');
  test.match({ code, stderr }, { code: 0, stderr: '' });
  test.match(stdout, /"msg":"stopping"[\s\S]*"msg":"stopped"/);
  test.notMatch(stdout, new RegExp(`${secret}|${as}`), 'no secret in the log');
});

t.test('SIGTERM waits for what is being answered', async (test) => {
  const database = await createDatabase(test);
  const api = serve(test, ['api'], { env: { DATABASE_URL: database.url, PORT: '0' } });
  const { http: url } = (await api.line(started)) as { http: string };
  const { json } = await send(url, 'POST', '/api/v1/tasks', { body: task });
  const locker = await database.connect(test);
  await locker.query('begin');
  await locker.query('select from chime.schedules for update');
  const answered = send(url, 'POST', `/api/v1/tasks/${json.id}/pause`);
  const waiting =
    "select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  await until(async () => (await database.value<number>(waiting)) !== 0);
  const ended = once(api.child, 'exit');
  api.child.kill('SIGTERM');
  await api.line((line) => line.msg === 'stopping');
  await locker.query('commit');
  test.match(await answered, { status: 200, json: { status: 'paused' } });
  test.strictSame((await ended)[0], 0);
});

t.test('API tokens alone, as in a container', async (test) => {
  const database = await createDatabase(test);
  const env = { DATABASE_URL: database.url, PORT: '0', CHIME_HOST: '0.0.0.0', CHIME_AUTH: 'required' };
  const api = serve(test, ['api'], { env });
  const url = String((await api.line(started)).http).replace('0.0.0.0', '127.0.0.1');
  test.equal((await send(url, 'GET', '/api/v1/tasks')).status, 401);
  test.equal((await send(url, 'GET', '/api/v1/tasks', { as: await makeJwt() })).status, 401);
  const token = await database.value<string>(
    "select secret from chime.create_api_token(name => 'ci', role => 'admin')",
  );
  test.equal((await send(url, 'GET', '/api/v1/tasks', { as: token })).status, 200);
  test.match(await api.end(), { code: 0 });
});

t.test('nothing configured: this machine alone, and it says so', async (test) => {
  const cwd = await emptyDir(test);
  const running = serve(test, ['start', '--port', '0', '--no-example'], { cwd });
  const { http: url, auth } = (await running.line(started)) as { http: string; auth: string };
  test.match([url, auth], [/^http:\/\/127\.0\.0\.1:/, 'none']);
  test.equal((await send(url, 'POST', '/api/v1/tasks', { body: task })).status, 201);
  test.equal((await send(url, 'GET', '/api/v1/tasks', { headers: { host: 'evil.example' } })).status, 421);
  test.match(await running.end(), { code: 0 });
});

t.test('what is refused at the start', async (test) => {
  const url = await createEmptyDatabase(test);
  const cases: [string[], Record<string, string>, RegExp][] = [
    [
      ['api', '--host', '0.0.0.0'],
      {},
      /CHIME_HOST is 0\.0\.0\.0, which others can reach[\s\S]*CHIME_AUTH=required/,
    ],
    [['start', '--host', '::'], {}, /CHIME_HOST is ::, which others can reach/],
    [
      ['api'],
      { CHIME_JWT_SECRET: secret },
      /CHIME_JWT_ISSUER is missing[\s\S]*CHIME_JWT_AUDIENCE is missing/,
    ],
    [['api'], { ...jwtEnv, CHIME_JWT_SECRET: 'short' }, /CHIME_JWT_SECRET: it must have 32 bytes or more/],
    [['api', '--auth', 'perhaps'], {}, /CHIME_AUTH \(--auth\) is "perhaps"/],
    [['api'], { ...jwtEnv, CHIME_AUTH: 'none' }, /CHIME_AUTH is none, but JWTs are set up/],
  ];
  for (const [args, env, stderr] of cases) {
    const result = await chime(args, { env: { DATABASE_URL: url, PORT: '0', ...env } });
    test.match(result, { code: 2, stderr }, args.join(' '));
    test.notMatch(result.stderr, new RegExp(`\\n\\s+at |${secret}`));
  }
  test.match(await chime(['api'], { env: { DATABASE_URL: url, PORT: '0' } }), {
    code: 1,
    stderr: /not been migrated[\s\S]*chime migrate/,
  });
  test.match(await chime(['api', '--help']), {
    code: 0,
    stdout: /--jwks-url <url>[\s\S]*\[CHIME_JWKS_URL\]/,
  });
  test.notMatch(
    (await chime(['api', '--help'])).stdout,
    /--jwt-secret/,
    'a secret is no option, which everybody could see',
  );
});
