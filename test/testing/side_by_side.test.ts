// Test databases: several at once, none in another's way, nothing left of them; and no other database gets such a clock.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import t from 'tap';
import { z } from 'zod';
import { defineTask, InvalidConfigError } from '../../src/index.ts';
import { createTestChime } from '../../src/testing.ts';
import { createDatabase } from '../support/database.ts';

const connectionString = process.env.TEST_SERVER_URL as string;

t.test('two at once, each with its own time', async (test) => {
  const tell = defineTask({
    name: 'tell',
    payload: z.object({}),
    run: ({ run }) => run.startedAt.toISOString(),
  });
  const all = await Promise.all(
    ['2026-01-01', '2030-06-15', '1999-12-31'].map((now) =>
      createTestChime({ connectionString, tasks: { tell }, now }),
    ),
  );
  test.equal(new Set(all.map(({ url }) => url)).size, 3);
  await Promise.all(
    all.map(async ({ chime, clock }) => {
      await chime.schedule(tell, { every: '1 hour', key: 'tell', anchor: clock.now });
      await clock.advanceBy('3 hours');
    }),
  );
  test.strictSame(
    all.map(({ outbox }) => outbox.map(({ text: said }) => said.slice(0, 13))),
    ['2026-01-01', '2030-06-15', '1999-12-31'].map((day) =>
      ['01', '02', '03'].map((hour) => `${day}T${hour}`),
    ),
  );
  const names = all.map(({ url }) => new URL(url).pathname.slice(1));
  await Promise.all(all.flatMap((each) => [each.stop(), each[Symbol.asyncDispose]()]));
  const client = new pg.Client({ connectionString });
  await client.connect();
  test.teardown(() => client.end());
  const { rows } = await client.query('select from pg_database where datname = any ($1)', [names]);
  test.equal(rows.length, 0, 'nothing is left');
});

t.test('any other database keeps its clock', async (test) => {
  const database = await createDatabase(test);
  const made = await createTestChime({ connectionString: database.url, now: '2001-01-01' });
  test.teardown(() => made.stop());
  test.not(made.url, database.url);
  test.equal(made.clock.now.getUTCFullYear(), 2001);
  test.ok(
    await database.value(
      "select chime.now() between now() - interval '1 hour' and now() + interval '1 hour'",
    ),
  );
  test.equal(await database.value("select to_regclass('chime_private.test_now')"), null);
  const admin = await database.connect(test);
  await admin.query('set role chime_admin');
  await test.rejects(
    admin.query(
      'create or replace function chime.now() returns timestamptz language sql as $$ select now() $$',
    ),
    {
      code: '42501',
    },
  );
});

t.test('what cannot be tested is refused, and leaves nothing behind', async (test) => {
  const database = await createDatabase(test);
  // A role of this test's own, so that what it leaves can be told from what others make meanwhile.
  const role = `tester_${randomBytes(4).toString('hex')}`;
  await database.rows(`create role ${role} superuser login password 'test'`);
  test.teardown(() => database.rows(`drop role ${role}`));
  const url = new URL(connectionString);
  url.username = role;
  url.password = 'test';
  const databases = () =>
    database.value<number>('select count(*)::integer from pg_database where datdba = $1::regrole', [role]);
  const made = await createTestChime({ connectionString: url.href });
  test.equal(await databases(), 1);
  await made.stop();
  const asks = defineTask({
    handlerType: 'agent',
    name: 'asks',
    payload: z.object({}),
    run: ({ agent }) => agent,
  });
  await test.rejects(createTestChime({ connectionString: url.href, tasks: { asks } }), InvalidConfigError);
  await test.rejects(createTestChime({ connectionString: url.href, now: 'noon' }), { code: 'CH007' });
  const own = defineTask({ name: 'send_message', payload: z.object({}), run: () => {} });
  await test.rejects(createTestChime({ connectionString: url.href, tasks: { own } }), InvalidConfigError);
  test.equal(await databases(), 0);
});

t.test('with a Postgres of its own, which ends with the process', async (test) => {
  const program = `
    import { createTestChime } from ${JSON.stringify(new URL('../../testing.js', import.meta.url).href)};
    const [one, two] = await Promise.all([createTestChime({ now: '2026-01-01' }), createTestChime()]);
    await one.chime.scheduleOnce('send_message', { at: '2026-01-01T12:00:00Z', payload: { text: 'at noon' } });
    await one.clock.advanceBy('1 day');
    console.log(one.outbox[0].text, new URL(one.url).port === new URL(two.url).port, one.url);`;
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-'));
  await fs.chmod(dir, 0o755);
  test.teardown(() => fs.rm(dir, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const said = (await text(child.stdout)).trim().split(' ');
  test.strictSame(await exited, [0, null]);
  test.strictSame(said.slice(0, 3), ['at', 'noon', 'true']);
  test.strictSame(await fs.readdir(dir), [], 'nothing is left');
  const client = new pg.Client({ connectionString: said[3] as string });
  await test.rejects(client.connect(), { code: 'ECONNREFUSED' });
});
