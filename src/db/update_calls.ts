// What the bot hears and says on its way into and out of the database; see sql/75_updates.sql and 75_replies.sql.
import pg from 'pg';
import type { Failure } from '../channels/channel.ts';
import { storable, storableJson } from './storable.ts';
import type { Queryable } from './transaction.ts';

/** An update as its channel sent it. */
export interface ReceivedUpdate {
  id: number;
  /** What comes from one lane is handled in its order. */
  lane: string;
  content: unknown;
}

/** An update that is taken to be handled. */
export interface TakenUpdate extends ReceivedUpdate {
  attempts: number;
  receivedAt: Date;
}

/** Something to say, as the database keeps it. */
export interface NewReply {
  kind: string;
  context_id: string | null;
  content: Record<string, unknown>;
}

/** Stores updates; answers how many of them are new. They may be confirmed then. */
export async function storeUpdates(
  db: Queryable,
  botId: string,
  updates: readonly ReceivedUpdate[],
): Promise<number> {
  const rows = updates.map(({ id, lane, content }) => ({ update_id: id, lane, content }));
  const { rows: answer } = await db.query<{ stored: number }>({
    name: 'chime_store_updates',
    text: 'select chime_private.store_updates($1, $2) as stored',
    values: [botId, storableJson(rows)],
  });
  return answer[0]?.stored ?? 0;
}

/**
 * Takes the first update of the next lane behind this one that nobody is at, until the end of the transaction that this begins. Where
 * handling it fails, what was done can be undone back to here, and the update kept: see savepoint.
 */
export async function beginWithUpdate(
  client: pg.ClientBase,
  botId: string,
  afterLane: string,
): Promise<TakenUpdate | undefined> {
  // In one message: it is asked for very often. No statement of a dialogue takes longer; and a process that hangs loses its transaction.
  const results = (await client.query(`begin;
    set local statement_timeout = '10s';
    set local idle_in_transaction_session_timeout = '30s';
    select update_id, lane, content, attempts, received_at
      from chime_private.take_update(${pg.escapeLiteral(botId)}, ${pg.escapeLiteral(afterLane)});
    savepoint ${savepoint}`)) as unknown as pg.QueryResult[];
  const [row] = results[3]?.rows ?? [];
  if (row === undefined || row.update_id === null) return undefined;
  const { lane, content, attempts, received_at: receivedAt } = row;
  return { id: Number(row.update_id), lane, content, attempts, receivedAt };
}

/** Where the handling of a taken update begins. */
export const savepoint = 'chime_update';

/**
 * Says that an update is handled, and what is said to it, in the transaction that has taken it. Whoever the dialogue became, it is
 * the bot itself again that says so: that takes the bot's own rights.
 */
export async function finishUpdate(
  client: pg.ClientBase,
  botId: string,
  updateId: number,
  channelId: string,
  replies: readonly NewReply[],
): Promise<void> {
  const values = [botId, String(updateId), channelId, storableJson(replies) ?? '[]'].map(pg.escapeLiteral);
  await client.query(`${asItself}; select chime_private.finish_update(${values.join(', ')})`);
}

const asItself = `select set_config('role', 'none', true), ${[
  'tenant_id',
  'user_id',
  'actor',
  'surface',
  'session_id',
]
  .map((name) => `set_config('chime.${name}', '', true)`)
  .join(', ')}`;

/** Says that handling an update has failed; answers whether it is given up. */
export async function failUpdate(
  db: Queryable,
  botId: string,
  updateId: number,
  error: string,
): Promise<boolean> {
  const { rows } = await db.query<{ given_up: boolean }>(
    'select chime_private.fail_update($1, $2, $3) as given_up',
    [botId, updateId, storable(error)],
  );
  return rows[0]?.given_up === true;
}

