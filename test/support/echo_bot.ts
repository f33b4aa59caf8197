// A process that is a bot and nothing else, for tests that kill it: `HANGS` is the text at which its dialogue never ends.
import { Bot } from '../../src/bot/telegram/bot.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { makeTelegram } from '../../src/channels/telegram.ts';
import { createLogger } from '../../src/log.ts';
import { noSettings } from './sender.ts';
import { token } from './telegram.ts';
import { echoDialogue } from './telegram_bot.ts';

const { DATABASE_URL: connectionString = '', API: telegramApi = '', HANGS: hangs } = process.env;
const log = createLogger('debug', process.stdout);
const channel = makeTelegram({ ...noSettings, telegramToken: token, telegramApi }) as Channel;
const bot = new Bot({
  ...{ connectionString, token, telegramApi, channel, log },
  dialogue: echoDialogue({
    fail({ text }) {
      if (text !== hangs) return undefined;
      log.info('hangs');
      return new Promise<void>(() => {});
    },
  }),
  menus: [],
  pollInterval: 100,
  longestSleep: 200,
});
bot.handler.on('handled', (update) => log.info({ update }, 'handled'));
bot.replier.on('reported', ({ outcome }) => log.info({ outcome }, 'reported'));
await bot.start();
log.info('started');
