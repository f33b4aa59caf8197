import type { Send } from './chime.ts';
import { fromRow } from './rows.ts';
import type { Calendar } from './types.ts';

// A multirange has no form that programs read; its days do, in the form that set() takes.
const columns = `c.id, c.name, c.timezone, c.created_at, c.updated_at, array(
  select lower(r)::text || case when upper(r) - lower(r) > 1 then '/' || (upper(r) - 1)::text else '' end
  from unnest(c.dates) r) as dates`;

/** Named sets of days that schedules fire only on, or never on. */
export class Calendars {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /**
   * Makes a calendar, or gives one other days; schedules that name it follow at once.
   * @param dates days (`2026-12-25`) and ranges of days, both ends included (`2026-12-24/2027-01-01`)
   */
  async set(name: string, dates: string[], { timezone }: { timezone?: string } = {}): Promise<Calendar> {
    const rows = await this.#send(`select ${columns} from chime.set_calendar($1, $2, $3) c`, [
      name,
      dates,
      timezone ?? null,
    ]);
    return fromRow<Calendar>(rows[0] ?? {});
  }

  async list(): Promise<Calendar[]> {
    const rows = await this.#send(
      `select ${columns} from chime.calendars c where c.tenant_id = chime.current_tenant() order by c.name`,
      [],
    );
    return rows.map((row) => fromRow<Calendar>(row));
  }

  /** Removes a calendar that no live schedule names. */
  async delete(name: string): Promise<Calendar> {
    const rows = await this.#send(`select ${columns} from chime.delete_calendar($1) c`, [name]);
    return fromRow<Calendar>(rows[0] ?? {});
  }
}
