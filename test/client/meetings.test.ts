// Meetings from the library.
import t from 'tap';
import { createChime, MeetingNotFoundError, PastTimeError, RevisionConflictError } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-11-20T08:00:00Z');
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
const ann = await person(database, defaultTenant, 'ann');

t.test('book, reschedule, cancel, get, list', async (test) => {
  const { meetings } = chime;
  const meeting = await meetings.book({
    ...{ title: 'Review', startsAt: '2026-11-23 15:00', duration: '45 minutes', timezone: 'Europe/Berlin' },
    ...{
      location: 'Zoom',
      description: 'Slides',
      key: 'uid',
      reminders: ['1 day', '30 minutes'],
      user: 'ann',
    },
  });
  const { id, meetingReminders, ...others } = meeting;
  test.strictSame(others, {
    ...{ ownerId: ann.userId, key: 'uid', title: 'Review', location: 'Zoom', description: 'Slides' },
    ...{ startsAt: new Date('2026-11-23T14:00:00Z'), endsAt: new Date('2026-11-23T14:45:00Z') },
    ...{ timezone: 'Europe/Berlin', channelMappingId: null, reminders: ['1 day', '00:30:00'] },
    ...{ status: 'scheduled', revision: 1, cancelledAt: null, cancelReason: null },
    ...{ createdAt: new Date('2026-11-20T08:00:00Z'), updatedAt: new Date('2026-11-20T08:00:00Z') },
  });
  test.match(meetingReminders, [
    { before: '1 day', remindAt: new Date('2026-11-22T14:00:00Z'), status: 'active', skipReason: null },
    { before: '00:30:00', remindAt: new Date('2026-11-23T13:30:00Z'), status: 'active', skipReason: null },
  ]);
  test.strictSame(await meetings.get('review'), meeting);
  test.strictSame(await meetings.list({ user: 'ann' }), [meeting]);
  const moved = await meetings.reschedule('uid', {
    ...{ startsAt: new Date('2026-11-24T09:00:00Z'), expectedRevision: 1 },
  });
  test.match(moved, { id, endsAt: new Date('2026-11-24T09:45:00Z'), revision: 2 });
  await test.rejects(
    meetings.reschedule(id, { startsAt: '2026-11-25 15:00', expectedRevision: 1 }),
    RevisionConflictError,
  );
  await test.rejects(meetings.reschedule(id, { startsAt: '2026-11-19 15:00' }), PastTimeError);
  test.strictSame(await meetings.list({ startsBefore: '2026-11-24T09:00:00Z' }), []);
  const cancelled = await meetings.cancel(id, { reason: 'Ill' });
  test.match(cancelled, { status: 'cancelled', cancelReason: 'Ill', revision: 3 });
  test.match(cancelled.meetingReminders, [{ status: 'cancelled' }, { status: 'cancelled' }]);
  test.strictSame(await meetings.list(), []);
  test.strictSame(await meetings.list({ all: true }), [cancelled]);
  await test.rejects(meetings.cancel('nothing'), MeetingNotFoundError);
});

t.test('in a transaction of the program', async (test) => {
  const input = { title: 'Planning', startsAt: '2026-11-25 15:00', user: ann.userId };
  const count = () => database.value("select count(*)::integer from chime.schedules where status = 'active'");
  await test.rejects(
    chime.withTransaction(async (inside) => {
      const { meetingReminders } = await inside.meetings.book(input);
      test.equal(meetingReminders.length, 2);
      throw new Error('no');
    }),
    /^no$/,
  );
  test.equal(await count(), 0);
  await chime.withTransaction((inside) => inside.meetings.book(input));
  test.equal(await count(), 2);
  await now.set('2026-11-25T16:00:00Z');
  test.strictSame(await chime.meetings.list(), [], 'it is over');
});
