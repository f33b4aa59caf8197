// What comes from Telegram is stored before anything else is done with it; only then is Telegram told that it was received.
import { isTransient } from '../../db/pool.ts';
import type { Queryable } from '../../db/transaction.ts';
import { type ReceivedUpdate, storeUpdates } from '../../db/update_calls.ts';
import type { Logger } from '../../log.ts';
import { laneOf, type Update } from './incoming.ts';

/** The id of an update; undefined where it is none. */
export function updateId(value: unknown): number | undefined {
  const id = (value as { update_id?: unknown } | null)?.update_id;
  return typeof id === 'number' && Number.isSafeInteger(id) ? id : undefined;
}

/**
 * Stores updates. One that the database does not take is stored without what it says, so that it does not keep all others from
 * being received; that there was one is logged.
 * @returns how many were new
 */
export async function receive(
  db: Queryable,
  botId: string,
  values: readonly unknown[],
  log: Logger,
): Promise<number> {
  const updates = values.flatMap((value) => {
    const id = updateId(value);
    return id === undefined ? [] : [receivedOf(id, value)];
  });
  if (updates.length === 0) return 0;
  try {
    return await storeUpdates(db, botId, updates);
  } catch (error) {
    if (isTransient(error)) throw error;
  }
  let stored = 0;
  for (const update of updates) {
    try {
      stored += await storeUpdates(db, botId, [update]);
    } catch (error) {
      if (isTransient(error)) throw error;
      stored += await storeUpdates(db, botId, [{ ...update, content: { update_id: update.id } }]);
      log.error({ err: error, update: update.id }, 'an update cannot be stored; it is left out');
    }
  }
  return stored;
}

function receivedOf(id: number, content: unknown): ReceivedUpdate {
  let lane: string;
  try {
    lane = laneOf(content as Update).slice(0, 100);
  } catch {
    lane = `update ${id}`;
  }
  return { id, lane, content };
}
