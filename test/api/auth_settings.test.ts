// What the configuration may say of who uses the API, and what it may not.
import t from 'tap';
import { readAuth } from '../../src/api/auth/settings.ts';
import { isLoopback } from '../../src/api/loopback.ts';
import { type ConfigOptions, readConfig } from '../../src/config.ts';

const read = (options: ConfigOptions) => readAuth(readConfig(options, {}, { text: '' }));
const jwt = { jwtIssuer: 'https://issuer.example', jwtAudience: 'pgchime' };
const jwtSecret = 's'.repeat(32);
const jwksUrl = 'https://issuer.example/keys';

t.test('what makes sense', async (test) => {
  test.strictSame(read({}), { required: false, jwt: undefined });
  test.strictSame(read({ auth: 'none', host: '::1' }), { required: false, jwt: undefined });
  test.strictSame(read({ auth: 'required', host: '0.0.0.0' }), { required: true, jwt: undefined });
  test.match(read({ ...jwt, jwtSecret, host: '0.0.0.0' }), {
    required: true,
    jwt: { algorithms: ['HS256'] },
  });
  test.match(read({ ...jwt, jwksUrl }), { jwt: { algorithms: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] } });
  test.match(read({ ...jwt, jwksUrl, jwtAlgorithms: 'PS512' }), { jwt: { algorithms: ['PS512'] } });
  test.ok(read({ ...jwt, jwksUrl: 'http://127.0.0.1:8080/keys' }));
});

t.test('what does not', async (test) => {
  const cases: [ConfigOptions, RegExp][] = [
    [{ ...jwt }, /CHIME_JWT_ISSUER is set, but neither[\s\S]*CHIME_JWT_AUDIENCE is set, but neither/],
    [{ jwtSecret }, /CHIME_JWT_ISSUER is missing[\s\S]*CHIME_JWT_AUDIENCE is missing/],
    [{ jwksUrl, jwtIssuer: 'x' }, /CHIME_JWT_AUDIENCE is missing/],
    [{ ...jwt, jwtSecret, jwksUrl }, /are both set/],
    [{ ...jwt, jwtSecret, auth: 'none' }, /CHIME_AUTH is none, but JWTs/],
    [{ ...jwt, jwtSecret, jwtAlgorithms: 'HS256,RS256' }, /has RS256, which is not for a secret/],
    [{ ...jwt, jwksUrl, jwtAlgorithms: 'HS256' }, /has HS256, which is not for public keys/],
    [{ ...jwt, jwtSecret, jwtAlgorithms: 'HS512' }, /too short for HS512, which needs 64 bytes/],
    [{ ...jwt, jwksUrl: 'http://issuer.example/keys' }, /must begin with https/],
    [{ host: '0.0.0.0' }, /CHIME_HOST is 0\.0\.0\.0, which others can reach/],
    [{ host: '::' }, /CHIME_HOST is ::, which others can reach/],
    [{ host: '192.168.1.7', auth: 'none' }, /which others can reach/],
    [{ host: 'example.com' }, /which others can reach/],
  ];
  for (const [options, message] of cases) {
    test.throws(
      () => read(options),
      { code: 'CH032', message, hint: /CHIME_JWT_SECRET/ },
      JSON.stringify(options),
    );
  }
  test.throws(() => readConfig({ jwtSecret: 's'.repeat(31) }, {}, { text: '' }), { code: 'CH032' });
});

t.test('addresses of this machine alone', async (test) => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
  ]) {
    test.ok(isLoopback(host), host);
  }
  for (const host of [
    ...[
      '',
      '0.0.0.0',
      '::',
      '128.0.0.1',
      '10.0.0.1',
      '127.0.0.1.nip.io',
      'localhost.example.com',
      'localhost.',
    ],
    ...['127.1', '0x7f000001', '2130706433', '::2', 'fe80::1', '::ffff:10.0.0.1', 'x127.0.0.1'],
  ]) {
    test.notOk(isLoopback(host), host);
  }
});
