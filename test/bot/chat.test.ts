// `chime chat`: a conversation over standard input, by a process that is killed and started again in the middle of it.
import t, { type Test } from 'tap';
import { Talking } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const talk = (test: Test, url: string, name: string, language: string) =>
  new Talking(test, ['chat', '--as', name, '--language', language], { env: { DATABASE_URL: url } });

t.test('from a wish to what comes of it, with nothing else running', async (test) => {
  const database = await createDatabase(test);
  const first = talk(test, database.url, 'ann', 'en');
  await first.seen(/Hello!/);
  first.type('in 1 second <the> tea');
  await first.seen(/What time is it for you/);
  test.equal(await first.end(), 0);

  const second = talk(test, database.url, 'ann', 'en');
  await second.seen(/Hello!/);
  second.type('Berlin');
  await second.seen(/Europe\/Berlin/);
  // So long from when it was said is over by now: it comes at once.
  await second.seen(/✅ <the> tea/);
  await second.seen(/🔔 <the> tea/);
  second.type('in 1 second <the> tea');
  await second.seen(/✅ <the> tea/);
  await second.seen(/🔔 <the> tea\s+\[1\] ✅ Done {2}\[2\] 10 min/);
  second.type('^ why');
  await second.seen(/by its schedule/);
  second.type('^ again');
  await second.seen(/🔔 <the> tea/);
  second.type('1');
  await second.seen(/✅ Done \d\d:\d\d/);
  second.type('every day at 9 stretch');
  await second.seen(/\[1\] ✅ Create/);
  await second.kill();

  const third = talk(test, database.url, 'ann', 'en');
  await third.seen(/Hello/);
  third.type('/list');
  await third.seen(/nothing here yet/);
  third.type('every day at 9 stretch');
  await third.seen(/\[1\] ✅ Create/);
  third.type('1');
  await third.seen(/✅ stretch/);
  third.type('/export');
  await third.seen(/"name": "stretch"/);
  test.equal(await third.end(), 0);
  test.match(await database.rows('select subject, timezone, locale from chime.users'), [
    { subject: 'terminal:ann', timezone: 'Europe/Berlin', locale: 'en' },
  ]);
});

t.test('in Russian, by somebody else', async (test) => {
  const database = await createDatabase(test);
  const chat = talk(test, database.url, 'ваня', 'ru');
  await chat.seen(/Здравствуйте/);
  chat.type('/timezone Москва');
  await chat.seen(/Europe\/Moscow/);
  chat.type('через 1 секунду чай');
  await chat.seen(/🔔 чай\s+\[1\] ✅ Готово/);
  chat.type('1');
  await chat.seen(/✅ Готово в \d\d:\d\d/);
  test.equal(await chat.end(), 0);
});