/** Says something to an update that is not handled by that. */
export async function addReplies(
  db: Queryable,
  botId: string,
  updateId: number,
  channelId: string,
  replies: readonly NewReply[],
): Promise<void> {
  await db.query('select chime_private.add_replies($1, $2, $3, $4)', [
    botId,
    updateId,
    channelId,
    storableJson(replies),
  ]);
}

/** Says that the bot can write to a chat no more. */
export async function chatLeft(
  db: Queryable,
  channelId: string,
  contextId: string,
  reason: string,
): Promise<void> {
  await db.query('select chime_private.chat_left($1, $2, $3)', [channelId, contextId, reason]);
}

/** Says that the chat of a context has another id now. */
export async function moveChat(
  db: Queryable,
  channelId: string,
  oldContextId: string,
  newContextId: string,
): Promise<void> {
  await db.query('select chime_private.move_chat($1, $2, $3)', [channelId, oldContextId, newContextId]);
}

/** A reply that a sender has taken. Its number fences late reports. */
export interface TakenReply {
  id: string;
  attempt: number;
  /** How many forms of it the channel has refused; each next one is to be plainer. */
  tier: number;
  isDegraded: boolean;
  kind: string;
  /** Null for what goes to no place: the answer to the press of a button. */
  contextId: string | null;
  content: Record<string, unknown>;
}

/** What became of a reply. */
export type ReplyReport = { id: string; attempt: number } & (
  | { outcome: 'sent'; externalId: string | undefined }
  | Failure
  | { outcome: 'returned' }
);

interface ReplyRow {
  id: string | null;
  attempt: number;
  tier: number;
  is_degraded: boolean;
  kind: string;
  channel_context_id: string | null;
  content: Record<string, unknown>;
  wait_ms: number | null;
  more: boolean;
  last_lane: string | null;
}

/** Takes replies, `most` at most, from the lanes behind that one. */
export async function claimReplies(
  db: Queryable,
  senderId: string,
  channelId: string,
  afterLane: string,
  most: number,
): Promise<{ messages: TakenReply[]; waitMs: number | null; more: boolean; lastLane: string }> {
  const { rows } = await db.query<ReplyRow>({
    name: 'chime_claim_replies',
    text: 'select * from chime_private.claim_replies($1, $2, $3, $4)',
    values: [senderId, channelId, afterLane, most],
  });
  const last = rows.pop() as ReplyRow;
  return {
    messages: rows.map((row) => ({
      id: row.id as string,
      attempt: row.attempt,
      tier: row.tier,
      isDegraded: row.is_degraded,
      kind: row.kind,
      contextId: row.channel_context_id,
      content: row.content,
    })),
    waitMs: last.wait_ms,
    more: last.more,
    lastLane: last.last_lane ?? '',
  };
}

/** Gives back what this sender has taken without learning of it: all but what it holds. */
export async function returnUnheldReplies(
  db: Queryable,
  senderId: string,
  held: readonly string[],
): Promise<void> {
  await db.query('select chime_private.return_unheld_replies($1, $2)', [senderId, held]);
}

/** Records reports; answers the ids of those that counted. May be sent again. */
export async function finishReplies(db: Queryable, reports: readonly ReplyReport[]): Promise<string[]> {
  const rows = reports.map((report) => ({
    id: report.id,
    attempt: report.attempt,
    outcome: report.outcome,
    external_id: report.outcome === 'sent' ? report.externalId : undefined,
    reason: 'reason' in report ? report.reason : undefined,
    wait_ms: 'waitMs' in report ? report.waitMs : undefined,
    context_id: 'contextId' in report ? report.contextId : undefined,
    whole_channel: 'wholeChannel' in report ? report.wholeChannel : undefined,
  }));
  const { rows: answer } = await db.query<{ ids: string[] }>({
    name: 'chime_finish_replies',
    text: 'select chime_private.finish_replies($1) as ids',
    values: [storableJson(rows)],
  });
  return answer[0]?.ids ?? [];
}
