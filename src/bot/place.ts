// What is learned of a place before anybody is asked what they mean: that the bot is out of it, or that it has another id.
import type pg from 'pg';
import { chatLeft, moveChat } from '../db/update_calls.ts';
import type { Incoming } from './dialogue.ts';

/** Puts on record what somebody's doing says of the place where it was done, in all tenants. */
export async function notePlace(client: pg.ClientBase, incoming: Incoming): Promise<void> {
  const { channelId, channelContextId, membership, migratedTo } = incoming;
  if (migratedTo !== undefined) await moveChat(client, channelId, channelContextId, migratedTo);
  if (membership === 'left')
    await chatLeft(
      client,
      channelId,
      channelContextId,
      incoming.isGroup ? 'The bot is not in the group any more.' : 'The bot was blocked.',
    );
}
