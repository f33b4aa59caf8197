// Meetings that are booked, moved and cancelled at random, against a model of their reminders: which are there, and what is said.
import fc from 'fast-check';
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { check, same } from '../support/properties.ts';

const minute = 60_000;
const offsets = [15, 60, 24 * 60];
const database = await createDatabase();
let now = Date.UTC(2030, 0, 1);
const clock = await MovableNow.install(database, new Date(now).toISOString());
const ann = await person(database, defaultTenant, 'ann');
const { register, attempt } = attemptsOf(database);
await register(['remind']);
const deliveries = deliveriesOf(database);
await deliveries.register(channelOf('telegram'));
await deliveries.map('telegram', '100', ann.userId);

/** A meeting of the model, and the reminders that it has: for each offset when it comes, and whether its time has come. */
interface Modelled {
  start: number;
  cancelled: boolean;
  reminders: Map<number, { at: number; fired: boolean }>;
}

function arm(meeting: Modelled, start: number): void {
  meeting.start = start;
  for (const offset of offsets) {
    const at = start - offset * minute;
    if (meeting.reminders.get(offset)?.at === at) continue;
    meeting.reminders.delete(offset);
    if (at > now) meeting.reminders.set(offset, { at, fired: false });
  }
}

/** What is said of a meeting now: once, however many of its reminders are due, if the latest of them is. */
function says({ start, reminders }: Modelled): boolean {
  const past = [...reminders.values()].filter(({ at }) => at <= now).sort((a, b) => b.at - a.at);
  const isSaid = past[0]?.fired === false && start > now;
  for (const reminder of past) reminder.fired = true;
  return isSaid;
}

/** Fires what is due, runs it, and sends what came of it; answers the titles of the meetings that it tells of. */
async function fire(): Promise<string[]> {
  await database.rows('select * from chime_private.tick()');
  const queued = await database.rows<{ id: string; output: string }>(
    "select id, payload ->> 'text' as output from chime.runs where status = 'queued'",
  );
  for (const { id, output } of queued) await attempt(id, { output });
  const said: string[] = [];
  for (let isMore = true; isMore; ) {
    const { messages, more } = await deliveries.claim(['telegram']);
    await deliveries.report(messages, { outcome: 'sent', externalId: 'm' });
    said.push(...messages.map(({ run }) => String(run.output).split(':')[0]?.slice(2) as string));
    isMore = more || messages.length > 0;
  }
  return said.sort();
}

const waiting = async () =>
  (
    await database.rows<{ line: string }>(
      `select m.key || ' ' || round(extract(epoch from s.next_run_at) / 60) as line
       from chime.meeting_reminders r join chime.meetings m on m.id = r.meeting_id join chime.schedules s on s.id = r.schedule_id
       where s.status = 'active'`,
    )
  )
    .map(({ line }) => line)
    .sort();

let cases = 0;

t.test('whatever is done, and in whatever order', async (test) => {
  // Around the offsets, so that often more than one reminder is due, or just not.
  const ahead = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(70, 1450) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  );
  const waits = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(9, 58, 1390) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  );
  const step = fc.oneof(
    fc.record({
      what: fc.constantFrom('book', 'book', 'move', 'move', 'cancel'),
      which: fc.nat(2),
      minutes: ahead,
    }),
    fc.record({ what: fc.constantFrom('wait', 'fire'), which: fc.constant(0), minutes: waits }),
  );
  const values = fc.array(step, { minLength: 8, maxLength: 25 });
  await check(test, { runs: 40, values }, async (steps) => {
    cases++;
    await database.rows('delete from chime.meetings');
    await database.rows("select chime.delete_schedule(id) from chime.schedules where status = 'active'");
    const model = new Map<string, Modelled>();
    for (const { what, which, minutes } of steps) {
      const key = `${cases}/${which}`;
      const start = now + minutes * minute;
      const at = new Date(start).toISOString();
      const meeting = model.get(key);
      if (what === 'wait') {
        now = start;
        await clock.set(at);
      } else if (what === 'fire') {
        const expected = [...model].filter(([, each]) => says(each)).map(([title]) => title);
        same(await fire(), expected.sort(), `said at ${new Date(now).toISOString()}`);
      } else if (what === 'book') {
        const booked = meeting ?? { start, cancelled: false, reminders: new Map() };
        model.set(key, booked);
        if (booked.cancelled) Object.assign(booked, { cancelled: false, reminders: new Map() });
        arm(booked, start);
        await as(
          database,
          ann,
          "select chime.book_meeting($1, $2, key => $1, reminders => '{24 hours,1 hour,15 minutes}')",
          [key, at],
        );
      } else if (meeting !== undefined && !(what === 'move' && meeting.cancelled)) {
        if (what === 'move') arm(meeting, start);
        else Object.assign(meeting, { cancelled: true, reminders: new Map() });
        const call = what === 'move' ? 'reschedule_meeting(id, $2)' : 'cancel_meeting(id, $2)';
        await as(database, ann, `select chime.${call} from chime.meetings where key = $1`, [key, at]);
      }
      const left = [...model].flatMap(([title, { reminders }]) =>
        [...reminders.values()].filter(({ fired }) => !fired).map((each) => `${title} ${each.at / minute}`),
      );
      same(await waiting(), left.sort(), `there after ${what}`);
    }
  });
});
