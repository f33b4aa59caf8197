// The replier: sends what the bot says.
import { type Api, TelegramApiError } from 'node-telegram-bot-api';
import type { Channel } from '../../channels/channel.ts';
import { Courier, type CourierOptions, type Route } from '../../channels/courier.ts';
import { telegramFailure } from '../../channels/telegram_answer.ts';
import { registerChannels } from '../../db/delivery_calls.ts';
import {
  claimReplies,
  finishReplies,
  type ReplyReport,
  returnUnheldReplies,
  type TakenReply,
} from '../../db/update_calls.ts';
import type { Logger } from '../../log.ts';
import { hasPlainer, say } from './say.ts';

export interface ReplierOptions extends CourierOptions {
  api: Api;
  /** What it is sent by: its limits hold for replies, too. */
  channel: Channel;
}

export class Replier extends Courier<TakenReply, ReplyReport> {
  constructor(options: ReplierOptions) {
    super(routeOf(options), options);
  }
}

function routeOf({ api, channel, log }: ReplierOptions): Route<TakenReply, ReplyReport> {
  let lastLane = '';
  return {
    name: 'replier',
    notifications: 'chime_reply',
    prepare: (pool) => registerChannels(pool, [channel]),
    async claim(pool, senderId, most) {
      const claim = await claimReplies(pool, senderId, channel.id, lastLane, most);
      lastLane = claim.lastLane;
      return claim;
    },
    returnUnheld: returnUnheldReplies,
    idOf: ({ id }) => id,
    returned: ({ id, attempt }) => ({ id, attempt, outcome: 'returned' }),
    async send(reply, signal) {
      const about = { id: reply.id, attempt: reply.attempt };
      try {
        return { ...about, outcome: 'sent', externalId: await say(api, reply, signal) };
      } catch (error) {
        return { ...about, ...becameOf(error, reply, log) };
      }
    },
    record: finishReplies,
  };
}

type Became =
  | Omit<Extract<ReplyReport, { outcome: 'sent' }>, 'id' | 'attempt'>
  | ReturnType<typeof telegramFailure>;

/** What an error means for a reply. Some are none. */
function becameOf(error: unknown, reply: TakenReply, log: Logger): Became {
  const isBadRequest = error instanceof TelegramApiError && error.errorCode === 400;
  if (isBadRequest && /message is not modified/i.test(error.description))
    return { outcome: 'sent', externalId: undefined };
  const failure = telegramFailure(error, {
    context: reply.contextId ?? '',
    isDegraded: reply.isDegraded,
    hasPlainer: hasPlainer(reply),
  });
  // Who pressed the button waits no more: that is nobody's fault, and nothing comes of it.
  const isLate = isBadRequest && /query is too old|query ID is invalid/i.test(error.description);
  const level = isLate || failure.outcome === 'plainer' || failure.outcome === 'moved' ? 'info' : 'warn';
  log[level](
    { reply: reply.id, kind: reply.kind, outcome: failure.outcome, reason: failure.reason },
    'a reply was not sent',
  );
  return failure;
}
