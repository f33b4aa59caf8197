// A whole conversation with the real bot, by way of Telegram: each thing that a person does meets a process that has just been started,
// and is killed once it has answered.
import t from 'tap';
import { setUpTelegramPerson } from '../../support/telegram_person.ts';

const words = {
  en: {
    wish: 'every day at 9 water the plants',
    what: 'water the plants',
    asksZone: /What time is it for you/,
    city: 'Moscow',
    create: 'Create',
    edit: 'Edit',
    at10: 'at 10',
    before: /Before:[\s\S]*09:00[\s\S]*After:[\s\S]*10:00/,
    save: 'Save',
    saved: /Saved/,
    pause: 'Pause',
    paused: /paused/,
    resume: 'Resume',
    active: /▶ active/,
    output: 'Last output',
    hour: '1 h',
    until: /Until Sat 21 Nov, 10:00/,
    why: 'why',
    because: /by its schedule/,
    delete: 'Delete',
    deleted: /Deleted: water the plants/,
    undo: 'Undo',
  },
  ru: {
    wish: 'каждый день в 9 полить цветы',
    what: 'полить цветы',
    asksZone: /Который у вас сейчас час/,
    city: 'Москва',
    create: 'Создать',
    edit: 'Изменить',
    at10: 'в 10',
    before: /Было:[\s\S]*09:00[\s\S]*Будет:[\s\S]*10:00/,
    save: 'Сохранить',
    saved: /Сохранено/,
    pause: 'Пауза',
    paused: /на паузе/,
    resume: 'Возобновить',
    active: /▶ работает/,
    output: 'Последний вывод',
    hour: '1 ч',
    until: /До сб,? 21 нояб\., 10:00/,
    why: 'почему',
    because: /по расписанию/,
    delete: 'Удалить',
    deleted: /Удалено: полить цветы/,
    undo: 'Отменить',
  },
};

// Most of it is waiting for processes to start.
t.jobs = 2;

for (const language of ['en', 'ru'] as const) {
  t.test(
    `killed between each two steps, and nothing is forgotten (${language})`,
    { buffered: true },
    async (test) => {
      const w = words[language];
      const { say, press, fire, telegram, database } = await setUpTelegramPerson(
        test,
        '2026-11-20T15:00:00Z',
        {
          chat: 42,
          language,
        },
      );
      let screen = await say(w.wish);
      test.match(screen.text, w.asksZone);
      screen = await press('18:00', screen);
      screen = await press(w.city, screen);
      screen = await press(w.create, screen);
      test.match(screen.text, w.what);

      const reminder = await fire('2026-11-21T06:00:00Z');
      test.equal(reminder.text, w.what);
      test.match(await press(w.hour, reminder), { messageId: reminder.messageId, text: w.until });
      test.equal((await fire('2026-11-21T07:01:00Z')).text, w.what);

      screen = await press('1', await say('/list'));
      test.match((await press(w.edit, screen)).text, w.what);
      screen = await press(w.save, await say(w.at10));
      test.match(screen.text, w.saved);
      screen = await press(w.pause, screen);
      test.match(screen.text, w.paused);
      const card = await press(w.resume, screen);
      test.match(card.text, w.active);
      test.match((await press(w.output, card)).text, w.what);
      test.match((await say(w.why, { repliesTo: reminder.messageId })).text, w.because);
      screen = await press(w.delete, await press(w.delete, card));
      test.match(screen.text, w.deleted);
      test.match((await press(w.undo, screen)).text, w.active);

      test.match(await database.row('select status, cron from chime.schedules where cron is not null'), {
        status: 'active',
        cron: '0 10 * * *',
      });
      // All of it in the one chat; each press answered once, each message said once.
      const presses = telegram.calls.filter(({ method }) => method === 'answerCallbackQuery');
      test.equal(new Set(presses.map(({ params }) => params.callback_query_id)).size, presses.length);
      test.strictSame([...new Set(telegram.said().map(({ params }) => params.chat_id))].filter(Boolean), [
        '42',
      ]);
      test.equal(
        await database.value('select count(*)::integer from chime_private.updates where handled_at is null'),
        0,
      );
    },
  );
}

t.test('who is forgotten is told so, and nothing else of them is left', async (test) => {
  const { say, database } = await setUpTelegramPerson(test, '2026-11-20T09:00:00Z');
  await say('/timezone Europe/Berlin');
  await say('every day at 9 water the plants');
  await say('/forget');
  const { text } = await say('delete everything');
  test.match(text, /^Deleted: 0 schedules, /);
  const rows = await database.rows<{ row: string }>(
    `select to_jsonb(r)::text as row from chime_private.replies r union all select to_jsonb(u)::text from chime_private.updates u
     union all select to_jsonb(c)::text from chime_private.conversations c union all select to_jsonb(p)::text from chime.users p`,
  );
  test.equal(rows.filter(({ row }) => /plants|Berlin|Deleted/.test(row)).length, 0);
  test.equal(
    await database.value(
      "select count(*)::integer from chime_private.replies where lane <> '' and content is not null",
    ),
    0,
  );
  test.equal(
    await database.value('select count(*)::integer from chime_private.replies'),
    1,
    'the answer alone, without what it said',
  );
});
