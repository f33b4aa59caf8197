// A conversation with the bot at a terminal: the same dialogue, in lines of text; buttons are numbers.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Button } from '../channels/button.ts';
import { withTransaction } from '../db/transaction.ts';
import { printable } from '../printable.ts';
import type { Dialogue, Incoming, Outgoing } from './dialogue.ts';

export interface TerminalOptions {
  pool: pg.Pool;
  dialogue: Dialogue;
  /** What the terminal is called, and who sits at it. */
  context: string;
  person: { id: string; name: string; languageCode?: string };
  write(text: string): void;
}

/** Telegram's HTML as a terminal shows it. */
const textOf = (html: string): string =>
  html
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .split('\n')
    .map(printable)
    .join('\n');

export class TerminalConversation {
  readonly #options: TerminalOptions;
  /** What the numbers stand for that were shown last, and under which message. */
  #buttons: { button: Button; messageId: string }[] = [];
  #delivered: string | undefined;
  #shown = 0;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  /** What was typed: a number presses a button, `^ text` answers what was delivered last, all else is said. */
  async take(line: string): Promise<void> {
    const text = line.trim();
    if (text === '') return;
    const chosen = /^\d{1,2}$/.test(text) ? this.#buttons[Number(text) - 1] : undefined;
    const answer = /^\^\s*(.+)$/.exec(text);
    if (chosen !== undefined) {
      const { button, messageId } = chosen;
      await this.#hear({ pressed: { data: button.data, messageId, queryId: randomUUID() } });
    } else if (answer?.[1] !== undefined && this.#delivered !== undefined) {
      await this.#hear({ text: answer[1], repliesTo: this.#delivered });
    } else await this.#hear({ text: answer?.[1] ?? text });
  }

  /** Shows what was delivered to this terminal. */
  async deliver(text: string, buttons: Button[][], messageId: string): Promise<void> {
    this.#delivered = messageId;
    this.#show(`\n🔔 ${text.trimEnd()}`, buttons, messageId);
  }

  async #hear(what: Pick<Incoming, 'text' | 'pressed' | 'repliesTo'>): Promise<void> {
    const { pool, dialogue, context, person } = this.#options;
    const incoming: Incoming = {
      id: randomUUID(),
      channelId: 'terminal',
      channelContextId: context,
      isGroup: false,
      from: person,
      at: new Date(),
      ...what,
    };
    const said = await withTransaction(pool, (client) =>
      dialogue.handle(incoming, client, { isAdmin: async () => true }),
    );
    for (const one of said) this.#say(one);
  }

  #say(one: Outgoing): void {
    switch (one.kind) {
      case 'answer':
        if (one.text !== undefined) this.#show(`(${one.text})`, undefined, '');
        break;
      case 'document':
        this.#show(
          `${textOf(one.html ?? '')}\n--- ${one.name}\n${one.content.trimEnd()}\n---`,
          undefined,
          '',
        );
        break;
      case 'ask_location':
        break;
      default:
        this.#show(
          textOf(one.html),
          one.buttons ?? [],
          one.kind === 'edit' ? one.messageId : `${this.#options.context}:m${++this.#shown}`,
        );
    }
  }

  /** @param buttons undefined where those that were shown before stay */
  #show(text: string, buttons: Button[][] | undefined, messageId: string): void {
    const { write } = this.#options;
    write(`${text}\n`);
    if (buttons === undefined) return;
    if (buttons.flat().length > 0) this.#buttons = [];
    for (const row of buttons) {
      const shown = row.map((button) => `[${this.#buttons.push({ button, messageId })}] ${button.label}`);
      if (shown.length > 0) write(`  ${shown.join('  ')}\n`);
    }
  }
}
