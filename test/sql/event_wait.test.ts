// Events whose runs come later: delayed ones, and the latest of those that come thick and fast.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const start = '2026-03-01 12:00:00Z';
const now = await MovableNow.install(database, start);
const { tick, jobs } = shorthand(database);
const { handler, raise, answers, waiting } = eventsOf(database);
const after = (seconds: number) => new Date(Date.parse(start) + seconds * 1000);
const payloads = async (id: string) => (await answers(id)).map(({ payload }) => payload);

t.beforeEach(async () => {
  await database.rows(
    'select chime.delete_event_handler(id) from chime.event_handlers where deleted_at is null',
  );
  await database.rows('delete from chime_private.event_waits');
  await now.set(start);
});

t.test('a delay', async (test) => {
  const id = await handler("event => 'a', delay => '10 minutes'");
  await raise('a', { n: 1 });
  await now.advance('1 minute');
  await raise('a', { n: 2 });
  test.strictSame(await answers(id), []);
  test.hasStrict(await tick(), { fired: 0, next_due_at: after(600) });
  await now.set('2026-03-01 12:09:59.999Z');
  test.hasStrict(await tick(), { fired: 0 });
  await now.set('2026-03-01 12:10:30Z');
  const before = await jobs();
  test.hasStrict(await tick(), { fired: 1, more: false, next_due_at: after(660) });
  test.hasStrict(await answers(id), [
    { payload: { n: 1 }, status: 'queued', scheduled_for: after(600), due_at: after(600) },
  ]);
  test.equal(await jobs(), before + 1);
  test.hasStrict(await tick(), { fired: 0 }, 'once');
  await now.advance('1 hour');
  await tick();
  test.strictSame(await payloads(id), [{ n: 1 }, { n: 2 }]);
  test.equal(await waiting(), 0);
});

t.test('a debounce: the latest, when no further one came for so long', async (test) => {
  const id = await handler("event => 'd', debounce => '1 minute'");
  for (let n = 1; n <= 5; n++) {
    await raise('d', { n });
    await now.advance('50 seconds');
    test.hasStrict(await tick(), { fired: 0 });
  }
  await now.advance('9 seconds');
  test.hasStrict(await tick(), { fired: 0 });
  await now.advance('1 second');
  test.hasStrict(await tick(), { fired: 1 });
  test.hasStrict(await answers(id), [{ payload: { n: 5 }, scheduled_for: after(4 * 50 + 60) }]);
  test.equal(await waiting(), 0);
  await raise('d', { n: 6 });
  await now.advance('1 hour');
  test.hasStrict(await tick(), { fired: 1 });
  test.strictSame(await payloads(id), [{ n: 5 }, { n: 6 }]);
});

t.test('a debounce by a value of the payload', async (test) => {
  const id = await handler("event => 'order.*', debounce => '1 minute', debounce_by => 'payload.order.id'");
  const orders = [1, 2, '1', 1, { deep: 'x'.repeat(10_000) }, { deep: 'x'.repeat(10_000) }, undefined, null];
  for (const [n, order] of orders.entries()) await raise('order.changed', { n, order: { id: order } });
  await now.advance('1 minute');
  test.hasStrict(await tick(), { fired: 5 });
  test.strictSame(
    (await payloads(id)).map((payload) => (payload as { n: number }).n).sort(),
    [1, 2, 3, 5, 7],
    'what is missing and null is one value, 1 and "1" are two',
  );
});

t.test('the handler as it is when the time comes', async (test) => {
  const changed = await handler("event => 'h', delay => '1 minute', payload => '{\"v\": 1}'");
  const disabled = await handler("event => 'h', delay => '1 minute'");
  const deleted = await handler("event => 'h', delay => '1 minute'");
  test.hasStrict(await raise('h'), { handler_count: 3 });
  await database.rows('select chime.update_event_handler($1, \'{"payload": {"v": 2}, "delay": null}\')', [
    changed,
  ]);
  await database.rows('select chime.disable_event_handler($1)', [disabled]);
  await database.rows('select chime.delete_event_handler($1)', [deleted]);
  await now.advance('1 minute');
  test.hasStrict(await tick(), { fired: 1 });
  test.strictSame(await payloads(changed), [{ v: 2 }]);
  test.strictSame([...(await answers(disabled)), ...(await answers(deleted))], []);
  test.equal(await waiting(), 0);
});

t.test('a debounce that becomes shorter does not bring back an older event', async (test) => {
  const id = await handler("event => 's', debounce => '1 hour'");
  await raise('s', { n: 1 });
  await database.rows('select chime.update_event_handler($1, \'{"debounce": "1 minute"}\')', [id]);
  await raise('s', { n: 2 });
  await now.advance('1 minute');
  await tick();
  await now.advance('2 hours');
  await tick();
  test.strictSame(await payloads(id), [{ n: 2 }]);
});

t.test('in batches, by several clocks at once, each once', async (test) => {
  const delayed = await handler("event => 'b', delay => '1 minute'");
  const debounced = await handler("event => 'b', debounce => '1 minute', debounce_by => 'payload.slot'");
  await database.rows(
    "select chime.trigger_event('b', jsonb_build_object('n', n, 'slot', n % 10)) from generate_series(1, 200) n",
  );
  await now.advance('1 minute');
  const first = await database.row('select * from chime_private.tick(7)');
  test.hasStrict(first, { more: true });
  for (let round = 0; round < 40 && (await waiting()) > 0; round++)
    await Promise.all([tick(7), tick(7), tick(7)]);
  test.equal(await waiting(), 0);
  test.equal((await answers(delayed)).length, 200);
  test.strictSame(
    (await payloads(debounced)).map((payload) => (payload as { n: number }).n).sort((a, b) => a - b),
    Array.from({ length: 10 }, (_value, index) => 191 + index),
  );
});

t.test('a clock that sleeps is told', async (test) => {
  await handler("event => 'w', delay => '90 seconds'");
  const client = await database.connect(test);
  await client.query('listen chime_clock');
  const told = new Promise((resolve) => client.once('notification', ({ payload }) => resolve(payload)));
  await raise('w');
  test.equal(await told, '2026-03-01T12:01:30.000000Z');
});
