// A process that is the real bot and a sender, and nothing else, for tests that kill it.
import { flushCompileCache } from 'node:module';
import { makeTalk } from '../../src/bot/talk.ts';
import { Bot } from '../../src/bot/telegram/bot.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { Sender } from '../../src/channels/sender.ts';
import { makeTelegram } from '../../src/channels/telegram.ts';
import { createLogger } from '../../src/log.ts';
import { noSettings } from './sender.ts';
import { token } from './telegram.ts';

// What is killed writes nothing at its end, and the next one would compile all of it again.
flushCompileCache();

const { DATABASE_URL: connectionString = '', API: telegramApi = '' } = process.env;
const log = createLogger('debug', process.stdout);
const channel = makeTelegram({ ...noSettings, telegramToken: token, telegramApi }) as Channel;
const looks = { pollInterval: 100, longestSleep: 100 };
const sender = new Sender({ connectionString, channels: [channel], log, ...looks });
const bot = new Bot({ connectionString, token, telegramApi, channel, log, ...makeTalk(), ...looks });
bot.handler.on('handled', (update) => log.info({ update }, 'handled'));
bot.replier.on('reported', ({ outcome }) => log.info({ outcome }, 'said'));
sender.on('reported', ({ outcome }) => log.info({ outcome }, 'delivered'));
await sender.start();
await bot.start();
log.info('started');
