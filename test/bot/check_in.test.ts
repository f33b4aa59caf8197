// /checkin: when the bot asks a person how they are.
import t, { type Test } from 'tap';
import { clockIn } from '../../src/bot/check_in.ts';
import { setUpBot } from '../support/bot.ts';

async function setUp(test: Test, language = 'en') {
  const bot = await setUpBot(test);
  const ann = bot.person({ language });
  await ann.say('/timezone Europe/Berlin');
  const schedule = () =>
    bot.database.rows<{ cron: string; timezone: string; status: string }>(
      "select cron, timezone, status from chime.schedules where purpose = 'check_in' and deleted_at is null",
    );
  return { ...bot, ann, schedule };
}

t.test('a time is chosen, days, silence, weather, and taken back', async (test) => {
  const { ann, schedule, database } = await setUp(test);
  await ann.say('/checkin');
  test.equal(ann.text, '💬 Daily check-in\nI do not ask you how you are. Shall I, once a day? Tap a time:');
  test.strictSame(ann.labels, ['07:00', '08:00', '09:00', '10:00', '12:00', '18:00', '21:00', 'Other…']);
  await ann.press('09:00');
  test.equal(
    ann.text,
    [
      '💬 Daily check-in',
      'I ask you how you are: every day at 09:00, Europe/Berlin time.',
      'The next one: Sat 21 Nov, 09:00',
      'Also if we have just talked.',
      'Without the weather.',
    ].join('\n'),
  );
  test.strictSame(await schedule(), [{ cron: '0 9 * * *', timezone: 'Europe/Berlin', status: 'active' }]);
  await ann.press('Monday to Friday');
  test.match(ann.text, /Monday to Friday at 09:00[\s\S]*Mon 23 Nov, 09:00/);
  test.match(await schedule(), [{ cron: '0 9 * * 1,2,3,4,5' }]);
  await ann.press('Not within 3 h');
  test.match(ann.text, 'Not if we have talked in the 3 hours before.');
  await ann.press('Weather');
  test.match(ann.text, /The weather of which town/);
  await ann.say('Berlin <b>');
  test.match(ann.text, 'With the weather in Berlin &lt;b&gt;, where I know it.');
  await ann.press('Weather');
  await ann.say('none');
  test.match(ann.text, 'Without the weather.');
  await ann.press('Other…');
  await ann.say('half past');
  test.match(ann.text, 'I cannot read “half past” as a time of day.');
  await ann.say('6.45 pm');
  test.match(ann.text, 'Monday to Friday at 18:45');
  test.match(await database.row('select check_in_silence::text, place from chime.users'), {
    check_in_silence: '03:00:00',
    place: null,
  });
  await ann.press('No check-ins');
  test.match(ann.text, 'I do not ask you how you are.');
  test.strictSame(await schedule(), []);
});

t.test('typed with the command', async (test) => {
  const { ann, schedule } = await setUp(test);
  await ann.say('/checkin 8:30');
  test.match(await schedule(), [{ cron: '30 8 * * *' }]);
  await ann.say('/checkin soon');
  test.match(ann.text, 'I cannot read “soon”');
  test.match(await schedule(), [{ cron: '30 8 * * *' }]);
  await ann.say('/checkin off');
  test.strictSame(await schedule(), []);
});

t.test('in Russian', async (test) => {
  const { ann } = await setUp(test, 'ru');
  await ann.say('/checkin 9');
  await ann.press('Спустя 3 ч');
  test.equal(
    ann.text,
    [
      '💬 Ежедневное «как дела?»',
      'Спрашиваю, как дела: каждый день в 09:00, по времени Europe/Berlin.',
      'В следующий раз: сб 21 нояб., 09:00',
      'Но не если мы говорили за 3 часа до того.',
      'Без погоды.',
    ].join('\n'),
  );
});

t.test('who has no time zone is asked for it first', async (test) => {
  const bot = await setUpBot(test);
  const ann = bot.person();
  await ann.say('/checkin');
  test.match(ann.text, 'What time is it for you now?');
  await ann.say('Berlin');
  test.match(ann.text, 'Daily check-in');
});

t.test('its schedule is steered as any other, but for its time', async (test) => {
  const { ann, schedule, database } = await setUp(test);
  await ann.say('/checkin 9');
  await ann.say('/list');
  test.match(ann.text, 'Daily check-in');
  await ann.say('/pause Daily check-in');
  test.match(await schedule(), [{ status: 'paused' }]);
  await test.rejects(
    database.rows(`select chime.update_schedule(id, '{"cron": "0 7 * * *"}') from chime.schedules`),
    { code: 'CH013' },
  );
  await database.rows(`select chime.update_schedule(id, '{"name": "Hello"}') from chime.schedules`);
  await ann.say('/checkin');
  await ann.press('10:00');
  test.match(await schedule(), [{ cron: '0 10 * * *', status: 'paused' }], 'what is paused stays so');
});

t.test('it comes, and an answer of that day does not bring another one', async (test) => {
  const { ann, fire, database } = await setUp(test);
  await ann.say('/checkin 9');
  await ann.press('Not within 3 h');
  const sent = await fire('2026-11-21T08:00:00Z', { output: 'How are you?' });
  test.strictSame(
    sent.map(({ params }) => [params.chat_id, params.text]),
    [['42', 'How are you?']],
  );
  await ann.say('/checkin 12');
  await fire('2026-11-21T11:00:00Z', { output: 'How are you?' });
  test.strictSame(await database.rows('select day::text, skip_reason from chime.check_ins order by id'), [
    { day: '2026-11-21', skip_reason: null },
    { day: '2026-11-21', skip_reason: 'messaged_today' },
  ]);
});

t.test('times of day', async (test) => {
  for (const [text, clock] of [
    ['9', '09:00'],
    ['09:05', '09:05'],
    ['at 9.30 PM', '21:30'],
    ['12am', '00:00'],
    ['12 pm', '12:00'],
    ['в 18', '18:00'],
    ['24', undefined],
    ['9:60', undefined],
    ['13pm', undefined],
    ['0am', undefined],
    ['noon', undefined],
  ] as const)
    test.equal(clockIn(text), clock, text);
});
