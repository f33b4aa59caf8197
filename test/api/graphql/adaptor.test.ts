// How statements of PostGraphile reach Postgres: as whom, in which transaction, and what connections keep of them.
import type { WithPgClient } from 'postgraphile/@dataplan/pg';
import t, { type Test } from 'tap';
import { localAdministrator } from '../../../src/api/auth/identify.ts';
import { serviceOf } from '../../../src/api/graphql/adaptor.ts';
import { pgSettings } from '../../../src/api/identity.ts';
import { Pool } from '../../../src/db/pool.ts';
import { createDatabase } from '../../support/database.ts';

const settings = pgSettings(localAdministrator, 'graphql');

/** One connection, so that what it keeps can be looked at. */
async function start(test: Test): Promise<{ pool: Pool; withPgClient: WithPgClient }> {
  const { url } = await createDatabase(test);
  const pool = new Pool({ connectionString: url, name: 'test adaptor', max: 1 });
  test.teardown(() => pool.end());
  const { adaptor, adaptorSettings } = serviceOf(pool, ['chime']);
  const withPgClient = (await adaptor?.createWithPgClient(
    adaptorSettings as never,
  )) as unknown as WithPgClient;
  return { pool, withPgClient };
}

const whoText = "select current_user::text as role, current_setting('chime.actor') as actor";

t.test('a statement runs as whoever asks, and nobody after it does', async (test) => {
  const { pool, withPgClient } = await start(test);
  for (const round of [1, 2]) {
    const { rows } = await withPgClient(settings, (client) => client.query({ text: whoText, name: 'who' }));
    test.strictSame(rows, [{ role: 'chime_admin', actor: 'local' }], `time ${round}`);
  }
  const { rows } = await pool.query(
    "select current_user = session_user as free, current_setting('chime.actor', true) as actor",
  );
  test.strictSame(rows, [{ free: true, actor: '' }]);
});

t.test('several statements in a transaction take effect together', async (test) => {
  const { withPgClient } = await start(test);
  const calendar = (name: string) => ({
    text: "select chime.set_calendar($1, array['2030-01-01'])",
    values: [name],
  });
  const count = async () => {
    const { rows } = await withPgClient<{ rows: readonly { n: number }[] }>(settings, (client) =>
      client.query<{ n: number }>({ text: 'select count(*)::integer as n from chime.calendars' }),
    );
    return rows[0]?.n;
  };
  await test.rejects(
    withPgClient(settings, (client) =>
      client.withTransaction(async (inner) => {
        await inner.query(calendar('one'));
        await inner.withTransaction((innermost) => innermost.query(calendar('two')));
        throw new Error('changed my mind');
      }),
    ),
    { message: 'changed my mind' },
  );
  test.equal(await count(), 0);
  await withPgClient(settings, (client) =>
    client.withTransaction(async (inner) => {
      const { rows } = await inner.query({ text: whoText });
      test.strictSame(rows, [{ role: 'chime_admin', actor: 'local' }]);
      await inner.query(calendar('one'));
    }),
  );
  test.equal(await count(), 1);
});

t.test('what a connection keeps of them', async (test) => {
  const { pool, withPgClient } = await start(test);
  const ask = (name: string, text: string, as = settings) =>
    withPgClient(as, (client) => client.query({ name, text }));
  const names = async () => {
    const { rows } = await pool.query<{ name: string }>(
      "select name from pg_prepared_statements where name not like 'chime\\_identity%' order by prepare_time",
    );
    return rows.map(({ name }) => name);
  };
  const user = { ...settings, role: 'chime_user' };
  await ask('one', 'select 1');
  await ask('one', 'select 1', user);
  test.strictSame(await names(), ['chime_admin_one', 'chime_user_one'], 'a plan for each role');
  await ask('search', 'select count(*) from chime.search_runs()');
  test.equal((await names()).length, 2, 'searches are planned anew');
  for (let n = 0; n < 99; n++) {
    await ask(`n${n}`, `select ${n}`);
    await ask('one', 'select 1');
  }
  const kept = await names();
  test.equal(kept.length, 100);
  test.ok(kept.includes('chime_admin_one'), 'what is used stays');
  test.notOk(kept.includes('chime_user_one'), 'what has not been used for longest goes');
  await ask('one', 'select 1', user);
  test.ok((await names()).includes('chime_user_one'), 'and can come again');
});
