// A person who talks to the bot. Each thing that they do meets a bot that has just been started: a dialogue and a connection of its own, as
// if the one before had been killed.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { makeDialogue } from '../../src/bot/conversation.ts';
import type { ChannelPort, Incoming, Outgoing } from '../../src/bot/dialogue.ts';
import type { Model } from '../../src/bot/model.ts';
import { notePlace } from '../../src/bot/place.ts';
import type { Button } from '../../src/channels/button.ts';
import { withTransaction } from '../../src/db/transaction.ts';
import type { TestDatabase } from './database.ts';

export interface Shown {
  html: string;
  buttons: Button[];
  messageId: string;
}

export interface PersonOptions {
  id?: string;
  name?: string;
  language?: string;
  context?: string;
  isGroup?: boolean;
  /** Who may speak for the group. */
  admins?: readonly string[];
  /** Whoever helps the bot, where one is configured. */
  model?: Model;
  publicUrl?: string;
  /** What is in files. */
  fetchFile?: ChannelPort['fetchFile'];
}

export class Person {
  readonly id: string;
  readonly #database: TestDatabase;
  readonly #options: PersonOptions;
  /** All messages that are to be seen, as they are now. */
  readonly shown: Shown[] = [];
  /** What the last thing that they did led to. */
  said: Outgoing[] = [];
  #messages = 0;

  constructor(database: TestDatabase, options: PersonOptions = {}) {
    this.#database = database;
    this.#options = options;
    this.id = options.id ?? '42';
  }

  get context(): string {
    return this.#options.context ?? this.id;
  }

  /** The message that is lowest on the screen, or was changed last. */
  get last(): Shown {
    const last = this.shown.at(-1);
    if (last === undefined) throw new Error('Nothing has been said.');
    return last;
  }

  /** What was said last, as a person reads it. */
  get text(): string {
    return this.last.html.replace(/<[^>]+>/g, '');
  }

  get labels(): string[] {
    return this.last.buttons.map(({ label }) => label);
  }

  /** What a press was answered with. */
  get toast(): string | undefined {
    const answers = this.said.filter((one) => one.kind === 'answer');
    if (answers.length > 1) throw new Error('A press was answered twice.');
    return answers[0]?.text;
  }

  say(text: string, more: Partial<Incoming> = {}): Promise<Outgoing[]> {
    return this.do({ text, ...more });
  }

  /** Answers a message. */
  reply(messageId: string, text: string): Promise<Outgoing[]> {
    return this.do({ text, repliesTo: messageId, isToBot: true });
  }

  /** Presses the button with that label under a message, the last one if none is given. */
  press(label: string | RegExp, message: Shown = this.last): Promise<Outgoing[]> {
    const button = message.buttons.find((one) =>
      typeof label === 'string' ? one.label.includes(label) : label.test(one.label),
    );
    if (button === undefined)
      throw new Error(
        `There is no button ${label} under: ${message.html}\n${message.buttons.map((b) => b.label)}`,
      );
    return this.pressData(button.data, message.messageId);
  }

  async pressData(data: string, messageId = 'm0'): Promise<Outgoing[]> {
    const said = await this.do({ pressed: { data, messageId, queryId: randomUUID() } });
    if (said.filter(({ kind }) => kind === 'answer').length !== 1)
      throw new Error(`A press has ${said.length} answers.`);
    return said;
  }

  /** A message that the sender has brought. */
  deliver(html: string, buttons: Button[], messageId: string): void {
    this.shown.push({ html, buttons, messageId });
  }

  async do(what: Partial<Incoming>): Promise<Outgoing[]> {
    const {
      name = 'Ann',
      language = 'en',
      isGroup = false,
      admins = [],
      model,
      publicUrl,
      fetchFile,
    } = this.#options;
    const incoming: Incoming = {
      id: randomUUID(),
      channelId: 'telegram',
      channelContextId: this.context,
      isGroup,
      from: { id: this.id, name, languageCode: language },
      at: await this.#database.value<Date>('select chime.now()'),
      ...what,
    };
    const pool = new pg.Pool({ connectionString: this.#database.url, max: 1, application_name: 'test bot' });
    try {
      this.said = await withTransaction(pool, async (client) => {
        // With no more rights than the bot needs.
        await client.query('set local session authorization chime_api');
        await notePlace(client, incoming);
        return makeDialogue({ model, publicUrl }).handle(incoming, client, {
          isAdmin: async (_context, id) => admins.includes(id),
          ...(fetchFile !== undefined && { fetchFile }),
        });
      });
    } finally {
      await pool.end();
    }
    for (const one of this.said) this.#see(one);
    return this.said;
  }

  #see(one: Outgoing): void {
    for (const button of 'buttons' in one ? (one.buttons ?? []).flat() : [])
      if (Buffer.byteLength(button.data) > 64) throw new Error(`More than 64 bytes: ${button.data}`);
    if (one.kind === 'message')
      this.shown.push({
        html: one.html,
        buttons: (one.buttons ?? []).flat(),
        messageId: `m${this.context}.${++this.#messages}`,
      });
    if (one.kind === 'edit') {
      const place = this.shown.findIndex(({ messageId }) => messageId === one.messageId);
      if (place >= 0) this.shown.splice(place, 1);
      this.shown.push({ html: one.html, buttons: (one.buttons ?? []).flat(), messageId: one.messageId });
    }
  }
}
