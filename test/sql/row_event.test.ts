// Rows of somebody's table that raise events.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';

const database = await createDatabase();
const { handler, answers } = eventsOf(database);
const events = () => database.rows('select name, payload from chime.events order by created_at, id');
await database.rows(`
  create role shop_${process.pid} login;
  grant chime_user to shop_${process.pid};
  create role clerk_${process.pid};
  grant shop_${process.pid} to current_user;
  create schema shop authorization shop_${process.pid};
  set role shop_${process.pid};
  create table shop.orders (id integer primary key, state text, paid_at timestamptz);
  create trigger raise_events after insert or update or delete on shop.orders
    for each row execute function chime.raise_row_event('order');
  grant usage on schema shop to clerk_${process.pid};
  grant select, insert, update, delete on shop.orders to clerk_${process.pid};
  reset role`);
t.teardown(async () => {
  const client = await database.pool.connect();
  await client.query(
    `drop owned by shop_${process.pid} cascade; drop role shop_${process.pid}, clerk_${process.pid}`,
  );
  client.release();
});
t.beforeEach(() => database.rows('delete from chime.events'));

t.test('inserted, updated, deleted', async (test) => {
  const id = await handler(
    `event => 'order.updated', filter => '{"new": {"state": "paid"}}', payload => '{"order": "{{payload.new.id}}"}'`,
  );
  const client = await database.connect(test);
  await client.query(`set role clerk_${process.pid}`);
  await client.query("insert into shop.orders values (1, 'new')");
  await client.query("update shop.orders set state = 'paid', paid_at = '2026-03-01 12:00:00Z'");
  await client.query('delete from shop.orders');
  const table = { schema: 'shop', table: 'orders' };
  const fresh = { id: 1, state: 'new', paid_at: null };
  const paid = { id: 1, state: 'paid', paid_at: '2026-03-01T12:00:00+00:00' };
  test.strictSame(await events(), [
    { name: 'order.inserted', payload: { ...table, operation: 'insert', new: fresh } },
    { name: 'order.updated', payload: { ...table, operation: 'update', new: paid, old: fresh } },
    { name: 'order.deleted', payload: { ...table, operation: 'delete', old: paid } },
  ]);
  test.hasStrict(await answers(id), [{ payload: { order: 1 } }]);
});

t.test('together with the row, or not at all', async (test) => {
  const client = await database.connect(test);
  await client.query("begin; insert into shop.orders values (2, 'new')");
  test.strictSame(await events(), []);
  await client.query('rollback');
  test.strictSame(await events(), []);
  await client.query("insert into shop.orders select n, 'new' from generate_series(10, 109) n");
  test.equal((await events()).length, 100);
});

t.test('a row that is too large is written all the same', async (test) => {
  await database.rows("insert into shop.orders values (3, repeat('x', 300000))");
  test.strictSame(await events(), [
    {
      name: 'order.inserted',
      payload: { schema: 'shop', table: 'orders', operation: 'insert', too_large: true },
    },
  ]);
});

t.test('the name is that of the table where none is given, and a tenant can be', async (test) => {
  const tenant = '00000000-0000-0000-0000-00000000000c';
  await database.rows(`
    create table shop.invoices (id integer);
    create trigger plain after insert on shop.invoices for each row execute function chime.raise_row_event();
    create table shop.bills (id integer);
    create trigger theirs after insert on shop.bills for each row execute function chime.raise_row_event('bill', '${tenant}');
    insert into shop.invoices values (1);
    insert into shop.bills values (1)`);
  test.strictSame(await database.rows('select name, tenant_id from chime.events order by name'), [
    { name: 'bill.inserted', tenant_id: tenant },
    { name: 'invoices.inserted', tenant_id: '00000000-0000-0000-0000-000000000001' },
  ]);
});

t.test('triggers that cannot raise events say so', async (test) => {
  await database.rows(`
    create table shop.early (id integer);
    create trigger wrong before insert on shop.early for each row execute function chime.raise_row_event('x');
    create table shop.whole (id integer);
    create trigger wrong after insert on shop.whole for each statement execute function chime.raise_row_event('x');
    create table shop.named (id integer);
    create trigger wrong after insert on shop.named for each row execute function chime.raise_row_event('chime.x');
    create table shop.odd (id integer);
    create trigger wrong after insert on shop.odd for each row execute function chime.raise_row_event('a b')`);
  for (const table of ['early', 'whole', 'named', 'odd'])
    test.match(await database.error(`insert into shop.${table} values (1)`), { code: 'CH007' }, table);
});

t.test('a conversion to JSON that somebody wrote does not run with the rights of the owner', async (test) => {
  await database.rows(`
    create type shop.spy as enum ('a');
    create function shop.spy_json(shop.spy) returns json language sql as $$ select to_json(current_user::text) $$;
    create cast (shop.spy as json) with function shop.spy_json(shop.spy);
    create table shop.spies (s shop.spy);
    create trigger raise_events after insert on shop.spies for each row execute function chime.raise_row_event('spy');
    grant usage on schema shop to public;
    grant execute on function shop.spy_json to public;
    insert into shop.spies values ('a')`);
  test.hasStrict(await events(), [{ payload: { new: { s: 'chime_reporter' } } }]);
});

t.test('who may not call trigger_event makes no such trigger', async (test) => {
  const client = await database.connect(test);
  await client.query(
    `grant create on schema shop to clerk_${process.pid}; set role clerk_${process.pid}; create table shop.own (id integer)`,
  );
  await test.rejects(
    client.query(
      "create trigger x after insert on shop.own for each row execute function chime.raise_row_event('x')",
    ),
    { code: '42501' },
  );
});
