// Who may sign in: people that tokens name, and programs with tokens of their own.
import { createHash, randomUUID } from 'node:crypto';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-02 00:00Z');
const boss = await person(database, 'default', 'boss', 'admin');

type Claims = [tenant: string | null, subject: string | null, role: string | null, ...string[]];
const signIn = (...claims: Claims) =>
  database.row<{ tenant_id: string; user_id: string }>(
    `select * from chime_private.sign_in(${claims.map((_, index) => `$${index + 1}`).join(', ')})`,
    claims,
  );
/** How often a table was written since it was made. */
const version = (id: string) =>
  database.value('select xmin::text || ctid::text from chime.users where id = $1', [id]);

t.test('a user appears when a token names it first, and is the same from then on', async (test) => {
  const first = await signIn('default', 'sub-1', 'user', 'Ann', 'de-AT', 'Europe/Vienna');
  test.equal(first.tenant_id, defaultTenant);
  const before = await version(first.user_id);
  test.strictSame(
    await signIn(defaultTenant.toUpperCase(), 'sub-1', 'user', 'Ann', 'de-AT', 'Europe/Vienna'),
    first,
  );
  test.strictSame(await signIn('default', 'sub-1', 'admin'), first, 'the tenant by its name or its id');
  test.equal(await version(first.user_id), before, 'nothing is written where nothing changed');
  await signIn('default', 'sub-1', 'user', 'Anna', '', 'Nowhere/Else');
  test.match(await database.row('select * from chime.users where id = $1', [first.user_id]), {
    subject: 'sub-1',
    name: 'Anna',
    locale: 'de-AT',
    timezone: 'Europe/Vienna',
    status: 'active',
  });
  const { id } = await database.row<{ id: string }>("select id from chime.create_tenant('second')");
  const namesake = await signIn('second', 'sub-1', 'user');
  test.equal(namesake.tenant_id, id);
  test.not(namesake.user_id, first.user_id, 'in another tenant it is somebody else');
  const many = await Promise.all(Array.from({ length: 20 }, () => signIn('default', 'at once', 'user')));
  test.equal(new Set(many.map((row) => row.user_id)).size, 1);
});

t.test('who is refused', async (test) => {
  const before = await database.value('select count(*) from chime.users');
  const claims: Claims[] = [
    ['nowhere', 'x', 'user'],
    [randomUUID(), 'x', 'user'],
    [null, 'x', 'user'],
    ['default', '', 'user'],
    ['default', null, 'user'],
    ['default', 'x'.repeat(256), 'user'],
    ['default', 'x', 'root'],
    ['default', 'x', 'chime_admin'],
    ['default', 'x', null],
  ];
  for (const claim of claims)
    await test.rejects(signIn(...claim), { code: 'CH041' }, JSON.stringify(claim).slice(0, 60));
  test.equal(await database.value('select count(*) from chime.users'), before);
  const ann = await person(database, 'default', 'blocked one');
  await test.rejects(as(database, ann, 'select chime.block_user($1)', [ann.userId]), { code: 'CH042' });
  await as(database, boss, 'select chime.block_user($1)', [ann.userId]);
  await test.rejects(signIn('default', 'blocked one', 'user'), {
    code: 'CH041',
    message: 'This user may not sign in.',
  });
  await as(database, boss, 'select chime.unblock_user($1)', [ann.userId]);
  test.equal((await signIn('default', 'blocked one', 'user')).user_id, ann.userId);
  await database.rows("update chime.users set status = 'forgotten' where id = $1", [ann.userId]);
  await test.rejects(signIn('default', 'blocked one', 'user'), { code: 'CH041' });
  await test.rejects(as(database, boss, 'select chime.unblock_user($1)', [ann.userId]), { code: 'CH013' });
  await test.rejects(as(database, boss, 'select chime.block_user($1)', [randomUUID()]), { code: 'CH015' });
});

t.test('tenants have names of their own', async (test) => {
  const refused = async (name: string) =>
    (await database.error('select chime.create_tenant($1)', [name])).message;
  test.equal(await refused('second'), 'Another tenant has the name "second".');
  test.match(await refused(''), /1 to 200 characters/);
  test.match(await refused(defaultTenant), /must not look like an id/);
});

