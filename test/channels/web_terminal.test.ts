// The inbox and terminals: what reaches somebody who looks on, and what stays for somebody who does not.
import { once } from 'node:events';
import t from 'tap';
import { terminal } from '../../src/channels/terminal.ts';
import { Listener } from '../../src/db/listener.ts';
import { createDatabase } from '../support/database.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { captureLog } from '../support/log.ts';
import { channelsOf, startSender } from '../support/sender.ts';

t.test('in the inbox, and whoever looks on is told', async (test) => {
  const database = await createDatabase(test);
  const ann = await person(database, defaultTenant, 'ann');
  const { scheduleOf, end } = deliveriesOf(database);
  const live = new Listener({
    connectionString: database.url,
    channel: 'chime_inbox',
    pool: database.pool,
    log: captureLog().log,
  });
  await live.start();
  test.teardown(() => live.stop());
  const heard = once(live, 'notify');
  await startSender(test, database, channelsOf(test, {}));
  const run = await end(await scheduleOf(ann, "name => 'Report'"), { output: 'all is well' });
  const [payload] = (await heard) as [string];
  const { user_id: user, delivery_id: id } = JSON.parse(payload) as Record<string, string>;
  test.equal(user, ann.userId);
  test.match(await as(database, ann, 'select * from chime.inbox where id = $1', [id]), [
    { run_id: run, schedule_name: 'Report', text: 'all is well', run_status: 'succeeded', is_read: false },
  ]);
});

t.test('a terminal shows what comes in while it is open, and no control sequence of it', async (test) => {
  const database = await createDatabase(test);
  const ann = await person(database, defaultTenant, 'ann');
  const { scheduleOf, end, map, states } = deliveriesOf(database);
  await startSender(test, database, channelsOf(test, {}));
  const shown: string[] = [];
  await map('terminal', 'tty1', ann.userId);
  const { sender, reported } = await startSender(test, database, [
    terminal('tty1', async (text) => {
      shown.push(text);
    }),
  ]);
  if (
    !(await database.value<boolean>(
      "select live_until is not null from chime.channel_mappings where channel_id = 'terminal'",
    ))
  )
    await once(sender, 'idle');
  const run = await end(await scheduleOf(ann), { output: 'line 1\n\u001b[2J\u001b[31mline 2' });
  await reported(1);
  test.strictSame(shown, ['line 1\nline 2\n']);
  test.match((await states(run))[0], 'terminal sent');
});
