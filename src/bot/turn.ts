// One thing that a person did, and what the bot does about it: who that is, what is said to them, and the only way to the database, which
// is as the user whom they are, under row-level security.
import type pg from 'pg';
import { applying, pgSettings } from '../api/identity.ts';
import { type Button, buttonData, type Press } from '../channels/button.ts';
import { withSavepoint } from '../db/transaction.ts';
import type { ChannelPort, Incoming, Outgoing, SentFile } from './dialogue.ts';
import type { Draft } from './draft.ts';
import type { Heard } from './heard.ts';
import type { Model } from './model.ts';
import { html, type Language, languageFor, plain, type TextKey, type TextValues } from './texts/texts.ts';

/** What the bot has beside the database, as far as it is configured. */
export interface Means {
  /** Whoever helps with what nothing else understands. */
  model?: Model | undefined;
  /** Where people reach the HTTP server. */
  publicUrl?: string | undefined;
}

export class Turn {
  readonly incoming: Incoming;
  readonly heard: Heard;
  /** What is said in answer, in this order. */
  readonly said: Outgoing[] = [];
  language: Language;
  timezone: string | null;
  revision: number;
  readonly model: Model | undefined;
  readonly publicUrl: string | undefined;
  readonly #client: pg.ClientBase;
  readonly #channel: ChannelPort;

  constructor(
    incoming: Incoming,
    heard: Heard,
    client: pg.ClientBase,
    channel: ChannelPort,
    means: Means = {},
  ) {
    this.incoming = incoming;
    this.heard = heard;
    this.language = languageFor(heard.locale ?? incoming.from.languageCode);
    this.timezone = heard.timezone;
    this.revision = heard.revision;
    this.#client = client;
    this.#channel = channel;
    this.model = means.model;
    this.publicUrl = means.publicUrl;
  }

  /** When it was said; a message that has waited counts from then. */
  get saidAt(): Date {
    const { at } = this.incoming;
    return new Date(Math.min(at.getTime(), this.heard.now.getTime()));
  }

  /** A text in the person's language, in HTML. */
  t(key: TextKey, values: TextValues = {}): string {
    return html(this.language, key, values);
  }

  /** The same for buttons and short answers, which have no HTML. */
  plain(key: TextKey, values: TextValues = {}): string {
    return plain(this.language, key, values);
  }

  button(key: TextKey, verb: string, id: string, { arg = '', rev = '' } = {}): Button {
    return { label: this.plain(key), data: buttonData({ verb, id, arg, rev }) };
  }

  /** A button about the draft, as it is now. */
  draftButton(label: string, verb: string, arg = ''): Button {
    return {
      label: label.slice(0, 60),
      data: buttonData({ verb, id: this.heard.conversationId, arg, rev: String(this.revision) }),
    };
  }

  say(text: string, buttons?: Button[][]): void {
    this.said.push({
      kind: 'message',
      channelContextId: this.incoming.channelContextId,
      html: text,
      ...(buttons === undefined || buttons.length === 0 ? {} : { buttons }),
    });
  }

  /** The same in the place of the message whose button was pressed, where one was; what is shown after that comes below it. */
  show(text: string, buttons: Button[][] = []): void {
    const { pressed, channelContextId } = this.incoming;
    if (pressed === undefined || this.said.some(({ kind }) => kind === 'edit')) this.say(text, buttons);
    else
      this.said.push({ kind: 'edit', channelContextId, messageId: pressed.messageId, html: text, buttons });
  }

  /** What a press is answered with; every press is answered once, if with nothing. */
  answer(text?: string, alert = false): void {
    const { pressed } = this.incoming;
    if (pressed === undefined || this.said.some(({ kind }) => kind === 'answer')) return;
    this.said.push({
      kind: 'answer',
      queryId: pressed.queryId,
      ...(text && { text: text.slice(0, 200), alert }),
    });
  }

  document(name: string, content: string, caption: string): void {
    const { channelContextId } = this.incoming;
    this.said.push({ kind: 'document', channelContextId, name, content, html: caption });
  }

  /** Remembers what the bot is about to do; null = nothing. */
  async keep(draft: Draft | null): Promise<void> {
    if (draft === null && this.heard.draft === null) return;
    const { rows } = await this.#client.query<{ revision: number }>(
      'select chime_private.keep_draft($1, $2) as revision',
      [this.heard.conversationId, draft === null ? null : JSON.stringify(draft)],
    );
    this.heard.draft = draft;
    this.heard.isExpired = false;
    this.revision = rows[0]?.revision ?? this.revision;
  }

  /** Does all of it or, where it rejects, nothing: what was done and what was to be said. */
  async whole(work: () => Promise<void>): Promise<void> {
    const { length } = this.said;
    const { draft } = this.heard;
    try {
      await withSavepoint(this.#client, work);
    } catch (error) {
      this.said.length = length;
      this.heard.draft = draft;
      throw error;
    }
  }

  /** Asks what the bot alone may, of what it remembers itself. */
  async recall<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(statement, values)).rows;
  }

  /** One statement as the person's user: see as. */
  query<Row extends pg.QueryResultRow>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return this.as(async (client) => (await client.query<Row>(statement, values)).rows);
  }

  /**
   * Works as the person's user. What fails is undone, and the transaction goes on: the person is told, and the message counts as
   * handled.
   */
  async as<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const { tenantId, userId } = this.heard;
    const { from, channelId } = this.incoming;
    const name = `${channelId}:${from.id}`;
    const settings = pgSettings({ tenantId, userId, role: 'user', name, expiresAt: null }, 'bot');
    const none = { role: 'none', 'chime.user_id': '', 'chime.actor': '', 'chime.surface': '' };
    return withSavepoint(this.#client, async () => {
      await this.#client.query(applying(settings));
      const done = await work(this.#client);
      await this.#client.query(applying(none));
      return done;
    });
  }

  /** What is in a file that somebody has sent. */
  async fetchFile(fileId: string, most: number): Promise<SentFile> {
    return (await this.#channel.fetchFile?.(fileId, most)) ?? { fault: 'gone' };
  }

  /** Whether the person may speak for the group; in a private chat everybody may. */
  async isAdmin(): Promise<boolean> {
    const { isGroup, channelContextId, from } = this.incoming;
    return !isGroup || this.#channel.isAdmin(channelContextId, from.id);
  }

  /** Whether the person may change a schedule that they see: theirs, or in a group what they asked for or administer. */
  async mayChange(scheduleId: string): Promise<boolean> {
    if (!this.incoming.isGroup) return true;
    const [row] = await this.recall<{ is_author: boolean }>('select chime_private.is_author($1, $2)', [
      scheduleId,
      this.heard.personId,
    ]);
    return row?.is_author === true || this.isAdmin();
  }
}

/** What one button does. */
export type PressHandler = (turn: Turn, press: Press) => Promise<void>;
