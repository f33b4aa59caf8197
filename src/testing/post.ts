// The sender of a test: it takes deliveries as the real one does, and instead of sending them it puts them where the test can read them.
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Channel } from '../channels/channel.ts';
import { composed } from '../channels/message.ts';
import { makeChannels } from '../channels/registry.ts';
import { terminal } from '../channels/terminal.ts';
import { claimDeliveries, finishDeliveries, registerChannels } from '../db/delivery_calls.ts';
import type { GuardedFetch } from '../net/guarded_fetch.ts';
import type { Chronicle } from './chronicle.ts';
import type { MovableNow } from './now.ts';

/** All channels there are, as if each were configured; nothing is sent by them. */
function allChannels(fetch: GuardedFetch): Channel[] {
  const settings = {
    ...{ telegramToken: '0:test', telegramApi: 'http://127.0.0.1:9', telegramRich: false },
    ...{
      whatsappToken: 'test',
      whatsappPhoneId: '0',
      whatsappApi: 'http://127.0.0.1:9',
      whatsappTemplate: undefined,
    },
  };
  return [...makeChannels(settings, { fetch, secrets: undefined }), terminal('test', async () => {})].map(
    (channel) => ({
      ...channel,
      // While the clock stands still no limit would ever let the next message go.
      limits: [],
    }),
  );
}

export class Post {
  readonly #pool: pg.Pool;
  readonly #now: MovableNow;
  readonly #chronicle: Chronicle;
  readonly #id = randomUUID();
  #channels: string[] = [];
  #sent = 0;

  constructor(pool: pg.Pool, now: MovableNow, chronicle: Chronicle) {
    this.#pool = pool;
    this.#now = now;
    this.#chronicle = chronicle;
  }

  async start(fetch: GuardedFetch): Promise<void> {
    const channels = allChannels(fetch);
    this.#channels = channels.map(({ id }) => id);
    await registerChannels(this.#pool, channels);
  }

  /** Sends all that may go at this instant; answers how many messages that was. */
  async send(): Promise<number> {
    for (let count = 0; ; ) {
      const { messages } = await claimDeliveries(this.#pool, this.#id, this.#channels, null, 100);
      if (messages.length === 0) return count;
      count += messages.length;
      for (const message of messages)
        this.#chronicle.deliver({
          ...{ at: new Date(this.#now.at), runId: message.run.id, task: message.run.task },
          schedule: message.run.scheduleKey ?? message.run.scheduleName,
          ...{ channelId: message.channelId, channelContextId: message.context },
          text: composed(message),
        });
      await finishDeliveries(
        this.#pool,
        messages.map(({ deliveryId, attempt }) => ({
          ...{ id: deliveryId, attempt, outcome: 'sent' as const, externalId: `test:${++this.#sent}` },
        })),
      );
    }
  }
}
