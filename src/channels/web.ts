// The inbox of the web page. It is in the database: a message is in it once its delivery is sent (chime.inbox), and with that
// whoever looks on is notified. So there is nothing to carry, and a message cannot come twice.
import { type Channel, reasonOf } from './channel.ts';

const web: Channel = {
  id: 'web',
  isOrdered: true,
  isRepeatable: true,
  isOpen: false,
  limits: [],
  retryWaits: ['5 seconds', '1 minute'],
  send: async (message) => ({ externalId: message.deliveryId }),
  classify: (error) => ({ outcome: 'retry', reason: reasonOf(error) }),
};

export const makeWeb = (): Channel => web;
