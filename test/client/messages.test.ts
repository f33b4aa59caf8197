// Follow-ups, check-ins and what is said to people, by the library.
import t from 'tap';
import { createChime } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { person } from '../support/identities.ts';

const database = await createDatabase();
const chime = createChime({ connectionString: database.url });
t.teardown(() => chime.close());
const ann = await person(database, 'default', 'ann');
const at = new Date(Date.now() + 3_600_000);

t.test('a follow-up', async (test) => {
  const mapping = await chime.channelMappings.map('telegram', '42', ann.userId);
  const made = await chime.followUps.schedule({
    ...{ at, message: 'Well, {{person}}?', reason: 'the exam', channelMappingId: mapping.id },
  });
  test.match(made, {
    ...{ personId: ann.userId, channelMappingId: mapping.id, task: 'remind', status: 'pending' },
    ...{ messageTemplate: 'Well, {{person}}?', reason: 'the exam', cancelReason: null },
  });
  const other = await chime.followUps.schedule({
    ...{ at: '2099-01-01 09:00', timezone: 'Asia/Tokyo', task: 'ask_llm', payload: { prompt: '{{reason}}' } },
    ...{ reason: 'the trip', channelMappingId: mapping.id, catchUpWindow: '2 hours' },
  });
  test.strictSame(
    (await chime.followUps.list({ status: 'pending' })).map(({ id }) => id),
    [other.id, made.id],
  );
  await chime.schedules.cancel(other.scheduleId);
  test.match(await chime.followUps.list({ status: 'cancelled' }), [
    { id: other.id, cancelReason: 'by_hand' },
  ]);
  test.match(await chime.scheduledMessages.list({ purpose: 'follow_up' }), [
    { scheduledFor: at, content: 'Well, {{person}}?', status: 'pending', userId: ann.userId, sentAt: null },
  ]);
  await test.rejects(chime.followUps.schedule({ at, message: 'x', reason: '' }), { code: 'CH007' });
});

t.test('a check-in', async (test) => {
  const user = await chime.users.setCheckIn('ann', { at: '09:00', days: [1, 5], silence: '3 hours' });
  test.match(user, { preferredMessageTime: '09:00', onboardedAt: Date });
  test.equal((await chime.scheduledMessages.list({ userId: ann.userId, purpose: 'check_in' })).length, 1);
  await chime.users.remember('ann', 'Has a dog');
  await chime.users.remember('ann', 'Looks for a flat', { isOngoing: true });
  test.match(await database.value('select context from chime.users'), {
    facts: [{ text: 'Has a dog' }],
    situations: [{ text: 'Looks for a flat' }],
  });
  await test.rejects(chime.users.setCheckIn('nobody', { at: null }), { code: 'CH015' });
  await test.rejects(chime.users.setCheckIn('ann', { at: '9 o’clock' }));
  test.match(await chime.users.setCheckIn('ann', { at: null }), { preferredMessageTime: null });
  test.strictSame(await chime.scheduledMessages.list({ purpose: 'check_in' }), []);
});
