// Where settings come from, and what is said about those that make no sense.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { readConfig, systemLanguage } from '../src/config.ts';
import { InvalidConfigError } from '../src/errors.ts';
import { emptyDir } from './support/cli.ts';

const none = { text: '' };

t.test('defaults', async (test) => {
  test.strictSame(readConfig({}, {}, none), {
    databaseUrl: undefined,
    dataDir: '.chime',
    port: 4680,
    host: '127.0.0.1',
    auth: undefined,
    jwtSecret: undefined,
    jwksUrl: undefined,
    jwtIssuer: undefined,
    jwtAudience: undefined,
    jwtAlgorithms: [],
    corsOrigins: [],
    rateLimit: 6000,
    trustProxy: [],
    publicUrl: undefined,
    graphiql: true,
    introspection: true,
    persistedOperations: undefined,
    tasksDir: undefined,
    concurrency: 10,
    pollInterval: 1000,
    maxOutput: 16 * 1024 * 1024,
    allowPrivateHttp: '',
    telegramToken: undefined,
    telegramApi: 'https://api.telegram.org',
    telegramRich: false,
    bot: true,
    telegramWebhookUrl: undefined,
    telegramWebhookPort: 4681,
    mcpToken: undefined,
    whatsappToken: undefined,
    whatsappPhoneId: undefined,
    whatsappTemplate: undefined,
    whatsappApi: 'https://graph.facebook.com/v23.0',
    modelProvider: undefined,
    model: undefined,
    modelApiKey: undefined,
    modelUrl: undefined,
    modelTimeout: 60_000,
    modelMaxTokens: 4096,
    modelMaxSteps: 8,
    weatherKey: undefined,
    weatherUrl: 'https://api.openweathermap.org',
    secretKey: undefined,
    shutdownTimeout: 10_000,
    logLevel: 'info',
    example: true,
  });
});

t.test('options win over variables, variables over .env', async (test) => {
  const file = { text: 'PORT=1\nCHIME_HOST="0.0.0.0" # all\nCHIME_CONCURRENCY=3\n' };
  const env = { PORT: '2', CHIME_HOST: '::1' };
  test.hasStrict(readConfig({ port: '3' }, env, file), { port: 3, host: '::1', concurrency: 3 });
  test.hasStrict(readConfig({}, { PORT: '' }, file), { port: 1 }, 'an empty variable is none');
  test.hasStrict(readConfig({ example: false }, { CHIME_EXAMPLE: 'yes' }, none), { example: false });
  for (const no of ['no', 'false', '0', 'off']) {
    test.hasStrict(readConfig({}, { CHIME_EXAMPLE: no }, none), { example: false }, no);
  }
});

t.test('.env is a file beside the process', async (test) => {
  const dir = await emptyDir(test);
  const file = path.join(dir, '.env');
  test.hasStrict(readConfig({}, {}, { path: file }), { port: 4680 }, 'it need not be there');
  await fs.writeFile(file, 'PORT=1234');
  test.hasStrict(readConfig({}, {}, { path: file }), { port: 1234 });
  test.throws(() => readConfig({}, {}, { path: dir }), { code: 'CH032', message: /cannot be read: EISDIR/ });
});

