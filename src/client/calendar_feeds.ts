// Calendars to subscribe to.
import type { Send } from './chime.ts';
import type { Users } from './people.ts';
import { fromRow } from './rows.ts';
import type { CalendarFeed, CreateCalendarFeedInput, CreatedCalendarFeed } from './types.ts';

const columns = 'f.id, f.name, f.user_id, f.prefix, f.created_at, f.last_used_at, f.revoked_at';

/** Where a server has the calendar: its path. */
export const feedPath = (secret: string): string => `/calendar/${secret}.ics`;

/** Calendars of what is ahead of a person, which other programs subscribe to by an address that is secret. */
export class CalendarFeeds {
  readonly #send: Send;
  readonly #users: Users;

  constructor(send: Send, users: Users) {
    this.#send = send;
    this.#users = users;
  }

  /** Makes one. The secret of the answer, and the path that has it, are shown this once. */
  async create({ name, user }: CreateCalendarFeedInput = {}): Promise<CreatedCalendarFeed> {
    const userId = user === undefined ? null : (await this.#users.get(user)).id;
    const rows = await this.#send('select c.id, c.secret from chime.create_calendar_feed($1, $2) c', [
      name ?? null,
      userId,
    ]);
    const created = fromRow<Omit<CreatedCalendarFeed, 'path'>>(rows[0] ?? {});
    return { ...created, path: feedPath(created.secret) };
  }

  /** The latest first. */
  async list(): Promise<CalendarFeed[]> {
    const rows = await this.#send(
      `select ${columns}, u.subject as user_subject from chime.calendar_feeds f join chime.users u on u.id = f.user_id
       where f.tenant_id = chime.current_tenant() order by f.id desc`,
    );
    return rows.map((row) => fromRow<CalendarFeed>(row));
  }

  /** Ends it: there is nothing at its address from now on. */
  async revoke(id: string): Promise<void> {
    await this.#send('select chime.revoke_calendar_feed($1)', [id]);
  }
}
