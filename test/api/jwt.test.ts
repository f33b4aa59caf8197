// Which JWTs are taken, and that all others are refused in the same words.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { exportJWK, importPKCS8 } from 'jose';
import t from 'tap';
import { issuer, makeJwt, secret, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { call, lines } = await startApi(t, database);
const now = Math.floor(Date.now() / 1000);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = {
  iss: issuer,
  aud: 'pgchime',
  sub: 'ann',
  tenant: 'default',
  role: 'admin',
  iat: now,
  exp: now + 300,
};
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ type: 'spki', format: 'pem' });
const privateKey = await importPKCS8(
  rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  'RS256',
);
const attackersJwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k' };

/** A token whose parts are as given, signed by hand. */
function assemble(header: object, payload: unknown, key: string | Buffer = secret): string {
  const content = `${base64(header)}.${typeof payload === 'string' ? payload : base64(payload)}`;
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
}

const good = await makeJwt();
const [head = '', body = '', signature = ''] = good.split('.');

const bad: Record<string, string | Promise<string>> = {
  'unsigned, alg none': `${base64({ alg: 'none' })}.${base64(claims)}.`,
  'unsigned, alg None': `${base64({ alg: 'None' })}.${base64(claims)}.`,
  'no signature at all': `${head}.${body}`,
  'an empty signature': `${head}.${body}.`,
  'the signature of another token': `${head}.${base64({ ...claims, sub: 'mallory' })}.${signature}`,
  'signed with another secret': makeJwt({}, { key: new TextEncoder().encode('x'.repeat(40)) }),
  'signed with an empty secret': assemble({ alg: 'HS256' }, claims, ''),
  'an algorithm that is not configured': makeJwt({}, { header: { alg: 'HS512' } }),
  'RS256 where a secret is configured': makeJwt({}, { header: { alg: 'RS256' }, key: privateKey }),
  'HS256 with a public key as the secret': assemble({ alg: 'HS256' }, claims, publicPem as string),
  'a key that it brings itself (jwk)': makeJwt(
    {},
    { header: { alg: 'RS256', jwk: attackersJwk }, key: privateKey },
  ),
  'a place where its keys are (jku)': makeJwt(
    {},
    { header: { alg: 'RS256', jku: 'http://127.0.0.1:1/keys', kid: 'k' }, key: privateKey },
  ),
  'certificates that it brings itself (x5u)': makeJwt(
    {},
    { header: { alg: 'RS256', x5u: 'http://127.0.0.1:1/cert' }, key: privateKey },
  ),
  'a kid that is a path, signed with what an empty file has': assemble(
    { alg: 'HS256', kid: '../../../../dev/null' },
    claims,
    '',
  ),
  'a kid that is SQL': assemble({ alg: 'HS256', kid: "x' union select 'key" }, claims, 'key'),
  'a header that must be understood and is not (crit)': assemble({ alg: 'HS256', crit: ['x'], x: 1 }, claims),
  'an unencoded payload (b64)': assemble({ alg: 'HS256', b64: false, crit: ['b64'] }, claims),
  'another issuer': makeJwt({ iss: 'https://other.example' }),
  'no issuer': makeJwt({ iss: null }),
  'another audience': makeJwt({ aud: 'other' }),
  'a list of audiences without ours': makeJwt({ aud: ['a', 'b'] }),
  'no audience': makeJwt({ aud: null }),
  expired: makeJwt({ exp: now - 60 }),
  'no end': makeJwt({ exp: null }),
  'an end that is text': makeJwt({ exp: '9999999999' }),
  'not valid yet': makeJwt({ nbf: now + 120 }),
  'issued in the future': makeJwt({ iat: now + 120 }),
  'no subject': makeJwt({ sub: null }),
  'an empty subject': makeJwt({ sub: '' }),
  'an enormous subject': makeJwt({ sub: 'x'.repeat(256) }),
  'a subject that is a number': makeJwt({ sub: 1 }),
  'a subject with NUL': makeJwt({ sub: 'ann\u0000' }),
  'no tenant': makeJwt({ tenant: null }),
  'a tenant that does not exist': makeJwt({ tenant: 'nowhere' }),
  'a tenant that is SQL': makeJwt({ tenant: "default' or true --" }),
  'a tenant that is an object': makeJwt({ tenant: { id: 'default' } }),
  'a role that does not exist': makeJwt({ role: 'owner' }),
  'a role of the database': makeJwt({ role: 'chime_owner' }),
  'a list of roles': makeJwt({ role: ['admin'] }),
  'claims that are a list': assemble({ alg: 'HS256' }, [claims]),
  'claims that are no JSON': assemble({ alg: 'HS256' }, Buffer.from('{').toString('base64url')),
  'an enormous token': makeJwt({ padding: 'x'.repeat(8000) }),
  'not a token': 'abc',
  'an API token that does not exist': `chime_${'A'.repeat(43)}`,
  'a token of five parts': 'a.b.c.d.e',
};

