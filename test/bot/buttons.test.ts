// Buttons that are out of date, that are somebody else's, or that nobody has made.
import t from 'tap';
import { buttonData, readButton } from '../../src/channels/button.ts';
import { setUpBot } from '../support/bot.ts';

t.test('what stands behind a button is 64 bytes at most, and nothing else is taken for it', (test) => {
  const press = { verb: 'snooze', id: '0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001', arg: 'tomorrow', rev: '12a' };
  const data = buttonData(press);
  test.strictSame(readButton(data), press);
  const longest = buttonData({ verb: 'abcdefghij', id: press.id, arg: 'x'.repeat(16), rev: '12345678' });
  test.ok(Buffer.byteLength(longest) <= 64);
  test.throws(() => buttonData({ ...press, arg: 'x'.repeat(17) }));
  for (const wrong of [
    '',
    'c2:run:x::',
    data.slice(0, -4),
    `${data}9999999`,
    'c1:run:AAAAAAAAAAAAAAAAAAAAA:a:1',
  ])
    test.equal(readButton(wrong), undefined, wrong);
  test.end();
});

t.test('a card that is out of date is not acted on, but shown anew', async (test) => {
  const { person, database } = await setUpBot(test);
  const ann = person();
  await ann.say('/timezone Europe/Berlin');
  await ann.say('every day at 9 stretch');
  await ann.press('Create');
  await ann.say('/list');
  await ann.press('1');
  const old = ann.last;
  await ann.press('Pause');
  await ann.press('Pause', old);
  test.match(ann.toast, /out of date/);
  test.match(ann.text, /paused/);
  test.ok(ann.labels.some((label) => label.includes('Resume')));
  await database.rows('select chime.update_schedule(id, \'{"cron": "0 7 * * *"}\') from chime.schedules');
  await ann.press('Resume');
  test.match(ann.toast, /out of date/);
  test.equal(await database.value('select status from chime.schedules'), 'paused');
  await ann.press('Delete');
  const ask = ann.last;
  await ann.press('Delete');
  await ann.press('Delete', { ...ask, messageId: 'gone' });
  test.match(ann.toast, /out of date/);
  test.equal(
    await database.value('select count(*)::integer from chime.schedules where deleted_at is not null'),
    1,
  );
});

t.test('a draft that has changed; a button of an older one', async (test) => {
  const { person, database } = await setUpBot(test);
  const ann = person();
  await ann.say('/timezone Europe/Berlin');
  await ann.say('every day at 9 stretch');
  const old = ann.last;
  await ann.say('every day at 10 run');
  const next = ann.last;
  await ann.press('Create', old);
  test.match(ann.toast, /out of date/);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
  await ann.press('Create', next);
  test.equal(await database.value('select name from chime.schedules'), 'run');
  await ann.press('Create', next);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 1);
});

t.test("somebody else's schedule, run and draft are as if they were not there", async (test) => {
  const { person, database, fire, show } = await setUpBot(test);
  const [ann, bob] = [person(), person({ id: '43', name: 'Bob' })];
  await ann.say('/timezone Europe/Berlin');
  await ann.say('every day at 9 stretch');
  const draft = ann.last;
  await bob.pressData(draft.buttons[0]?.data ?? '');
  test.match(bob.toast, /Only the author/);
  await ann.press('Create');
  await ann.say('/list');
  await ann.press('1');
  for (const { data, label } of ann.last.buttons) {
    if (label.includes('List')) continue;
    await bob.pressData(data);
    test.match(bob.toast, /not there any more, or not yours/, label);
  }
  const [reminder] = await fire('2026-11-21T08:00:00Z');
  show(ann, reminder);
  for (const { data, label } of ann.last.buttons) {
    await bob.pressData(data);
    test.match(bob.toast, /not there any more, or not yours/, label);
  }
  await bob.say('/list');
  test.match(bob.text, /nothing here yet/);
  test.match(await database.row('select status, deleted_at from chime.schedules'), {
    status: 'active',
    deleted_at: null,
  });
  await bob.pressData('nonsense');
  test.match(bob.toast, /out of date/);
});
