// The time zone: asked for, found by clock and city, changed, and what becomes of schedules then.
import t from 'tap';
import { setUpBot } from '../support/bot.ts';

const zoneOf = "select timezone from chime.users where subject = 'telegram:42'";

t.test(
  'by a city in both languages, a zone, a clock, a place; what is not known is asked again',
  async (test) => {
    const { person, database } = await setUpBot(test);
    const ann = person();
    for (const [said, wanted] of [
      ['Berlin', 'Europe/Berlin'],
      ['москва', 'Europe/Moscow'],
      ['New York', 'America/New_York'],
      ['asia/kolkata', 'Asia/Kolkata'],
      ['Алма-Ата', 'Asia/Almaty'],
    ] as const) {
      await ann.say(`/timezone ${said}`);
      test.equal(await database.value(zoneOf), wanted, said);
    }
    await ann.say('/timezone Moskow');
    test.match(ann.text, /Did you mean/);
    await ann.press('Moscow');
    test.equal(await database.value(zoneOf), 'Europe/Moscow');
    await ann.say('/timezone');
    await ann.say('Xyzzy');
    test.match(ann.text, /I do not know “Xyzzy”/);
    await ann.say('20:45');
    test.match(ann.text, /Kathmandu|Where is that/);
    test.equal(await database.value(zoneOf), 'Asia/Kathmandu');
    await ann.say('/timezone');
    await ann.press('Share location');
    test.match(ann.said, [{ kind: 'ask_location' }, { kind: 'answer' }]);
    await ann.do({ location: { latitude: 59.33, longitude: 18.07 } });
    test.equal(await database.value(zoneOf), 'Europe/Stockholm');
  },
);

t.test('schedules that repeat keep their times of day, or their moments, or all stays', async (test) => {
  const { person, database } = await setUpBot(test);
  const ann = person();
  await ann.say('/timezone Europe/Berlin');
  await ann.say('every day at 9 stretch');
  await ann.press('Create');
  const zone = 'select timezone from chime.schedules';
  await ann.say('/timezone Europe/London');
  test.match(ann.text, /1 schedule that repeats by Europe\/Berlin time/);
  await ann.press('Cancel');
  test.strictSame(
    [await database.value(zoneOf), await database.value(zone)],
    ['Europe/Berlin', 'Europe/Berlin'],
  );
  await ann.say('/timezone Europe/London');
  await ann.press('Keep the moments');
  test.strictSame(
    [await database.value(zoneOf), await database.value(zone)],
    ['Europe/London', 'Europe/Berlin'],
  );
  await ann.say('/timezone Europe/Berlin');
  await ann.say('/timezone Asia/Tokyo');
  await ann.press('Keep the times of day');
  test.strictSame([await database.value(zoneOf), await database.value(zone)], ['Asia/Tokyo', 'Asia/Tokyo']);
});

t.test('an answer that comes late is not taken for a wish; the wish is not lost', async (test) => {
  const { person, database, now } = await setUpBot(test);
  const ann = person();
  await ann.say('tomorrow at 9 call mum');
  await now.advance('1 hour');
  await ann.say('Berlin');
  test.match(ann.text, /put it aside/);
  await ann.press('Take it up again');
  await ann.say('Berlin');
  test.match(ann.text, /✅ call mum[\s\S]*Sat 21 Nov, 09:00/);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 1);
});
