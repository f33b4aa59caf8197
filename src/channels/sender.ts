// The sender: hands deliveries to their channels.
import {
  type ClaimedMessage,
  claimDeliveries,
  finishDeliveries,
  registerChannels,
  returnUnheld,
  type SendReport,
} from '../db/delivery_calls.ts';
import type { Logger } from '../log.ts';
import type { Channel } from './channel.ts';
import { Courier, type CourierOptions, type Route } from './courier.ts';

export interface SenderOptions extends CourierOptions {
  channels: readonly Channel[];
}

export class Sender extends Courier<ClaimedMessage, SendReport> {
  constructor(options: SenderOptions) {
    super(routeOf(options.channels, options.log), options);
  }
}

function routeOf(channels: readonly Channel[], log: Logger): Route<ClaimedMessage, SendReport> {
  const byId = new Map(channels.map((channel) => [channel.id, channel]));
  const contexts = channels.flatMap((channel) => channel.contexts ?? []);
  const aboutOf = ({ deliveryId: id, attempt }: ClaimedMessage) => ({ id, attempt });
  return {
    name: 'sender',
    notifications: 'chime_delivery',
    prepare: (pool) => registerChannels(pool, channels),
    claim: (pool, senderId, most) =>
      claimDeliveries(pool, senderId, [...byId.keys()], contexts.length === 0 ? null : contexts, most),
    returnUnheld,
    idOf: ({ deliveryId }) => deliveryId,
    returned: (message) => ({ ...aboutOf(message), outcome: 'returned' }),
    async send(message, signal) {
      const about = aboutOf(message);
      const channel = byId.get(message.channelId);
      if (channel === undefined) return { ...about, outcome: 'returned' };
      if (message.isGone) return { ...about, outcome: 'refused', reason: 'Its run is not kept any more.' };
      try {
        return { ...about, outcome: 'sent', ...(await channel.send(message, signal)) };
      } catch (error) {
        const failure = channel.classify(error, message);
        const level = failure.outcome === 'plainer' || failure.outcome === 'moved' ? 'info' : 'warn';
        log[level](
          {
            delivery: message.deliveryId,
            channel: channel.id,
            outcome: failure.outcome,
            reason: failure.reason,
          },
          'a message was not sent',
        );
        return { ...about, ...failure };
      }
    },
    record: finishDeliveries,
  };
}
