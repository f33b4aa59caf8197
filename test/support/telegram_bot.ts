// A bot whose dialogue repeats what it hears, leaves a row of each, and does what is asked of it by word.
import { once } from 'node:events';
import type { Test } from 'tap';
import type { Dialogue, Incoming, Outgoing } from '../../src/bot/dialogue.ts';
import { Bot, type BotOptions } from '../../src/bot/telegram/bot.ts';
import type { Channel } from '../../src/channels/channel.ts';
import { makeTelegram } from '../../src/channels/telegram.ts';
import type { TestDatabase } from './database.ts';
import { captureLog } from './log.ts';
import { noSettings } from './sender.ts';
import { type FakeTelegram, token } from './telegram.ts';

/** What the dialogue leaves of each update that it answers. */
export const heardTable = 'create table public.heard (seq serial, update_id text, chat text, said text)';

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** How it goes on where it was told to fail, or to hang. */
export interface EchoTraps {
  fail?: (incoming: Incoming) => Promise<void> | void;
}

export function echoDialogue({ fail }: EchoTraps = {}): Dialogue {
  return {
    async handle(incoming, client) {
      const { id, channelContextId, text = '', pressed, membership, migratedTo } = incoming;
      const said = pressed?.data ?? membership ?? migratedTo ?? text;
      await client.query('insert into public.heard (update_id, chat, said) values ($1, $2, $3)', [
        id,
        channelContextId,
        said,
      ]);
      // As somebody who may write nothing of the bot's.
      await client.query("select set_config('role', 'chime_user', true)");
      await fail?.(incoming);
      return answersTo(incoming, said);
    },
    sorry: ({ channelContextId }, code) => [
      { kind: 'message', channelContextId, html: `Something broke. ${code}` },
    ],
  };
}

function answersTo({ channelContextId, pressed }: Incoming, said: string): Outgoing[] {
  if (pressed !== undefined)
    return [
      { kind: 'answer', queryId: pressed.queryId, text: 'ok' },
      { kind: 'edit', channelContextId, messageId: pressed.messageId, html: `<b>${escaped(said)}</b>` },
    ];
  const [word, ...rest] = said.split(' ');
  switch (word) {
    case 'quiet':
      return [];
    case 'document':
      return [
        { kind: 'document', channelContextId, name: 'a.txt', content: rest.join(' '), html: 'All of it' },
      ];
    case 'where':
      return [{ kind: 'ask_location', channelContextId, html: 'Where are you?', label: 'Here' }];
    case 'twice':
      return ['one', 'two'].map((html) => ({ kind: 'message' as const, channelContextId, html }));
    case 'buttons':
      return [
        {
          kind: 'message',
          channelContextId,
          html: '<b>Choose</b> &amp; press',
          buttons: [
            [
              { label: 'Yes', data: 'y' },
              { label: 'No', data: 'n' },
            ],
            [{ label: 'Other', data: 'o' }],
          ],
          repliesTo: '77',
        },
      ];
    default:
      return [{ kind: 'message', channelContextId, html: `echo ${escaped(said)}` }];
  }
}

export async function startBot(
  test: Test,
  database: Pick<TestDatabase, 'url'>,
  fake: FakeTelegram,
  options: Partial<BotOptions> = {},
) {
  const { log, lines, logged } = captureLog();
  const bot = new Bot({
    connectionString: database.url,
    token,
    telegramApi: fake.api,
    channel: makeTelegram({ ...noSettings, telegramToken: token, telegramApi: fake.api }) as Channel,
    dialogue: echoDialogue(),
    menus: [],
    log,
    pollInterval: 100,
    longestSleep: 200,
    retryWait: 1,
    ...options,
  });
  let handled = 0;
  let reported = 0;
  bot.handler.on('handled', () => handled++);
  bot.replier.on('reported', () => reported++);
  await bot.start();
  test.teardown(() => bot.stop());
  return {
    bot,
    lines,
    logged,
    /** Resolves when so many updates have been handled. */
    async handled(count: number) {
      while (handled < count) await once(bot.handler, 'handled');
    },
    /** Resolves when it is on record what became of so many replies. */
    async reported(count: number) {
      while (reported < count) await once(bot.replier, 'reported');
    },
  };
}

/** What the dialogue has heard, in its order. */
export async function heardBy(database: TestDatabase): Promise<string[]> {
  const rows = await database.rows<{ update_id: string; said: string }>(
    'select update_id, said from public.heard order by seq',
  );
  return rows.map(({ update_id: id, said }) => `${id} ${said}`);
}
