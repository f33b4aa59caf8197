// Deliveries on their way out of the database and what became of them on their way back; see sql/58_delivery_claim.sql and _report.sql.
import type { Channel, Failure, Message, Receipt } from '../channels/channel.ts';
import { storable } from './storable.ts';
import type { Queryable } from './transaction.ts';

/** A message that a sender has taken. Its number fences late reports. */
export interface ClaimedMessage extends Message {
  attempt: number;
  channelId: string;
  /** Its run is not kept any more: there is nothing to say. */
  isGone: boolean;
}

export interface Claim {
  messages: ClaimedMessage[];
  /** How long to wait where limits allow no more at once, in milliseconds; null where nothing waits for them. */
  waitMs: number | null;
  /** More may be there. */
  more: boolean;
}

/** What became of a message. */
export type SendReport = { id: string; attempt: number } & (
  | ({ outcome: 'sent' } & Receipt)
  | Failure
  | { outcome: 'returned' }
);

export async function registerChannels(db: Queryable, channels: readonly Channel[]): Promise<void> {
  await db.query('select chime_private.register_channels($1)', [
    JSON.stringify(
      channels.map((channel) => ({
        id: channel.id,
        is_ordered: channel.isOrdered,
        is_repeatable: channel.isRepeatable,
        is_open: channel.isOpen,
        limits: channel.limits.map(({ by, most, perMs }) => ({ by, most, per_ms: perMs })),
        retry_waits: channel.retryWaits,
      })),
    ),
  ]);
}

interface ClaimRow {
  id: string | null;
  attempt: number;
  part: number;
  tier: number;
  covers_count: number;
  tenant_id: string;
  channel_id: string;
  channel_mapping_id: string;
  channel_context_id: string;
  is_degraded: boolean;
  heard_ms_ago: number | null;
  locale: string | null;
  morning_at: string | null;
  evening_at: string | null;
  url: string | null;
  sealed_secret: Buffer | null;
  run_id: string;
  task: string;
  trigger: string;
  run_status: string;
  schedule_id: string | null;
  schedule_key: string | null;
  schedule_name: string | null;
  scheduled_for: Date;
  finished_at: Date;
  due_local: string | null;
  sent_local: string | null;
  output: string | null;
  result: unknown;
  error: string | null;
  run_is_gone: boolean;
  wait_ms: number | null;
  more: boolean;
}

/** @param contexts where only some contexts of the channels are this sender's to reach */
export async function claimDeliveries(
  db: Queryable,
  senderId: string,
  channels: readonly string[],
  contexts: readonly string[] | null,
  most: number,
): Promise<Claim> {
  const { rows } = await db.query<ClaimRow>({
    name: 'chime_claim_deliveries',
    text: 'select * from chime_private.claim_deliveries($1, $2, $3, $4)',
    values: [senderId, channels, contexts, most],
  });
  const last = rows.pop() as ClaimRow;
  return { messages: rows.map(messageOf), waitMs: last.wait_ms, more: last.more };
}

/** Gives back what this sender has taken without learning of it: all but what it holds. */
export async function returnUnheld(db: Queryable, senderId: string, held: readonly string[]): Promise<void> {
  await db.query('select chime_private.return_unheld($1, $2)', [senderId, held]);
}

function messageOf(row: ClaimRow): ClaimedMessage {
  return {
    deliveryId: row.id as string,
    attempt: row.attempt,
    part: row.part,
    tier: row.tier,
    coversCount: row.covers_count,
    tenantId: row.tenant_id,
    channelId: row.channel_id,
    mappingId: row.channel_mapping_id,
    context: row.channel_context_id,
    isDegraded: row.is_degraded,
    heardMsAgo: row.heard_ms_ago,
    locale: row.locale,
    morningAt: row.morning_at,
    eveningAt: row.evening_at,
    url: row.url,
    sealedSecret: row.sealed_secret,
    late:
      row.due_local === null || row.sent_local === null ? null : { due: row.due_local, sent: row.sent_local },
    isGone: row.run_is_gone,
    run: {
      id: row.run_id,
      task: row.task,
      trigger: row.trigger,
      status: row.run_status,
      scheduleId: row.schedule_id,
      scheduleKey: row.schedule_key,
      scheduleName: row.schedule_name,
      scheduledFor: row.scheduled_for,
      finishedAt: row.finished_at,
      output: row.output,
      result: row.result,
      error: row.error,
    },
  };
}

/** Records reports; answers the ids of those that counted. May be sent again. */
export async function finishDeliveries(db: Queryable, reports: readonly SendReport[]): Promise<string[]> {
  const { rows } = await db.query<{ ids: string[] }>({
    name: 'chime_finish_deliveries',
    text: 'select chime_private.finish_deliveries($1) as ids',
    values: [JSON.stringify(reports.map(reportOf))],
  });
  return rows[0]?.ids ?? [];
}

function reportOf(report: SendReport): Record<string, unknown> {
  const { id, attempt, outcome } = report;
  return {
    id,
    attempt,
    outcome,
    ...(report.outcome === 'sent'
      ? { external_id: storable(report.externalId), parts: report.parts ?? 1 }
      : {}),
    ...('reason' in report ? { reason: storable(report.reason) } : {}),
    ...('waitMs' in report ? { wait_ms: report.waitMs } : {}),
    ...('contextId' in report ? { context_id: report.contextId } : {}),
    ...('wholeChannel' in report ? { whole_channel: report.wholeChannel } : {}),
  };
}
