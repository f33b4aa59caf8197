// Statements in one message: what comes back, what fails together, and what a connection is afterwards.
import pg from 'pg';
import t, { type Test } from 'tap';
import { hasPrepared, type Prepared, queryAfter } from '../../src/db/together.ts';
import { createEmptyDatabase } from '../support/database.ts';

const setting = (name: string, value: string): Prepared & { values: unknown[] } => ({
  ...{ name: 'set_one', text: 'select set_config($1, $2, true)' },
  values: [name, value],
});
const shown = "select current_setting('test.word', true) as word";

async function connect(test: Test): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await createEmptyDatabase(test) });
  await client.connect();
  test.teardown(() => client.end());
  await client.query('create table written (word text)');
  await client.query(setting('test.word', ''));
  return client;
}

t.test('settings hold for the query, and end with it', async (test) => {
  const client = await connect(test);
  test.ok(hasPrepared(client, [setting('a', 'b')]));
  test.notOk(hasPrepared(client, [{ name: 'set_one', text: 'select 1' }]), 'by its text, too');
  const words = await queryAfter(client, [setting('test.word', 'here'), setting('test.other', 'there')], {
    name: 'shown',
    text: `${shown}, current_setting('test.other') as other, n from generate_series(1, $1::integer) n`,
    values: [2],
  });
  test.strictSame(
    words.rows,
    [1, 2].map((n) => ({ word: 'here', other: 'there', n })),
    'its rows, and not those of what was before it',
  );
  test.strictSame((await client.query(shown)).rows, [{ word: '' }]);
  const again = await queryAfter(client, [setting('test.word', 'anew')], { text: shown, rowMode: 'array' });
  test.strictSame(again.rows, [['anew']]);
});

t.test('where what is before it fails, the query is not executed', async (test) => {
  const client = await connect(test);
  const write = { name: 'write', text: 'insert into written values ($1)', values: ['no'] };
  await test.rejects(queryAfter(client, [setting('role', 'nobody_of_that_name')], write), { code: '22023' });
  await test.rejects(queryAfter(client, [{ name: 'never_prepared', text: '' }], write), { code: '26000' });
  test.strictSame((await client.query('select * from written')).rows, []);
  await queryAfter(client, [setting('test.word', 'x')], { ...write, values: ['yes'] });
  test.strictSame((await client.query('select * from written')).rows, [{ word: 'yes' }]);
});

t.test('a query that fails takes all with it, and leaves the connection as it was', async (test) => {
  const client = await connect(test);
  await client.query({ name: 'note', text: 'insert into written values ($1)', values: ['before'] });
  const note: Prepared = { name: 'note', text: 'insert into written values ($1)', values: ['together'] };
  await test.rejects(queryAfter(client, [note], { text: 'select 1 / $1::integer', values: [0] }), {
    code: '22012',
    stack: /together\.test\.ts/,
  });
  await test.rejects(queryAfter(client, [note], { name: 'wrong', text: 'select wrong' }), { code: '42703' });
  await client.query('alter table written add wrong text');
  await queryAfter(client, [note], { name: 'wrong', text: 'select wrong from written' });
  test.strictSame((await client.query('select word from written')).rows, [
    { word: 'before' },
    { word: 'together' },
  ]);
});

t.test('a transaction that begins with its settings in one message goes on', async (test) => {
  const client = await connect(test);
  const begin: Prepared = { name: 'begin', text: 'begin' };
  await client.query(begin as pg.QueryConfig);
  await client.query('rollback');
  await queryAfter(client, [begin], setting('test.word', 'within'));
  test.strictSame((await client.query(shown)).rows, [{ word: 'within' }]);
  await client.query('rollback');
  test.strictSame((await client.query(shown)).rows, [{ word: '' }]);
});