t.test('everything that is wrong is said at once', async (test) => {
  const env = {
    ...{ DATABASE_URL: 'mysql://localhost', PORT: '99999', CHIME_CONCURRENCY: 'many' },
    ...{ CHIME_LOG_LEVEL: 'loud', CHIME_EXAMPLE: 'perhaps' },
  };
  try {
    readConfig({}, env, none);
    test.fail('it was taken');
  } catch (error) {
    test.ok(error instanceof InvalidConfigError);
    const lines = (error as Error).message.split('\n').map((line) => line.trim());
    test.equal(lines.length, 6);
    test.match(lines[1], /^DATABASE_URL \(--database-url\) is .*: must begin with postgres:\/\//);
    test.match(lines[2], /^PORT \(--port\) is "99999": .*65535/);
    test.match(lines[3], /^CHIME_CONCURRENCY \(--concurrency\) is "many": /);
    test.match(lines[4], /^CHIME_LOG_LEVEL \(--log-level\) is "loud": .*"debug"/);
    test.match(lines[5], /^CHIME_EXAMPLE \(--no-example\) is "perhaps": /);
    test.comment((error as Error).message);
  }
});

t.test('no more output than can be stored', async (test) => {
  const most = 64 * 1024 * 1024;
  test.hasStrict(readConfig({ maxOutput: String(most) }, {}, none), { maxOutput: most });
  test.throws(() => readConfig({}, { CHIME_MAX_OUTPUT: String(most + 1) }, none), {
    message: /CHIME_MAX_OUTPUT \(--max-output\) is "67108865": must be at most 67108864 \(64 MB\)/,
  });
});

t.test('a password is not repeated', async (test) => {
  test.throws(() => readConfig({}, { DATABASE_URL: 'pg://ann:se@cret@localhost/db' }, none), {
    message: /"pg:\/\/ann:\*\*\*@localhost\/db"/,
  });
});

t.test('secrets come from files too, and are not repeated', async (test) => {
  const dir = await emptyDir(test);
  const file = path.join(dir, 'secret');
  await fs.writeFile(file, `${'s'.repeat(32)}\n`);
  test.hasStrict(readConfig({}, { CHIME_JWT_SECRET_FILE: file }, none), { jwtSecret: 's'.repeat(32) });
  test.hasStrict(readConfig({}, {}, { text: `CHIME_JWT_SECRET_FILE=${file}` }), {
    jwtSecret: 's'.repeat(32),
  });
  const both = { CHIME_JWT_SECRET: 'v'.repeat(32), CHIME_JWT_SECRET_FILE: file };
  test.hasStrict(readConfig({}, both, none), { jwtSecret: 'v'.repeat(32) }, 'the variable wins');
  test.throws(() => readConfig({}, { CHIME_JWT_SECRET_FILE: dir }, none), {
    code: 'CH032',
    message: /^CHIME_JWT_SECRET_FILE cannot be read: EISDIR/,
  });
  try {
    readConfig({}, { CHIME_JWT_SECRET: 'too short, and secret' }, none);
    test.fail('it was taken');
  } catch (error) {
    test.match((error as Error).message, /CHIME_JWT_SECRET: it must have 32 bytes or more/);
    test.notMatch((error as Error).message, /too short, and secret/);
  }
});

t.test('lists', async (test) => {
  const env = {
    CHIME_CORS_ORIGINS: 'https://a.example, http://localhost:3000',
    CHIME_JWT_ALGORITHMS: 'ES256,EdDSA,',
    CHIME_TRUST_PROXY: '10.0.0.0/8, ::1',
  };
  test.hasStrict(readConfig({}, env, none), {
    corsOrigins: ['https://a.example', 'http://localhost:3000'],
    jwtAlgorithms: ['ES256', 'EdDSA'],
    trustProxy: ['10.0.0.0/8', '::1'],
  });
  for (const [name, value] of [
    ['CHIME_CORS_ORIGINS', '*'],
    ['CHIME_CORS_ORIGINS', 'https://a.example/'],
    ['CHIME_CORS_ORIGINS', 'null'],
    ['CHIME_JWT_ALGORITHMS', 'none'],
    ['CHIME_TRUST_PROXY', 'true'],
  ]) {
    test.throws(
      () => readConfig({}, { [name as string]: value }, none),
      { code: 'CH032' },
      `${name}=${value}`,
    );
  }
});

t.test('the language of the system', async (test) => {
  const cases: [Record<string, string>, string | undefined][] = [
    [{}, undefined],
    [{ LANG: 'ru_RU.UTF-8' }, 'ru'],
    [{ LANG: 'ru' }, 'ru'],
    [{ LANG: 'C.UTF-8' }, undefined],
    [{ LANG: 'POSIX' }, undefined],
    [{ LANG: 'en_GB', LC_MESSAGES: 'ru_RU' }, 'ru'],
    [{ LANG: 'ru_RU', LC_MESSAGES: 'ru_RU', LC_ALL: 'en_US.UTF-8' }, 'en'],
    [{ LANG: 'ru_RU', LC_ALL: '' }, 'ru'],
  ];
  for (const [env, language] of cases) test.equal(systemLanguage(env), language, JSON.stringify(env));
});
