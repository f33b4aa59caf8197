// Meetings and their reminders: made, moved and cancelled together, and read once more just before they are sent.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

interface Meeting {
  id: string;
  title: string;
  starts: string;
  ends: string;
  status: string;
  revision: number;
  timezone: string;
  location: string | null;
  reminders: string[];
}

const columns = `id, title, status, revision, timezone, location, reminders::text[] as reminders,
  to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as starts, to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ends`;

/** Ann in Berlin with a Telegram chat, whatever else is said of her. */
async function setUp(test: Test, { now: start = '2026-11-20T08:00:00Z', zone = 'Europe/Berlin' } = {}) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, start);
  const ann = await person(database, defaultTenant, 'ann');
  await database.rows('select chime.set_preferences(timezone => $2, user_id => $1)', [ann.userId, zone]);
  const { register, attempt } = attemptsOf(database);
  const deliveries = deliveriesOf(database);
  await deliveries.register(channelOf('telegram'));
  const chat = await deliveries.map('telegram', '100', ann.userId);
  await register(['remind', 'noop']);
  const one = async (call: string, values: unknown[] = []): Promise<Meeting> => {
    const [row] = await as<Meeting & Record<string, unknown>>(
      database,
      ann,
      `select ${columns} from ${call}`,
      values,
    );
    return row as Meeting;
  };
  const tick = () => database.rows('select * from chime_private.tick()');
  /** Runs what is queued, as a worker would. */
  const work = async () => {
    const queued = await database.rows<{ id: string; output: string }>(
      "select id, payload ->> 'text' as output from chime.runs where status = 'queued' order by id",
    );
    for (const { id, output } of queued) await attempt(id, { output });
  };
  return {
    ...{ database, now, ann, chat, tick, work, deliveries, one },
    /** Books a meeting as Ann. */
    book: (fields: string) => one(`chime.book_meeting(${fields})`),
    move: (id: string, fields: string) => one(`chime.reschedule_meeting($1, ${fields})`, [id]),
    cancel: (id: string, reason: string | null = null) => one('chime.cancel_meeting($1, $2)', [id, reason]),
    /** The reminders that there are: when each comes, how long before, and how far its schedule is. */
    reminders: async () =>
      (
        await database.rows<{ line: string }>(
          `select concat_ws(' ', to_char(r.remind_at at time zone 'UTC', 'MM-DD HH24:MI'), r.before, s.status, r.skip_reason) as line
           from chime.meeting_reminders r join chime.schedules s on s.id = r.schedule_id
           where s.next_run_at is not distinct from case s.status when 'active' then r.remind_at end
           order by r.remind_at, r.before`,
        )
      ).map(({ line }) => line),
    /** Moves the clock there, fires and runs what is due, and sends what came of it; answers the texts. */
    async at(instant: string): Promise<string[]> {
      await now.set(instant);
      await tick();
      await work();
      const { messages } = await deliveries.claim(['telegram']);
      await deliveries.report(messages, { outcome: 'sent', externalId: 'm' });
      return messages.map(({ run }) => String(run.output));
    },
  };
}

t.test('booked, it has its reminders, which come in their time', async (test) => {
  const { book, reminders, at } = await setUp(test);
  const meeting = await book(
    "'Design review', '2026-11-21 15:00', duration => '45 minutes', location => 'Zoom'",
  );
  test.match(meeting, {
    ...{ starts: '2026-11-21 14:00', ends: '2026-11-21 14:45', timezone: 'Europe/Berlin' },
    ...{ status: 'scheduled', revision: 1, reminders: ['24:00:00', '01:00:00'] },
  });
  test.strictSame(await reminders(), ['11-20 14:00 24:00:00 active', '11-21 13:00 01:00:00 active']);
  test.strictSame(await at('2026-11-20T13:59:59Z'), []);
  test.strictSame(await at('2026-11-20T14:00:00Z'), [
    '⏰ Design review: tomorrow, 15:00–15:45 (Europe/Berlin)\nZoom',
  ]);
  test.strictSame(await at('2026-11-21T13:00:00Z'), [
    '⏰ Design review: today, 15:00–15:45 (Europe/Berlin)\nZoom',
  ]);
  test.strictSame(await reminders(), ['11-20 14:00 24:00:00 completed', '11-21 13:00 01:00:00 completed']);
});
