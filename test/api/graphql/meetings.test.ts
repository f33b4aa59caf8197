// Meetings and their reminders by GraphQL.
import t from 'tap';
import { createDatabase } from '../../support/database.ts';
import { startGraphql, tokenOf } from '../../support/graphql.ts';
import { defaultTenant, person } from '../../support/identities.ts';
import { MovableNow } from '../../support/now.ts';

const database = await createDatabase();
await MovableNow.install(database, '2026-11-20T08:00:00Z');
const { ask } = await startGraphql(t, database);
const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => person(database, defaultTenant, name)));
if (ann === undefined || bob === undefined) throw new Error('nobody');
const tokens = { ann: tokenOf(ann), bob: tokenOf(bob) };
const fields = `id title startsAt endsAt timezone status revision reminders
  meetingReminders { nodes { before remindAt skipReason schedule { name status } } }`;

t.test('booked, moved, found and cancelled', async (test) => {
  const booked = await ask(
    `mutation ($reminders: [String!]) { bookMeeting(input: { title: "Design review", startsAt: "2026-11-23 15:00", durationMs: 2700000,
       timezone: "Europe/Berlin", reminders: $reminders, key: "uid" }) { meeting { ${fields} } } }`,
    { reminders: ['1 day', '00:30:00'] },
    tokens.ann,
  );
  test.equal(booked.errors, undefined);
  const { meeting } = booked.data.bookMeeting;
  const schedule = { name: 'Design review', status: 'ACTIVE' };
  test.match(meeting, {
    startsAt: /^2026-11-23T14:00:00/,
    endsAt: /^2026-11-23T14:45:00/,
    ...{ status: 'SCHEDULED', revision: 1, reminders: ['1 day', '00:30:00'] },
    meetingReminders: {
      nodes: [
        { before: '1 day', remindAt: /^2026-11-22T14:00:00/, skipReason: null, schedule },
        { before: '00:30:00', remindAt: /^2026-11-23T13:30:00/, skipReason: null, schedule },
      ],
    },
  });
  const moved = await ask(
    `mutation ($id: UUID!) { rescheduleMeeting(input: { meetingId: $id, startsAt: "2026-11-24 09:00", expectedRevision: 1 }) { meeting { ${fields} } } }`,
    { id: meeting.id },
    tokens.ann,
  );
  test.match(moved.data.rescheduleMeeting.meeting, { startsAt: /^2026-11-24T08:00:00/, revision: 2 });
  const found = await ask(
    `query ($id: UUID!) {
      meeting(id: $id) { id owner { id } }
      meetings { nodes { id } }
      findMeeting(reference: "design review") { id }
      coming: searchMeetings(endsAfter: "2026-11-24T08:00:00Z", startsBefore: "2026-11-25T00:00:00Z", status: [SCHEDULED]) { nodes { id } }
      over: searchMeetings(endsAfter: "2026-11-24T09:00:00Z") { nodes { id } }
      schedules { nodes { meetingReminder { meeting { id } } } }
    }`,
    { id: meeting.id },
    tokens.ann,
  );
  test.equal(found.errors, undefined);
  const { id } = meeting;
  test.match(found.data, {
    meeting: { id, owner: { id: ann.userId } },
    meetings: { nodes: [{ id }] },
    findMeeting: { id },
    coming: { nodes: [{ id }] },
    schedules: {
      nodes: [{ meetingReminder: { meeting: { id } } }, { meetingReminder: { meeting: { id } } }],
    },
  });
  test.strictSame(found.data.over.nodes, []);
  const cancelled = await ask(
    'mutation ($id: UUID!) { cancelMeeting(input: { meetingId: $id, reason: "Ill" }) { meeting { status cancelReason meetingReminders { nodes { schedule { status } } } } } }',
    { id },
    tokens.ann,
  );
  test.match(cancelled.data.cancelMeeting.meeting, {
    ...{ status: 'CANCELLED', cancelReason: 'Ill' },
    meetingReminders: {
      nodes: [{ schedule: { status: 'CANCELLED' } }, { schedule: { status: 'CANCELLED' } }],
    },
  });
});

t.test('what is refused, and what somebody else sees', async (test) => {
  const refused = async (mutation: string, code: string, token = tokens.ann) => {
    const { errors } = await ask(`mutation { ${mutation} }`, {}, token);
    test.match(errors, [{ extensions: { code } }], mutation);
  };
  const book = (rest: string) =>
    `bookMeeting(input: { title: "R", startsAt: "2026-11-25 15:00"${rest} }) { meeting { id } }`;
  await refused(
    'bookMeeting(input: { title: "R", startsAt: "2026-11-19 15:00" }) { meeting { id } }',
    'PAST_TIME',
  );
  await refused(book(', reminders: ["soon"]'), 'INVALID_ARGUMENT');
  await refused(book(', reminders: ["-1 hour"]'), 'INVALID_ARGUMENT');
  await refused(book(`, userId: "${ann.userId}"`), 'USER_NOT_FOUND', tokens.bob);
  const { id } = await database.row<{ id: string }>('select id from chime.meetings');
  const cancel = `cancelMeeting(input: { meetingId: "${id}" }) { meeting { id } }`;
  await refused(cancel, 'MEETING_NOT_FOUND', tokens.bob);
  await refused(
    `rescheduleMeeting(input: { meetingId: "${id}", startsAt: "2026-11-25 15:00" }) { meeting { id } }`,
    'ILLEGAL_STATE',
  );
  const { data } = await ask(`{ meetings { nodes { id } } meeting(id: "${id}") { id } }`, {}, tokens.bob);
  test.strictSame(data, { meetings: { nodes: [] }, meeting: null });
});
