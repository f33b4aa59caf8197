// A terminal that somebody sits at. Only its own process can write to it, so that process is the sender of its context, and says with
// each look at the database that somebody is still there.
import { printable } from '../printable.ts';
import type { Button } from './button.ts';
import { type Channel, type Message, reasonOf } from './channel.ts';
import { buttonsOf, composed } from './message.ts';
import { plainText } from './plain_text.ts';

/**
 * The channel of one terminal.
 * @param context what the terminal is called: no other may have that name
 * @param write shows a text to whoever sits there, and what may be answered to it; resolves when it is out
 */
export function terminal(
  context: string,
  write: (text: string, buttons: Button[][], messageId: string) => Promise<void>,
): Channel {
  return {
    id: 'terminal',
    isOrdered: true,
    isRepeatable: false,
    isOpen: true,
    contexts: [context],
    limits: [],
    retryWaits: ['1 second', '5 seconds'],
    async send(message: Message) {
      const lines = plainText(composed(message)).split('\n').map(printable);
      // Not by a number alone: who sits down at it again begins at one.
      const externalId = `${context}:${message.deliveryId}`;
      await write(`${lines.join('\n')}\n`, buttonsOf(message), externalId);
      return { externalId };
    },
    classify: (error) => ({ outcome: 'unknown', reason: reasonOf(error) }),
  };
}
