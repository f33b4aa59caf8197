// The sender itself: what it does when the database, or a channel, does not do as it should.
import { once } from 'node:events';
import t from 'tap';
import { Sender } from '../../src/channels/sender.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { captureLog } from '../support/log.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { startSender } from '../support/sender.ts';

t.test('it works as the role chime_worker, and with nothing more', async (test) => {
  const database = await createDatabase(test);
  const { map, scheduleTo, end, list } = deliveriesOf(database);
  const url = `${database.url}${database.url.includes('?') ? '&' : '?'}options=${encodeURIComponent('-c role=chime_worker')}`;
  const { reported } = await startSender(test, { url }, [
    channelOf('telegram', { send: async ({ run }) => ({ externalId: `of ${run.task}` }) }),
  ]);
  await end(await scheduleTo(await map('telegram', '42')));
  await reported(1);
  test.match(await list(), [{ status: 'sent', external_id: 'of noop' }]);
});

t.test('a report that the database does not take costs no other its record', async (test) => {
  const database = await createDatabase(test);
  const { map, scheduleTo, end, states, register } = deliveriesOf(database);
  let arrived = 0;
  let open!: () => void;
  const both = new Promise<void>((resolve) => {
    open = resolve;
  });
  const channel = channelOf('telegram', {
    async send({ context }) {
      if (++arrived === 2) open();
      await both;
      return { externalId: context === '1' ? '' : 'x' };
    },
  });
  await register(channel);
  for (const context of ['1', '2']) await end(await scheduleTo(await map('telegram', context)));
  const { reported, logged } = await startSender(test, database, [channel]);
  await reported(1);
  await logged(/^what became of messages is not on record/);
  // An id that is empty proves nothing, and the table refuses it.
  test.strictSame((await states()).sort(), ['telegram sending', 'telegram sent']);
});

t.test('stopped before it has begun, twice, and while nothing is to be done', async (test) => {
  const database = await createDatabase(test);
  const options = {
    connectionString: database.url,
    channels: [channelOf('telegram')],
    log: captureLog().log,
    pollInterval: 100,
  };
  const never = new Sender(options);
  await never.stop();
  const idle = new Sender(options);
  await idle.start();
  await once(idle, 'idle');
  await Promise.all([idle.stop(), idle.stop()]);
});

t.test('a claim whose answer is lost: what it took was not sent, so it is sent', async (test) => {
  const database = await createDatabase(test);
  const { map, scheduleTo, end, list } = deliveriesOf(database);
  const schedule = await scheduleTo(await map('telegram', '42'));
  const proxy = await NetworkProxy.start(database.url);
  const { reported } = await startSender(test, { url: proxy.url }, [
    channelOf('telegram', { send: async () => ({ externalId: 'x' }) }),
  ]);
  test.teardown(() => proxy.stop());
  const lock = "select pg_advisory_xact_lock(hashtextextended('chime:send:telegram', 0))";
  const holder = await database.connect(test);
  await holder.query('begin');
  await holder.query(lock);
  await end(schedule);
  const waits =
    "select exists (select from pg_stat_activity where application_name = 'pgchime sender' and wait_event = 'advisory' and datname = current_database())";
  while (!(await database.value<boolean>(waits))) await database.rows('select pg_sleep(0.01)');
  proxy.silent = true;
  await holder.query('commit');
  // Whoever asks for it behind the sender gets it when the claim is committed.
  const behind = await database.connect(test);
  await behind.query('begin');
  await behind.query(lock);
  await behind.query('commit');
  test.match(await list(), [{ status: 'sending', attempt: 1 }]);
  proxy.cut();
  proxy.silent = false;
  await reported(1);
  test.match(await list(), [{ status: 'sent', attempt: 2, failure_count: 0 }]);
});

t.test('it goes on where connections are cut', async (test) => {
  const database = await createDatabase(test);
  const { map, scheduleTo, end } = deliveriesOf(database);
  const schedule = await scheduleTo(await map('telegram', '42'));
  let cut = true;
  const { reported } = await startSender(test, database, [
    channelOf('telegram', {
      async send() {
        // Between taking and reporting.
        if (cut)
          await database.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgchime sender' and datname = current_database()",
          );
        cut = false;
        return { externalId: 'x' };
      },
    }),
  ]);
  await end(schedule);
  await reported(1);
  await end(schedule);
  const reports = await reported(2);
  test.strictSame(
    reports.map(({ outcome }) => outcome),
    ['sent', 'sent'],
  );
});

t.test('what is broken off in a hurry is unknown; what was not begun is given back', async (test) => {
  const database = await createDatabase(test);
  const { map, scheduleTo, end, states } = deliveriesOf(database);
  const begun = Promise.withResolvers<void>();
  const { sender } = await startSender(test, database, [
    channelOf('telegram', {
      async send(_message, signal) {
        begun.resolve();
        await once(signal, 'abort');
        throw signal.reason;
      },
      classify: (error) => ({ outcome: 'unknown', reason: (error as Error).message }),
    }),
  ]);
  await end(await scheduleTo(await map('telegram', '42')));
  await begun.promise;
  sender.hurry();
  await sender.stop();
  test.strictSame(await states(), ['telegram unknown The sender was stopped.']);
});
