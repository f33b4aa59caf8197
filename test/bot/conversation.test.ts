// A whole conversation, in both languages; between each two steps the bot is another one.
import t from 'tap';
import { setUpBot } from '../support/bot.ts';

const words = {
  en: {
    wish: 'every day at 9 water the plants',
    what: 'water the plants',
    hello: /Hello/,
    asksZone: /What time is it for you/,
    city: 'Moscow',
    create: 'Create',
    confirm: /New schedule/,
    rule: /at 09:00 every day, Europe\/Moscow time/,
    list: /1 schedule · Europe\/Moscow/,
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
    delete: 'Delete',
    sure: /Delete water the plants\?/,
    deleted: /Deleted: water the plants/,
    undo: 'Undo',
    done: '✅ Done',
    doneAt: /✅ Done 10:00/,
    why: 'why',
    because: /by its schedule, for Sat 21 Nov, 09:00/,
    log: 'log',
    noLog: /no log/,
    again: 'again',
    runsAgain: /I run it again/,
    later: 'snooze 2h',
    laterUntil: /Until Sat 21 Nov, 12:00/,
  },
  ru: {
    wish: 'каждый день в 9 полить цветы',
    what: 'полить цветы',
    hello: /Здравствуйте/,
    asksZone: /Который у вас сейчас час/,
    city: 'Москва',
    create: 'Создать',
    confirm: /Новое расписание/,
    rule: /ежедневно в 09:00, по времени Europe\/Moscow/,
    list: /1 расписание · Europe\/Moscow/,
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
    delete: 'Удалить',
    sure: /Удалить полить цветы\?/,
    deleted: /Удалено: полить цветы/,
    undo: 'Отменить',
    done: '✅ Готово',
    doneAt: /✅ Готово в 10:00/,
    why: 'почему',
    because: /по расписанию, на сб,? 21 нояб\., 09:00/,
    log: 'лог',
    noLog: /Лога нет/,
    again: 'ещё раз',
    runsAgain: /Запускаю ещё раз/,
    later: 'отложи на 2 часа',
    laterUntil: /До сб,? 21 нояб\., 12:00/,
  },
};

for (const language of ['en', 'ru'] as const) {
  t.test(`from a wish to a reminder, and all that can be done with it (${language})`, async (test) => {
    const w = words[language];
    const { person, fire, show, database } = await setUpBot(test);
    const ann = person({ language });
    await ann.say('/start');
    test.match(ann.text, w.hello);

    // The zone is asked for before anything is saved, and the wish is not forgotten over it.
    await ann.say(w.wish);
    test.match(ann.text, w.asksZone);
    test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
    await ann.press('18:00');
    await ann.press(w.city);
    test.match(ann.text, w.confirm);
    test.match(ann.text, w.rule);
    test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
    await ann.press(w.create);
    test.match(ann.text, w.what);

    // It fires, and comes back to where it was asked for.
    const [reminder] = await fire('2026-11-21T06:00:00Z');
    test.match(reminder?.params, { chat_id: '42', text: w.what });
    const reminderId = show(ann, reminder);

    // Later: a schedule of its own, and the series does not move.
    await ann.press(w.hour);
    test.match(ann.text, w.until);
    const [snoozed] = await fire('2026-11-21T07:00:00Z');
    test.match(snoozed?.params, { chat_id: '42', text: w.what });
    show(ann, snoozed);
    await ann.press(w.done);
    test.match(ann.text, w.doneAt);
    await ann.press(w.undo);
    test.ok(ann.labels.some((label) => label.includes(w.done)));

    // Listed, opened, edited, with what was and what will be.
    await ann.say('/list');
    test.match(ann.text, w.list);
    await ann.press('1');
    test.match(ann.text, w.rule);
    await ann.press(w.edit);
    await ann.say(w.at10);
    test.match(ann.text, w.before);
    await ann.press(w.save);
    test.match(ann.text, w.saved);
    test.match(ann.text, /10:00/);

    await ann.press(w.pause);
    test.match(ann.text, w.paused);
    await ann.press(w.resume);
    test.match(ann.text, w.active);
    const card = ann.last;
    await ann.press(w.output);
    test.match(ann.text, w.what);

    // An answer to a message acts on the run that it told of.
    await ann.reply(reminderId, w.why);
    test.match(ann.text, w.because);
    await ann.reply(reminderId, w.log);
    test.match(ann.text, w.noLog);
    await ann.reply(reminderId, w.later);
    test.match(ann.text, w.laterUntil);
    await ann.reply(reminderId, w.again);
    test.match(ann.text, w.runsAgain);
    const [repeated] = await fire('2026-11-21T07:00:10Z');
    test.match(repeated?.params, { chat_id: '42', text: w.what });

    // Deleted, and not deleted after all.
    await ann.press(w.delete, card);
    test.match(ann.text, w.sure);
    await ann.press(w.delete);
    test.match(ann.text, w.deleted);
    await ann.press(w.undo);
    test.match(ann.text, w.active);
    test.match(
      await database.row(
        'select status, cron, timezone, deleted_at from chime.schedules where cron is not null',
      ),
      { status: 'active', cron: '0 10 * * *', timezone: 'Europe/Moscow', deleted_at: null },
    );
  });
}
