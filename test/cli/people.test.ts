// Tenants, users and tokens from the command line.
import { createHash } from 'node:crypto';
import t from 'tap';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { as, defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
const { run, runJson } = commandsOn(database.url);

t.test('tenants', async (test) => {
  const made = await runJson('tenant', 'create', 'Acme & Söhne');
  test.match(made.data, { name: 'Acme & Söhne', id: /^[0-9a-f-]{36}$/ });
  test.match((await runJson('tenant', 'list')).data, [
    { name: 'Acme & Söhne' },
    { id: defaultTenant, name: 'default' },
  ]);
  test.match(await run('tenant', 'list'), {
    code: 0,
    stdout: /^name +id +created\nAcme & Söhne +[0-9a-f-]{36} +\d{4}-/,
  });
  test.match(await run('tenant', 'create', 'default'), {
    code: 2,
    stderr: /Another tenant has the name "default"/,
  });
});

t.test('users', async (test) => {
  test.match(await run('user', 'list'), { code: 0, stdout: /^No users/ });
  const ann = await person(database, 'default', 'ann@example.com');
  const zoe = await person(database, 'Acme & Söhne', 'zoe');
  test.match((await runJson('user', 'list')).data, [
    { id: ann.userId, subject: 'ann@example.com', status: 'active' },
  ]);
  test.match((await runJson('user', 'list', '--tenant', 'Acme & Söhne')).data, [{ id: zoe.userId }]);
  test.match(await run('user', 'block', 'ann@example.com'), { code: 0, stdout: 'Blocked ann@example.com\n' });
  test.match(await run('user', 'list'), { stdout: /ann@example\.com +\S+ +blocked/ });
  await test.rejects(person(database, 'default', 'ann@example.com'), { code: 'CH041' });
  test.match((await runJson('user', 'unblock', ann.userId)).data, { status: 'active' });
  test.match(await run('user', 'block', 'zoe'), { code: 3, stderr: /There is no user "zoe"/ });
  test.match(await run('user', 'block', zoe.userId), { code: 3 }, 'of another tenant');
  test.match(await run('user', 'block', 'zoe', '--tenant', zoe.tenantId), { code: 0 });
  test.match(await run('user', 'list', '--tenant', 'nowhere'), {
    code: 3,
    stderr: /There is no tenant "nowhere"/,
  });
});

t.test('check-ins, and what is said to people', async (test) => {
  const bob = await person(database, 'default', 'bob@example.com');
  test.match(await run('message', 'list'), { code: 0, stdout: 'There are none.\n' });
  test.match(
    await run('user', 'check-in', 'bob@example.com', '09:00', '--days', '1,2', '--silence', '3 hours'),
    {
      code: 0,
      stdout: 'bob@example.com is asked at 09:00, the time zone of the tenant\n',
    },
  );
  test.match((await runJson('message', 'list', '--user', 'bob@example.com', '--status', 'pending')).data, [
    { purpose: 'check_in', userId: bob.userId, status: 'pending', runId: null, content: null },
  ]);
  test.match(await run('message', 'list', '--purpose', 'check_in'), {
    code: 0,
    stdout: /^at +what +status +user +text\n\S+T09:00:00Z +check in +pending +[0-9a-f-]{36}\s*$/,
  });
  test.match(await run('message', 'list', '--status', 'failed'), { stdout: 'There are none.\n' });
  test.match(await run('user', 'check-in', 'bob@example.com', '09:00', '--days', 'Monday'), { code: 2 });
  test.match(await run('user', 'check-in', 'bob@example.com', 'noon'), { code: 2, stderr: /noon/ });
  test.match((await runJson('user', 'check-in', 'bob@example.com', 'off')).data, {
    preferredMessageTime: null,
  });
  test.match(await run('message', 'list'), { stdout: 'There are none.\n' });
});

t.test('all of a user, exported and forgotten', async (test) => {
  const eve = await person(database, 'default', 'eve');
  await as(
    database,
    eve,
    "select chime.create_schedule(task => 'noop', cron => '0 9 * * *', name => 'swim')",
  );
  test.match((await runJson('user', 'export', 'eve')).data, {
    person: { subject: 'eve' },
    schedules: [{ name: 'swim', rule_in_words: 'at 09:00 every day, UTC' }],
  });
  test.match(await run('user', 'forget', 'eve'), { code: 2, stderr: /eve would be removed.*\n.*--yes/ });
  test.match(await run('user', 'forget', 'eve', '--yes'), {
    code: 0,
    stdout: 'Forgotten eve: schedules 1\n',
  });
  test.match(await run('user', 'list'), { stdout: new RegExp(`forgotten:${eve.userId} +forgotten`) });
  test.match(await run('user', 'export', 'eve'), { code: 3 });
  test.match(
    (await runJson('user', 'forget', eve.userId, '--yes')).data,
    { schedules: 0 },
    'again does no harm',
  );
  await database.rows('delete from chime.users where id = $1', [eve.userId]);
});

t.test('tokens', async (test) => {
  test.match(await run('token', 'list'), { code: 0, stdout: 'No tokens.\n' });
  const made = await run('token', 'create', '--name', 'deploy', '--role', 'admin', '--expires', '90 days');
  const [, id, secret] =
    /^Created ([0-9a-f-]{36})\n(chime_\S{43})\nKeep it now: it is shown this once\.\n$/.exec(made.stdout) ??
    [];
  const identity = (token: string | undefined) =>
    database.row('select * from chime_private.token_identity($1)', [
      createHash('sha256')
        .update(token ?? '')
        .digest(),
    ]);
  test.match(await identity(secret), {
    tenant_id: defaultTenant,
    user_id: null,
    role: 'admin',
    name: 'deploy',
  });
  const own = await runJson(
    'token',
    'create',
    '--name',
    'phone',
    '--role',
    'user',
    '--user',
    'ann@example.com',
    '--expires',
    '2999-01-01',
  );
  const { secret: phone } = own.data as { secret: string };
  test.match(await identity(phone), { role: 'user', expires_at: new Date('2999-01-01T00:00Z') });
  const listed = await run('token', 'list');
  test.match(
    listed.stdout,
    /^name +role +user +begins +state +last used +id\nphone +user +ann@example\.com +chime_\S{6} +valid, expires in \S+ .*\ndeploy +admin +chime_\S{6} +valid, expires in (89|90) d/,
  );
  test.notOk(listed.stdout.includes(phone.slice(12)));
  test.match((await runJson('token', 'list')).data, [
    { name: 'phone', userSubject: 'ann@example.com', revokedAt: null },
    { name: 'deploy', id },
  ]);
  test.match(await run('token', 'revoke', id as string), { code: 0, stdout: `Revoked ${id}\n` });
  await test.rejects(identity(secret), { code: 'CH041' });
  test.match(await run('token', 'list'), { stdout: /deploy.* revoked / });
  test.match(await run('token', 'revoke', defaultTenant), { code: 3, stderr: /There is no token/ });
  test.match(await run('token', 'revoke', 'x'), { code: 2, stderr: /error: "x" is not an id/ });
  test.match(await run('token', 'create', '--name', 'x', '--role', 'root'), {
    code: 2,
    stderr: /Allowed choices are user, admin, reporter/,
  });
  test.match(await run('token', 'create', '--name', 'x'), { code: 2, stderr: /--role/ });
  test.match(await run('token', 'create', '--name', 'x', '--role', 'user'), {
    code: 2,
    stderr: /user_id is missing.*\n.*chime user list/,
  });
  test.match(await run('token', 'create', '--name', 'x', '--role', 'user', '--user', 'zoe'), { code: 3 });
  test.match(await run('token', 'create', '--name', 'x', '--role', 'admin', '--expires', 'soon'), {
    code: 2,
    stderr: /interval/,
  });
  test.match(await run('token', 'create', '--name', 'x', '--role', 'admin', '--expires', '2020-01-01'), {
    code: 2,
    stderr: /in the future/,
  });
  test.match(
    (await runJson('token', 'create', '--name', 'theirs', '--role', 'reporter', '--tenant', 'Acme & Söhne'))
      .data,
    { secret: /^chime_/ },
  );
  test.equal(((await runJson('token', 'list')).data as unknown[]).length, 2, 'each tenant has its own');
});

t.test('tags', async (test) => {
  const made = await runJson(
    'schedule',
    'create',
    '--task',
    'noop',
    '--cron',
    '@daily',
    '--key',
    'k',
    '--tag',
    'red',
    '--tag',
    'green',
  );
  test.match(made.data, { schedule: { tags: ['red', 'green'] } });
  await run('schedule', 'create', '--task', 'noop', '--cron', '@daily', '--key', 'other');
  const keys = async (...args: string[]) =>
    ((await runJson('schedule', 'list', ...args)).data as { key: string }[]).map(({ key }) => key).sort();
  test.strictSame(await keys(), ['k', 'other']);
  test.strictSame(await keys('--tag', 'green'), ['k']);
  test.strictSame(await keys('--tag', 'blue'), []);
  test.match(await run('schedule', 'show', 'k'), { stdout: /\ntags +red, green\n/ });
  test.match((await runJson('schedule', 'update', 'k', '--tag', 'blue')).data, {
    schedule: { tags: ['blue'] },
  });
});