const hashOf = (secret: string) => createHash('sha256').update(secret).digest();
const identityOf = (secret: string) =>
  database.row('select * from chime_private.token_identity($1)', [hashOf(secret)]);
const make = async (role: string, user: string | null, expires: string | null = null) =>
  (
    await as<{ id: string; secret: string }>(
      database,
      boss,
      "select id, secret from chime.create_api_token('ci', $1::chime.access_role, $2, $3)",
      [role, user, expires],
    )
  )[0] as { id: string; secret: string };

t.test('a token of a program', async (test) => {
  const { id, secret } = await make('admin', null, '2026-03-03 00:00Z');
  test.match(secret, /^chime_[A-Za-z0-9_-]{43}$/);
  const row = await database.row('select * from chime.api_tokens where id = $1', [id]);
  test.match(row, {
    prefix: secret.slice(0, 12),
    created_by: 'boss',
    hash: hashOf(secret),
    last_used_at: null,
  });
  test.notOk(
    JSON.stringify(await database.rows('select * from chime.api_tokens')).includes(secret.slice(12)),
    'the secret is kept nowhere',
  );
  test.strictSame(await identityOf(secret), {
    tenant_id: defaultTenant,
    user_id: null,
    role: 'admin',
    name: 'ci',
    expires_at: new Date('2026-03-03T00:00Z'),
  });
  const secrets = new Set(
    await Promise.all(Array.from({ length: 50 }, async () => (await make('reporter', null)).secret)),
  );
  test.equal(secrets.size, 50);
  for (const wrong of [`${secret}x`, secret.slice(0, -1), secret.toLowerCase(), '', 'chime_'])
    await test.rejects(identityOf(wrong), { code: 'CH041' }, 'a wrong one');
  await now.set('2026-03-03 00:00Z');
  await test.rejects(
    identityOf(secret),
    { code: 'CH041', message: 'The token is not valid, or not any more.' },
    'over',
  );
  await now.set('2026-03-02 00:00Z');
});

t.test('a token that is revoked, or whose user is blocked', async (test) => {
  const ann = await person(database, 'default', 'token owner');
  const { id, secret } = await make('user', ann.userId);
  test.match(await identityOf(secret), { user_id: ann.userId, role: 'user' });
  await as(database, boss, 'select chime.block_user($1)', [ann.userId]);
  await test.rejects(identityOf(secret), { code: 'CH041' });
  await test.rejects(make('user', ann.userId), { code: 'CH015' });
  await as(database, boss, 'select chime.unblock_user($1)', [ann.userId]);
  test.match(await identityOf(secret), { user_id: ann.userId });
  test.strictSame(
    await as(database, ann, 'select id, name from chime.api_tokens'),
    [{ id, name: 'ci' }],
    'its own',
  );
  await test.rejects(as(database, ann, 'select chime.revoke_api_token($1)', [id]), { code: 'CH042' });
  await as(database, boss, 'select chime.revoke_api_token($1)', [id]);
  await test.rejects(identityOf(secret), { code: 'CH041' });
  await as(database, boss, 'select chime.revoke_api_token($1)', [id]);
});

t.test('what no token can be', async (test) => {
  const stranger = await person(database, 'second', 'stranger');
  await test.rejects(make('user', null), { code: 'CH007', detail: '{"field": "user_id"}' });
  await test.rejects(make('user', stranger.userId), { code: 'CH015' }, 'a user of another tenant');
  await test.rejects(make('admin', null, '2026-03-01 00:00Z'), {
    code: 'CH007',
    detail: '{"field": "expires_at"}',
  });
  await test.rejects(make('owner', null), { code: '22P02' });
});

t.test('that it was used is noted every five minutes, and nobody waits for it', async (test) => {
  const { id, secret } = await make('admin', null);
  const used = () => database.value('select last_used_at from chime.api_tokens where id = $1', [id]);
  await identityOf(secret);
  test.same(await used(), new Date('2026-03-02T00:00Z'));
  await now.advance('4 minutes');
  await identityOf(secret);
  test.same(await used(), new Date('2026-03-02T00:00Z'));
  await now.advance('2 minutes');
  const client = await database.connect(test);
  await client.query('begin');
  await client.query('select from chime.api_tokens where id = $1 for update', [id]);
  await identityOf(secret);
  await client.query('rollback');
  await identityOf(secret);
  test.same(await used(), new Date('2026-03-02T00:06Z'));
});
