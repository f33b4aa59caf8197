// All that a conversation with the bot needs but the bot: a clock that is moved, a worker that does what is queued, and the sender with
// Telegram behind it.
import type { Test } from 'tap';
import { attemptsOf, type Ending } from './attempts.ts';
import { Person, type PersonOptions } from './conversation.ts';
import { createDatabase } from './database.ts';
import { MovableNow } from './now.ts';
import { shorthand } from './schedules.ts';
import { channelsOf, startSender } from './sender.ts';
import { type BotCall, startTelegram, token } from './telegram.ts';

interface Keyboard {
  inline_keyboard: { text: string; callback_data: string }[][];
}

const buttonsOf = ({ params }: BotCall) =>
  params.reply_markup === undefined
    ? []
    : (JSON.parse(params.reply_markup) as Keyboard).inline_keyboard
        .flat()
        .map(({ text, callback_data }) => ({ label: text, data: callback_data }));

export async function setUpBot(test: Test, at = '2026-11-20T15:00:00Z') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  const { register, attempt } = attemptsOf(database);
  await register(['remind', 'check_in', 'noop']);
  const telegram = await startTelegram(test);
  const calls = shorthand(database);
  let sent = 0;
  return {
    ...calls,
    database,
    now,
    telegram,
    person: (options?: PersonOptions) => new Person(database, options),
    /** Moves the clock, fires what is due, runs it, and sends what came of it; answers the messages. */
    async fire(instant: string, ending: Ending = {}): Promise<BotCall[]> {
      await now.set(instant);
      await calls.tick();
      const queued = await database.rows<{ id: string; text: string }>(
        "select id, payload ->> 'text' as text from chime.runs where status = 'queued' order by id",
      );
      for (const { id, text } of queued) await attempt(id, { output: text, ...ending });
      const pending = await database.value<number>(
        "select count(*)::integer from chime.deliveries where status = 'pending' and due_at is null",
      );
      const channels = channelsOf(test, { telegramToken: token, telegramApi: telegram.api });
      // A sender of its own, too: none knows what one before it has done.
      const { sender, reported } = await startSender(test, database, channels);
      await reported(pending);
      await sender.stop();
      const messages = telegram.calls.slice(sent);
      sent = telegram.calls.length;
      return messages;
    },
    /** Shows a message of the sender to a person. */
    show(person: Person, call: BotCall | undefined): string {
      if (call === undefined) throw new Error('Nothing was sent.');
      const id = String(telegram.calls.indexOf(call) + 1);
      person.deliver(call.params.text ?? '', buttonsOf(call), id);
      return id;
    },
  };
}
