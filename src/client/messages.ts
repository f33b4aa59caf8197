// What is said to people of one's own accord: follow-ups, and all of it on its way.
import type { Send } from './chime.ts';
import type { FollowUp, FollowUpInput, MessageStatus, Purpose, ScheduledMessage } from './message_types.ts';
import { fromRow, namedCall } from './rows.ts';

const followUpColumns = `f.id, f.schedule_id, f.channel_mapping_id, f.person_id, f.task, f.message_template, f.reason, f.status, f.created_at, f.executed_at,
  f.cancelled_at, f.cancel_reason`;
const followUpFields = {
  followUpTime: true,
  messageTemplate: true,
  reason: true,
  timezone: true,
  channelMappingId: true,
  personId: true,
  task: true,
  payload: true,
  catchUpWindow: true,
} as const;

/** Messages that somebody gets at a time, unless they speak before. Errors are those of schedule_follow_up. */
export class FollowUps {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  async schedule({ at, message, ...others }: FollowUpInput): Promise<FollowUp> {
    const { text, values } = namedCall(
      'chime.schedule_follow_up',
      { followUpTime: at, messageTemplate: message, ...others },
      followUpFields,
    );
    const rows = await this.#send(`select ${followUpColumns} from (${text}) f`, values);
    return fromRow<FollowUp>(rows[0] ?? {});
  }

  /** The latest first. */
  async list({
    status,
    limit = 20,
  }: {
    status?: FollowUp['status'];
    limit?: number;
  } = {}): Promise<FollowUp[]> {
    const rows = await this.#send(
      `select ${followUpColumns} from chime.follow_ups f
       where f.tenant_id = chime.current_tenant() and ($2::chime.follow_up_status is null or f.status = $2) order by f.id desc limit $1`,
      [limit, status ?? null],
    );
    return rows.map((row) => fromRow<FollowUp>(row));
  }
}

/** Check-ins, follow-ups and reminders of meetings, from the plan to the proof that they were sent. */
export class ScheduledMessages {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Those that are to come last, or were last, first. */
  async list(
    options: { status?: MessageStatus; purpose?: Purpose; userId?: string; limit?: number } = {},
  ): Promise<ScheduledMessage[]> {
    const { status = null, purpose = null, userId = null, limit = 20 } = options;
    const rows = await this.#send(
      `select m.id, m.purpose, m.user_id, m.channel_mapping_id, m.schedule_id, m.run_id, m.scheduled_for, m.content, m.status, m.sent_at, m.failure_reason
       from chime.scheduled_messages m
       where m.tenant_id = chime.current_tenant() and ($2::chime.message_status is null or m.status = $2)
         and ($3::chime.purpose is null or m.purpose = $3) and ($4::uuid is null or m.user_id = $4)
       order by m.scheduled_for desc, m.id limit $1`,
      [limit, status, purpose, userId],
    );
    return rows.map((row) => fromRow<ScheduledMessage>(row));
  }
}
