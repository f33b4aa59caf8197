// The tenant that a session acts for.
import t from 'tap';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const client = await database.connect(t);
await client.query('set role chime_user');

async function tenantOf(setting: string): Promise<string> {
  await client.query("select set_config('chime.tenant_id', $1, false)", [setting]);
  return (await client.query('select chime.current_tenant() as id')).rows[0].id;
}

const id = '00000000-0000-0000-0000-0000000000af';

t.test('any way to write a UUID is as good, and none is the default tenant', async (test) => {
  await client.query('reset chime.tenant_id');
  const { rows } = await client.query('select chime.current_tenant() as id');
  test.strictSame(rows, [{ id: '00000000-0000-0000-0000-000000000001' }]);
  test.equal(await tenantOf(''), '00000000-0000-0000-0000-000000000001');
  const bare = id.replaceAll('-', '');
  for (const text of [
    id,
    id.toUpperCase(),
    `{${id}}`,
    bare,
    `{${bare}}`,
    bare.replace(/.{4}(?=.)/g, '$&-'),
  ]) {
    test.equal(await tenantOf(text), id, text);
  }
});

t.test('what is no UUID is said to be none', async (test) => {
  const texts = [
    'acme',
    ' ',
    `${id} `,
    `{${id}`,
    `${id}}`,
    id.slice(1),
    `${id}0`,
    id.replace('f', 'g'),
    '0-0',
  ];
  for (const text of [...texts, id.replace('-', '--'), `-${id}`, `${id}\n`, 'é'.repeat(36)]) {
    await test.rejects(
      tenantOf(text),
      {
        code: 'CH007',
        message: /^chime\.tenant_id is ".*", which is no UUID\.$/,
        detail: '{"field": "chime.tenant_id"}',
      },
      JSON.stringify(text),
    );
  }
  await test.rejects(
    client.query("select * from chime.create_schedule(task => 'noop', cron => '@daily')"),
    { code: 'CH007' },
    'whatever is called',
  );
});

t.test('it costs no call: the planner puts it in the place of each', async (test) => {
  const { rows } = await client.query(
    'explain (verbose) select from generate_series(1, 2) n where n is not null and chime.current_tenant() is null',
  );
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  test.match(plan, /current_setting/);
  test.notMatch(plan, /current_tenant/);
});