t.test('all that is wrong is refused, in the same words', async (test) => {
  test.ok(Object.keys(bad).length >= 16);
  const seen = new Set<string>();
  let count = 0;
  for (const [what, made] of Object.entries(bad)) {
    const token = await made;
    const { status, json, headers } = await call('GET', '/api/v1/tasks', { as: token });
    test.equal(status, 401, what);
    test.match(headers['www-authenticate'], /^Bearer realm="pgchime", error="invalid_token"$/, what);
    const { instance, ...rest } = json;
    test.match(instance, /^urn:uuid:/);
    seen.add(JSON.stringify(rest));
    count += 1;
  }
  test.ok(count < 60, 'within what one address may try');
  test.strictSame(
    [...seen].map((each) => JSON.parse(each)),
    [
      {
        type: 'urn:pgchime:problem:not-authenticated',
        title: 'Not authenticated',
        status: 401,
        detail: 'The token is not valid, or not any more.',
        code: 'CH041',
        hint: 'Send a token that is: Authorization: Bearer <token>.',
      },
    ],
  );
  const reasons = lines.filter(({ msg }) => msg === 'a JWT was refused').map(({ reason }) => reason);
  test.ok(reasons.length > 20, 'the log knows why');
  test.notMatch(JSON.stringify(lines), new RegExp(signature), 'and has no token');
  test.strictSame(await database.rows('select subject from chime.users'), [], 'and nobody came into being');
});

t.test('nobody is somebody else', async (test) => {
  const nobody = await call('GET', '/api/v1/tasks');
  test.match([nobody.status, nobody.json.detail], [401, 'Nobody is signed in.']);
  test.equal(nobody.headers['www-authenticate'], 'Bearer realm="pgchime"');
  for (const authorization of [
    'Basic YW5uOmFubg==',
    'Bearer',
    `Bearer ${good} ${good}`,
    good,
    `bearer: ${good}`,
  ]) {
    const { status } = await call('GET', '/api/v1/tasks', { headers: { authorization } });
    test.equal(status, 401, authorization.slice(0, 12));
  }
  test.equal((await call('GET', `/api/v1/tasks?access_token=${good}`)).status, 401, 'no token in an address');
  test.equal(
    (await call('GET', '/api/v1/tasks', { headers: { cookie: `token=${good}` } })).status,
    401,
    'nor in a cookie',
  );
});

t.test('what is taken', async (test) => {
  const tenant = await database.value<string>('select id from chime.tenants');
  const taken: Record<string, Promise<string>> = {
    plain: makeJwt(),
    'a tenant by its id': makeJwt({ tenant }),
    'one of several audiences': makeJwt({ aud: ['other', 'pgchime'] }),
    'without a role': makeJwt({ role: null }),
    'without a time of issue': makeJwt({ iat: null }),
    'a clock that is off by some seconds': makeJwt({ exp: now + 300, nbf: now + 10, iat: now + 10 }),
    'expired a moment ago, by a clock that is off': makeJwt({ exp: Math.floor(Date.now() / 1000) - 5 }),
    'a kid, which a secret has no use for': makeJwt({}, { header: { kid: 'anything' } }),
    'a name, a locale and a zone': makeJwt({
      sub: 'bob',
      name: 'Bob',
      locale: 'ru-RU',
      zoneinfo: 'Europe/Moscow',
    }),
    'a name that is none': makeJwt({ sub: 'eve', name: 7, locale: '\u0000', zoneinfo: 'Mars/Olympus' }),
  };
  for (const [what, token] of Object.entries(taken)) {
    test.equal((await call('GET', '/api/v1/tasks', { as: await token })).status, 200, what);
  }
  test.strictSame(
    await database.rows('select subject, name, locale, timezone from chime.users order by subject'),
    [
      { subject: 'ann', name: null, locale: null, timezone: null },
      { subject: 'bob', name: 'Bob', locale: 'ru-RU', timezone: 'Europe/Moscow' },
      { subject: 'eve', name: null, locale: null, timezone: null },
    ],
  );
});
