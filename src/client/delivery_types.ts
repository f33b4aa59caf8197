// What programs get of deliveries: the names of the columns, in the case of TypeScript.

export type DeliverPolicy = 'always' | 'on_failure' | 'on_change' | 'on_recovery' | 'never';
export type DeliveryStatus = 'pending' | 'sending' | 'sent' | 'failed' | 'unknown' | 'skipped';

/** The output of a run on its way to one place. */
export interface Delivery {
  id: string;
  runId: string;
  scheduleId: string | null;
  channelMappingId: string;
  channelId: string;
  /** Which part of it this is; how many there are is known once the first is sent. */
  part: number;
  partCount: number | null;
  /** `unknown`: it may have been sent or not, and is not sent again by itself. */
  status: DeliveryStatus;
  skipReason: string | null;
  failureReason: string | null;
  failureCount: number;
  attempt: number;
  /** Pending: when it may be sent; null = at once. */
  dueAt: Date | null;
  /** Whether quiet hours hold it, or did. */
  held: boolean;
  /** For how many runs it stands. */
  coversCount: number;
  /** The id that the channel has given to the message. */
  externalId: string | null;
  readAt: Date | null;
  createdAt: Date;
  finishedAt: Date | null;
}

export interface InboxItem {
  id: string;
  ownerId: string;
  runId: string;
  scheduleId: string | null;
  scheduleName: string | null;
  task: string;
  runStatus: string;
  scheduledFor: Date;
  /** The first 500 characters of the output, or the error. */
  text: string | null;
  coversCount: number;
  receivedAt: Date;
  readAt: Date | null;
}

/** Where somebody can be reached. */
export interface ChannelMapping {
  id: string;
  userId: string | null;
  channelId: string;
  channelContextId: string;
  sessionId: string | null;
  status: 'active' | 'degraded' | 'blocked';
  statusReason: string | null;
  statusChangedAt: Date;
  createdAt: Date;
}

export interface Webhook {
  /** That of its channel mapping: what `channelMappingId` of a schedule takes. */
  id: string;
  url: string;
  isSigned: boolean;
  description: string | null;
  createdAt: Date;
}

export interface CreatedWebhook extends Webhook {
  /** What its receiver verifies with. It is shown this once. */
  secret: string | null;
}
