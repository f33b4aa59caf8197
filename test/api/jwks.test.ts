// Public keys from where the operator says: rotated, withdrawn, unreachable, asked for too often.
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import t, { type Test } from 'tap';
import { JwtVerifier } from '../../src/api/auth/jwt.ts';
import { audience, issuer, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';
import { startHttp } from '../support/http.ts';
import { captureLog } from '../support/log.ts';

const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519'];

async function makeKey(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
  return { jwk, token: (claims = {}) => makeJwt(claims, { key: privateKey, header: { alg, kid } }) };
}

/** A server of keys that a test changes, and a verifier that asks it, whose time the test moves. */
async function setUp(test: Test, keys: JWK[]) {
  const answer = { keys, status: 200, body: undefined as string | undefined };
  const { url, requests } = await startHttp(test, (_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.body ?? JSON.stringify({ keys: answer.keys }));
  });
  const time = { now: 0 };
  const captured = captureLog();
  const verifier = new JwtVerifier(
    { issuer, audience, algorithms, key: { jwksUrl: new URL(`${url}/jwks.json`) } },
    captured.log,
    () => time.now,
  );
  test.teardown(() => verifier.close());
  const verify = async (token: string) => (await verifier.verify(token)).subject;
  return { answer, requests, time, verify, ...captured };
}

const refused = { code: 'CH041' };
const minute = 60_000;

t.test('every kind of key', async (test) => {
  const keys = await Promise.all(algorithms.map((alg) => makeKey(alg, alg)));
  const { verify, requests } = await setUp(
    test,
    keys.map(({ jwk }) => jwk),
  );
  for (const { jwk, token } of keys) test.equal(await verify(await token()), 'ann', String(jwk.kid));
  test.equal(requests.length, 1, 'the keys are asked for once');
  await test.rejects(
    verify(await (await makeKey('RS256', 'RS256')).token()),
    refused,
    'another key under a known name',
  );
  await test.rejects(verify(await makeJwt({}, { header: { kid: 'RS256' } })), refused, 'a secret');
});

t.test('a secret among the keys is none', async (test) => {
  const k = Buffer.from('x'.repeat(32)).toString('base64url');
  const { verify } = await setUp(test, [{ kty: 'oct', k, kid: 'secret', alg: 'HS256' }]);
  const token = await makeJwt({}, { key: Buffer.from('x'.repeat(32)), header: { kid: 'secret' } });
  await test.rejects(verify(token), refused);
});

t.test('rotated keys are found, withdrawn ones forgotten, floods held off', async (test) => {
  const [old, next, unknown] = await Promise.all(
    ['old', 'next', 'unknown'].map((kid) => makeKey('ES256', kid)),
  );
  if (old === undefined || next === undefined || unknown === undefined) throw new Error('no keys');
  const { answer, requests, time, verify } = await setUp(test, [old.jwk]);
  test.equal(await verify(await old.token()), 'ann');
  answer.keys = [old.jwk, next.jwk];
  await test.rejects(
    verify(await next.token()),
    refused,
    'within 30 seconds of the last fetch there is no other',
  );
  time.now += 31_000;
  test.equal(await verify(await next.token()), 'ann', 'then a key that is not known is looked for');
  test.equal(requests.length, 2);
  for (let tries = 0; tries < 20; tries++) await test.rejects(verify(await unknown.token()), refused);
  time.now += 31_000;
  await Promise.all(Array.from({ length: 20 }, async () => verify(await unknown.token()).catch(() => {})));
  test.equal(requests.length, 3, 'however many ask for it');
  answer.keys = [next.jwk];
  test.equal(await verify(await old.token()), 'ann', 'a key that was withdrawn is good for ten minutes');
  time.now += 11 * minute;
  await test.rejects(verify(await old.token()), refused, 'and no longer');
  test.equal(await verify(await next.token()), 'ann');
});

t.test('an outage is got over with the keys that are known', async (test) => {
  const key = await makeKey('EdDSA', 'a');
  const { answer, time, verify, logged } = await setUp(test, [key.jwk]);
  test.equal(await verify(await key.token()), 'ann');
  for (const failure of [
    { status: 500 },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"keys": 1}' },
    { status: 302 },
  ]) {
    Object.assign(answer, { body: undefined }, failure);
    time.now += 11 * minute;
    test.equal(await verify(await key.token()), 'ann', JSON.stringify(failure));
  }
  test.match(await logged(/keys of JWTs cannot be fetched/), { level: 'warn' });
  time.now += 25 * 60 * minute;
  await test.rejects(verify(await key.token()), { message: /cannot be fetched/ }, 'but not for ever');
  Object.assign(answer, { status: 200, body: undefined });
  time.now += 31_000;
  test.equal(await verify(await key.token()), 'ann');
});

t.test('what is enormous is not read', async (test) => {
  const key = await makeKey('EdDSA', 'a');
  const { answer, verify } = await setUp(test, [key.jwk]);
  answer.body = JSON.stringify({ keys: [key.jwk], padding: 'x'.repeat(1024 * 1024) });
  await test.rejects(verify(await key.token()), { message: /cannot be fetched/ });
});

t.test('over HTTP', async (test) => {
  const database = await createDatabase(test);
  const key = await makeKey('ES256', 'a');
  const keys = await startHttp(test, (_request, response) => {
    response.end(JSON.stringify({ keys: [key.jwk] }));
  });
  const config = { jwksUrl: `${keys.url}/keys`, jwtIssuer: issuer, jwtAudience: audience };
  const { call } = await startApi(test, database, config);
  test.equal((await call('GET', '/api/v1/tasks', { as: await key.token() })).status, 200);
  test.equal((await call('GET', '/api/v1/tasks', { as: await makeJwt() })).status, 401);
  const elsewhere = await makeKey('ES256', 'b');
  const jku = await makeJwt(
    {},
    {
      key: (await generateKeyPair('ES256')).privateKey,
      header: { alg: 'ES256', kid: 'a', jku: `${keys.url}/other` },
    },
  );
  test.equal((await call('GET', '/api/v1/tasks', { as: jku })).status, 401);
  test.equal((await call('GET', '/api/v1/tasks', { as: await elsewhere.token() })).status, 401);
  test.strictSame([...new Set(keys.requests.map(({ url }) => url))], ['/keys'], 'nothing else is asked for');

  const gone = await startApi(test, database, { ...config, jwksUrl: 'http://127.0.0.1:1/keys' });
  const { status, headers, json } = await gone.call('GET', '/api/v1/tasks', { as: await key.token() });
  test.match([status, headers['retry-after'], json.title], [503, '30', 'Service unavailable']);
});
