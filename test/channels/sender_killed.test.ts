// Senders that are killed: what they had taken may have been sent, is said to be unknown, and never comes twice.
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { deliveriesOf } from '../support/deliveries.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { channelsOf, startSender } from '../support/sender.ts';
import { startTelegram, token } from '../support/telegram.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  const bot = await startTelegram(test);
  const schedule = await calls.scheduleTo(await calls.map('telegram', '42'));
  return {
    database,
    now,
    bot,
    ...calls,
    tell: (output: string) => calls.end(schedule, { output }),
    process: (api: string) =>
      serve(test, ['deliver', '--json'], {
        env: { DATABASE_URL: database.url, CHIME_TELEGRAM_TOKEN: token, CHIME_TELEGRAM_API: api },
      }),
    /** A sender after the one that died: it finds what that one has left. */
    successor: async () => {
      await now.advance('61 seconds');
      await calls.tick();
      await now.advance('1 second');
      return startSender(test, database, channelsOf(test, { telegramToken: token, telegramApi: bot.api }));
    },
  };
}

t.test('between taking a message and sending it', async (test) => {
  const { tell, process, states, successor, bot } = await setUp(test);
  // A server that takes the connection and reads nothing: no request has arrived.
  const sockets: net.Socket[] = [];
  const deaf = net
    .createServer({ pauseOnConnect: true }, (socket) => sockets.push(socket))
    .listen(0, '127.0.0.1');
  await once(deaf, 'listening');
  test.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    deaf.close();
    await once(deaf, 'close');
  });
  const serving = process(`http://127.0.0.1:${(deaf.address() as AddressInfo).port}`);
  const connected = once(deaf, 'connection');
  await tell('first');
  await connected;
  test.strictSame(await states(), ['telegram sending'], 'committed before the socket was opened');
  await serving.end('SIGKILL');
  const { reported } = await successor();
  test.match(await states(), [/^telegram unknown Its sender has not said what became of it/]);
  await tell('second');
  await reported(1);
  test.strictSame(
    bot.calls.map(({ params }) => params.text),
    ['second'],
    'what may have been sent is not sent again',
  );
});

t.test('between sending a message and recording it', async (test) => {
  const { database, tell, process, states, successor, bot } = await setUp(test);
  bot.answer = () => 'hang';
  const serving = process(bot.api);
  await tell('first');
  await bot.called(1);
  await serving.end('SIGKILL');
  bot.answer = () => undefined;
  const { reported } = await successor();
  test.match(await states(), [/^telegram unknown/]);
  test.equal(await database.value('select state from chime.undelivered'), 'unknown', 'it is reported');
  await tell('second');
  await reported(1);
  test.strictSame(
    bot.calls.map(({ params }) => params.text),
    ['first', 'second'],
  );
});

t.test('asked to stop it sends what it has taken, records it, and takes no more', async (test) => {
  const { tell, process, states, bot, database, list } = await setUp(test);
  let release!: () => void;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const serving = process(bot.api);
  bot.answer = () => ({ wait: held });
  await tell('first');
  await bot.called(1);
  serving.child.kill('SIGTERM');
  await serving.line((line) => /stopping/i.test(String(line.msg)));
  await tell('second');
  release();
  const { code } = await serving.end('SIGCONT');
  test.equal(code, 0);
  test.strictSame((await states()).sort(), ['telegram pending', 'telegram sent']);
  test.ok(database);
  test.ok(list);
});
