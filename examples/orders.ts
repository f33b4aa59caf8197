// A shop: each order and the reminder to pay it are written together, or not at all; what was paid is not reminded of.
import { createChime, defineTask } from 'pgchime';
import { z } from 'zod';

const paymentReminder = defineTask({
  name: 'payment_reminder',
  description: 'Reminds of an order that is not paid.',
  payload: z.object({ order: z.number().int() }),
  run: ({ payload }) => `Please pay order ${payload.order}.`,
});
const thank = defineTask({
  name: 'thank',
  payload: z.object({ order: z.number().int() }),
  run: ({ payload }) => ({ thanked: payload.order }),
});

const chime = createChime({
  connectionString: process.env.DATABASE_URL ?? '',
  tasks: [paymentReminder, thank],
  actor: 'shop',
});
const running = await chime.start({ signals: ['SIGINT', 'SIGTERM'] });
await chime.onEvent('order.paid', thank);

async function order(id: number, fails = false): Promise<void> {
  await chime.withTransaction(async (tx, client) => {
    await client.query(
      'create table if not exists orders (id integer primary key, paid boolean not null default false)',
    );
    await client.query('insert into orders (id) values ($1)', [id]);
    await tx.scheduleOnce('payment_reminder', {
      key: `reminder:${id}`,
      payload: { order: id },
      at: new Date(Date.now() + 2 * 86_400_000),
    });
    if (fails) throw new Error('out of stock');
  });
}

async function pay(id: number): Promise<void> {
  await chime.withTransaction(async (tx, client) => {
    await client.query('update orders set paid = true where id = $1', [id]);
    await tx.unschedule(`reminder:${id}`);
    await tx.triggerEvent('order.paid', { order: id });
  });
}

await order(1);
await order(2);
await order(3, true).catch((error: Error) => console.log('order 3:', error.message));
await pay(1);

for (const { key } of (await chime.listJobs({ task: 'payment_reminder' })).items)
  console.log('waiting:', key);
const [thanks] = await chime.runs.list({ limit: 1 });
if (thanks !== undefined) console.log('result:', (await chime.getExecution(thanks.id).finished()).result);
const reminder = await chime.runNow('reminder:2').finished({ timeout: 60_000 });
console.log('output:', reminder.output);
console.log('succeeded:', (await chime.getMetrics()).runs.succeeded);
await running.stop();
await chime.close();
