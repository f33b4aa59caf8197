// What was delivered, and what was not: deliveries, the inbox, and the places where people are reached.
import { randomBytes, randomUUID } from 'node:crypto';
import { InvalidArgumentError, InvalidConfigError } from '../errors.ts';
import type { SecretBox } from '../net/secret_box.ts';
import type { Send } from './chime.ts';
import type {
  ChannelMapping,
  CreatedWebhook,
  Delivery,
  DeliveryStatus,
  InboxItem,
  Webhook,
} from './delivery_types.ts';
import { fromRow } from './rows.ts';

export const deliveryColumns = `d.id, d.run_id, d.schedule_id, d.channel_mapping_id, d.channel_id, d.part, d.part_count, d.status, d.skip_reason, d.failure_reason,
  d.failure_count, d.attempt, d.due_at, d.held, d.covers_count, d.external_id, d.read_at, d.created_at, d.finished_at`;
export const inboxColumns =
  'i.id, i.owner_id, i.run_id, i.schedule_id, i.schedule_name, i.task, i.run_status, i.scheduled_for, i.text, i.covers_count, i.received_at, i.read_at';
const mappingColumns =
  'm.id, m.user_id, m.channel_id, m.channel_context_id, m.session_id, m.status, m.status_reason, m.status_changed_at, m.created_at';

/** Outputs on their way to people. Errors are those of the SQL functions of the same names. */
export class Deliveries {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The latest first. */
  async list(
    options: { status?: DeliveryStatus; scheduleId?: string; runId?: string; limit?: number } = {},
  ): Promise<Delivery[]> {
    const { status = null, scheduleId = null, runId = null, limit = 20 } = options;
    const rows = await this.#send(
      `select ${deliveryColumns} from chime.deliveries d
       where d.tenant_id = chime.current_tenant() and ($2::chime.delivery_status is null or d.status = $2)
         and ($3::uuid is null or d.schedule_id = $3) and ($4::uuid is null or d.run_id = $4)
       order by d.id desc, d.part desc limit $1`,
      [limit, status, scheduleId, runId],
    );
    return rows.map((row) => fromRow<Delivery>(row));
  }

  /** Which runs of a schedule are told of, and where, in words. */
  async describe(scheduleId: string): Promise<string> {
    const rows = await this.#send<{ words: string }>('select chime.describe_delivery($1) as words', [
      scheduleId,
    ]);
    return rows[0]?.words ?? '';
  }

  /** Sends it at once, though it failed, was skipped or waits, or nobody knows whether it arrived; its run is not repeated. */
  async retry(id: string): Promise<Delivery> {
    const rows = await this.#send(`select ${deliveryColumns} from chime.retry_delivery($1) d`, [id]);
    return fromRow<Delivery>(rows[0] ?? {});
  }
}

/** What came in for the current user to read. */
export class Inbox {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** The latest first; with `unread`, those that were not read yet. */
  async list({
    unread = false,
    limit = 20,
  }: {
    unread?: boolean;
    limit?: number;
  } = {}): Promise<InboxItem[]> {
    const rows = await this.#send(
      `select ${inboxColumns}
       from chime.inbox i
       where i.tenant_id = chime.current_tenant() and (chime.current_user_id() is null or i.owner_id = chime.current_user_id())
         and (not $2 or i.read_at is null)
       order by i.id desc limit $1`,
      [limit, unread],
    );
    return rows.map((row) => fromRow<InboxItem>(row));
  }

  /** Marks some as read, or all; answers how many were not before. */
  async markRead(ids?: string[]): Promise<number> {
    const rows = await this.#send<{ count: number }>('select chime.mark_inbox_read($1) as count', [
      ids ?? null,
    ]);
    return rows[0]?.count ?? 0;
  }
}

/** Where people can be reached. */
export class ChannelMappings {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  async list(): Promise<ChannelMapping[]> {
    const rows = await this.#send(
      `select ${mappingColumns} from chime.channel_mappings m where m.tenant_id = chime.current_tenant() order by m.id`,
    );
    return rows.map((row) => fromRow<ChannelMapping>(row));
  }

  /** Says that a user, the current one by default, is reached there. */
  async map(channelId: string, channelContextId: string, userId?: string): Promise<ChannelMapping> {
    return this.#one('chime.map_channel($1, $2, $3)', [channelId, channelContextId, userId ?? null]);
  }

  /** Stops everything that is sent there. */
  async block(id: string, reason?: string): Promise<ChannelMapping> {
    return this.#one('chime.block_mapping($1, $2)', [id, reason ?? null]);
  }

  /** Sends there again. */
  async resume(id: string): Promise<ChannelMapping> {
    return this.#one('chime.resume_mapping($1)', [id]);
  }

  async #one(call: string, values: unknown[]): Promise<ChannelMapping> {
    const rows = await this.#send(`select ${mappingColumns} from ${call} m`, values);
    return fromRow<ChannelMapping>(rows[0] ?? {});
  }
}

/** Addresses that runs are posted to; their ids are channel mappings. */
export class Webhooks {
  readonly #send: Send;
  readonly #secrets: SecretBox | undefined;

  constructor(send: Send, secrets: SecretBox | undefined) {
    this.#send = send;
    this.#secrets = secrets;
  }

  /**
   * @param options.secret what it signs with (`whsec_...`); null = it does not; by default a new one, which is answered this once
   * @throws InvalidConfigError (CH032) where it is to be signed and there is no key to encrypt the secret with
   */
  async create(
    url: string,
    options: { secret?: string | null; description?: string } = {},
  ): Promise<CreatedWebhook> {
    const id = randomUUID();
    const secret = options.secret === undefined ? newSecret() : options.secret;
    const tenant = await this.#send<{ id: string }>('select chime.current_tenant() as id');
    const sealed =
      secret === null
        ? null
        : this.#box().seal(checked(secret), { tenantId: tenant[0]?.id ?? '', rowId: id });
    const rows = await this.#send(
      `select w.id, w.url, w.is_signed, w.description, w.created_at
       from chime.create_webhook(url => $1, id => $2, sealed_secret => $3, description => $4) w`,
      [url, id, sealed, options.description ?? null],
    );
    return { ...fromRow<Webhook>(rows[0] ?? {}), secret };
  }

  async list(): Promise<Webhook[]> {
    const rows = await this.#send(
      `select w.id, w.url, w.is_signed, w.description, w.created_at from chime.webhooks w where w.tenant_id = chime.current_tenant() order by w.created_at, w.id`,
    );
    return rows.map((row) => fromRow<Webhook>(row));
  }

  #box(): SecretBox {
    if (this.#secrets !== undefined) return this.#secrets;
    throw new InvalidConfigError('There is no key to encrypt the secret of a webhook with.', {
      hint: 'Set CHIME_SECRET_KEY (openssl rand -base64 32), for senders too; or make a webhook that is not signed.',
    });
  }
}

const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

function checked(secret: string): string {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ''), 'base64').length;
  if (/^whsec_[A-Za-z0-9+/]+=*$/.test(secret) && bytes >= 24 && bytes <= 64) return secret;
  throw new InvalidArgumentError('The secret of a webhook is whsec_ and 24 to 64 bytes in base64.', {
    hint: 'Give none, and a new one is made.',
    detail: { field: 'secret' },
  });
}
