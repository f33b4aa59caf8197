// Deliveries and the inbox, as REST has them.
import { z } from 'zod';
import type { Delivery, InboxItem } from '../../client/delivery_types.ts';
import { id, instant, orNull, pageOf, pageQuery, queryBoolean } from './schemas.ts';

const delivery = z
  .object({
    id: id('Its id; the ids of later deliveries are greater.'),
    run_id: id('The run whose output it is.'),
    task_id: orNull(id('The task that it is a run of.')),
    channel_mapping_id: id('Where it goes.'),
    channel_id: z
      .string()
      .meta({ description: 'The channel: telegram, whatsapp, webhook, web or terminal.' }),
    part: z.int().meta({ description: 'Which part of the output it is, from 1 on.' }),
    part_count: z
      .int()
      .nullable()
      .meta({ description: 'How many parts there are; null while nobody has looked.' }),
    status: z.enum(['pending', 'sending', 'sent', 'failed', 'unknown', 'skipped']).meta({
      description: 'How far it is. unknown: it may have been sent or not, and is not sent again by itself.',
    }),
    skip_reason: z.string().nullable().meta({ description: 'Why it was not to be sent.' }),
    failure_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it failed, or what was wrong the last time.' }),
    attempt: z.int().meta({ description: 'How many times a sender has taken it.' }),
    due_at: orNull(instant('Pending: when it may be sent; null = at once.')),
    external_id: z
      .string()
      .nullable()
      .meta({ description: 'The id that the channel has given to the message.' }),
    created_at: instant('When it was written.'),
    finished_at: orNull(instant('When it reached its final status.')),
  })
  .meta({ id: 'Delivery', description: 'The output of a run on its way to somebody: one for each message.' });

const inboxItem = z
  .object({
    id: id('Its id; the ids of later items are greater.'),
    run_id: id('The run that it tells of.'),
    task_id: orNull(id('The task that it is a run of.')),
    task_name: z.string().nullable().meta({ description: 'What people call that task.' }),
    task: z.string().meta({ description: 'The handler of the run.' }),
    run_status: z.string().meta({ description: 'How the run ended.' }),
    scheduled_for: instant('The nominal time of the run.'),
    text: z
      .string()
      .nullable()
      .meta({ description: 'The first 500 characters of its output, or its error.' }),
    covers_count: z.int().meta({ description: 'For how many runs it stands.' }),
    received_at: instant('When it came in.'),
    read_at: orNull(instant('When it was marked as read.')),
  })
  .meta({ id: 'InboxItem', description: 'What came in for somebody to read.' });

export const deliveryPage = pageOf(delivery, 'DeliveryPage', 'deliveries');
export const deliveryQuery = z.strictObject(pageQuery);
export const inboxPage = pageOf(inboxItem, 'InboxPage', 'items');
export const inboxQuery = z.strictObject({
  unread: queryBoolean('Only what was not read yet.'),
  ...pageQuery,
});

export const readBody = z
  .strictObject({
    ids: z
      .array(id('The id of an item.'))
      .max(1000)
      .nullish()
      .meta({ description: 'Those that were read; all where nothing is said.' }),
  })
  .optional()
  .meta({ id: 'InboxRead', description: 'What was read; may be left out.' });

export const readAnswer = z
  .object({ read_count: z.int().meta({ description: 'How many are marked as read that were not before.' }) })
  .meta({ id: 'InboxReadCount', description: 'What has changed.' });

const iso = (at: Date | null) => at?.toISOString() ?? null;

export function deliveryView(of: Delivery): z.output<typeof delivery> {
  return {
    id: of.id,
    run_id: of.runId,
    task_id: of.scheduleId,
    channel_mapping_id: of.channelMappingId,
    channel_id: of.channelId,
    part: of.part,
    part_count: of.partCount,
    status: of.status,
    skip_reason: of.skipReason,
    failure_reason: of.failureReason,
    attempt: of.attempt,
    due_at: iso(of.dueAt),
    external_id: of.externalId,
    created_at: of.createdAt.toISOString(),
    finished_at: iso(of.finishedAt),
  };
}

export function inboxView(of: InboxItem): z.output<typeof inboxItem> {
  return {
    id: of.id,
    run_id: of.runId,
    task_id: of.scheduleId,
    task_name: of.scheduleName,
    task: of.task,
    run_status: of.runStatus,
    scheduled_for: of.scheduledFor.toISOString(),
    text: of.text,
    covers_count: of.coversCount,
    received_at: of.receivedAt.toISOString(),
    read_at: iso(of.readAt),
  };
}
