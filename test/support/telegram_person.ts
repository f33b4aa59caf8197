// A person in Telegram, and the bot as a process that lives for one thing that they do: started for it, and killed after it.
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { attemptsOf } from './attempts.ts';
import { serve } from './cli.ts';
import { createDatabase } from './database.ts';
import { MovableNow } from './now.ts';
import { shorthand } from './schedules.ts';
import { type BotCall, startTelegram } from './telegram.ts';
import { type Said, Updates } from './telegram_updates.ts';

const program = fileURLToPath(new URL('./talking_bot.ts', import.meta.url));

export interface Screen {
  messageId: number;
  text: string;
  buttons: { text: string; callback_data: string }[];
}

const screenOf = (call: BotCall, number: number): Screen => ({
  messageId: Number(call.params.message_id ?? number),
  text: (call.params.text ?? call.params.caption ?? '').replace(/<[^>]+>/g, ''),
  buttons: JSON.parse(call.params.reply_markup ?? '{"inline_keyboard": []}').inline_keyboard.flat(),
});

export async function setUpTelegramPerson(test: Test, at: string, where: Said = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  const { register, attempt } = attemptsOf(database);
  await register(['remind', 'noop']);
  const telegram = await startTelegram(test);
  const updates = new Updates();
  const { tick } = shorthand(database);
  let answered = 0;
  const open = (table: string) =>
    database.value<number>(
      `select count(*)::integer from ${table} where channel_id = 'telegram' and status in ('pending', 'sending')`,
    );

  /** Lives until all is said, and is killed then. */
  async function live(update: number | undefined): Promise<void> {
    let waits = (await open('chime_private.replies')) + (await open('chime.deliveries'));
    const bot = serve(test, [], { env: { DATABASE_URL: database.url, API: telegram.api } }, program);
    if (update !== undefined) {
      await bot.line((line) => line.msg === 'handled' && line.update === update);
      waits += await database.value<number>(
        'select count(*)::integer from chime_private.replies where update_id = $1',
        [update],
      );
    }
    let from = 0;
    for (let count = 0; count < waits; count++) {
      // Messages to one chat are a second apart.
      await now.advance('1 second');
      await bot.line((line) => {
        from++;
        return line.msg === 'said' || line.msg === 'delivered';
      }, from);
    }
    await bot.end('SIGKILL');
  }

  async function after(update: { update_id: number } | undefined): Promise<Screen> {
    answered = telegram.said().length;
    if (update !== undefined) telegram.push(update);
    await live(update?.update_id);
    const messages = telegram
      .said()
      .map((call) => ({ call, number: telegram.calls.indexOf(call) + 1 }))
      .slice(answered)
      .filter(({ call }) => call.method !== 'answerCallbackQuery');
    const last = messages.at(-1);
    if (last === undefined) throw new Error('Nothing was said.');
    return screenOf(last.call, last.number);
  }

  async function touch(): Promise<void> {
    updates.date = Math.floor((await now.read()).getTime() / 1000);
  }

  return {
    database,
    now,
    telegram,
    async say(text: string, more: Said = {}): Promise<Screen> {
      await touch();
      return after(updates.says(text, { ...where, ...more }));
    },
    async press(label: string, screen: Screen): Promise<Screen> {
      const button = screen.buttons.find(({ text }) => text.includes(label));
      if (button === undefined)
        throw new Error(
          `There is no button ${label} under: ${screen.text} (${screen.buttons.map((b) => b.text)})`,
        );
      await touch();
      return after(updates.presses(button.callback_data, screen.messageId, where));
    },
    /** Time passes, what is due fires, and comes. */
    async fire(instant: string): Promise<Screen> {
      await now.set(instant);
      await tick();
      for (const { id, text } of await database.rows<{ id: string; text: string }>(
        "select id, payload ->> 'text' as text from chime.runs where status = 'queued' order by id",
      ))
        await attempt(id, { output: text });
      return after(undefined);
    },
  };
}
