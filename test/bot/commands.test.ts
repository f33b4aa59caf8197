// Commands: what each does, and what is offered where.
import t from 'tap';
import { botCommands } from '../../src/bot/commands.ts';
import { makeDialogue } from '../../src/bot/conversation.ts';
import { setUpBot } from '../support/bot.ts';

async function setUp(test: Parameters<typeof setUpBot>[0]) {
  const bot = await setUpBot(test);
  const ann = bot.person();
  await ann.say('/timezone Europe/Berlin');
  return { ...bot, ann };
}

t.test('all that are offered answer something, in both languages', async (test) => {
  const { ann } = await setUp(test);
  for (const language of ['en', 'ru'] as const)
    for (const { command, description } of botCommands(language, 'private')) {
      test.match(command, /^[a-z]{1,32}$/);
      test.ok(description.length >= 3 && description.length <= 256);
    }
  for (const { command } of botCommands('en', 'private')) {
    const said = await ann.say(`/${command}`);
    test.ok(said.length > 0, command);
  }
  await ann.say('/nonsense');
  test.match(ann.text, /I do not know \/nonsense/);
  test.notOk(botCommands('en', 'group').some(({ command }) => command === 'forget'));
});

t.test('lists in pages; one that has vanished shows what is left', async (test) => {
  const { ann, database } = await setUp(test);
  for (let number = 1; number <= 7; number++) await ann.say(`tomorrow at ${number + 10}:00 thing ${number}`);
  await ann.say('/list');
  test.match(ann.text, /7 schedules · page 1 of 2[\s\S]*1\. ⏳ thing 1/);
  await ann.press('▶');
  test.match(ann.text, /page 2 of 2[\s\S]*6\. ⏳ thing 6[\s\S]*7\. ⏳ thing 7/);
  const second = ann.last;
  await database.rows(
    "select chime.delete_schedule(id) from chime.schedules where name in ('thing 6', 'thing 7')",
  );
  await ann.press('◀', second);
  test.match(ann.text, /5 schedules ·/);
  test.notMatch(ann.text, /page/);
  await ann.say('/next');
  test.equal(ann.text.split('\n').length, 6);
});

t.test('pausing and resuming: one, all, until a time', async (test) => {
  const { ann, database } = await setUp(test);
  for (const [time, name] of [
    ['9', 'stretch'],
    ['10', 'walk'],
  ] as const) {
    await ann.say(`every day at ${time} ${name}`);
    await ann.press('Create');
  }
  await ann.say('/pause stretch until tomorrow at 12');
  test.match(ann.text, /1 schedule is paused/);
  test.match(await database.row("select status, paused_until from chime.schedules where name = 'stretch'"), {
    status: 'paused',
    paused_until: new Date('2026-11-21T11:00:00Z'),
  });
  await ann.say('/pause all');
  test.match(ann.text, /1 schedule is paused/);
  await ann.say('/list paused');
  test.match(ann.text, /Paused: 2/);
  await ann.say('/resume all');
  test.match(ann.text, /2 schedules go on/);
  await ann.say('/pause nothing of the kind');
  test.match(ann.text, /I find no schedule/);
});

t.test('the last runs and the last output; a long one is a document', async (test) => {
  const { ann, fire } = await setUp(test);
  await ann.say('/last');
  test.match(ann.text, /Nothing has run yet/);
  await ann.say('every day at 9 stretch');
  await ann.press('Create');
  await fire('2026-11-21T08:00:00Z');
  await ann.say('/last');
  test.match(ann.text, /stretch · Sat 21 Nov, 09:00 · succeeded\n\nstretch/);
  await ann.say('/runs stretch');
  test.match(ann.text, /✅ Sat 21 Nov, 09:00/);
  await fire('2026-11-22T08:00:00Z', { output: 'line\n'.repeat(2000) });
  await ann.say('/last stretch');
  test.match(ann.said, [{ kind: 'document', name: /^stretch-2026-11-22-09-00\.md$/ }]);
});

t.test('settings: language, quiet hours; all is exported, and forgotten', async (test) => {
  const { ann, database } = await setUp(test);
  await ann.say('every day at 9 stretch');
  await ann.press('Create');
  await ann.say('/settings');
  await ann.press('Quiet 22:00');
  test.match(ann.text, /Quiet hours: 22:00 to 08:00/);
  await ann.press('Evening');
  await ann.press('20:00');
  await ann.press('Morning');
  await ann.press('07:00');
  test.match(ann.text, /Morning: 07:00, evening: 20:00/);
  await ann.say('call mum');
  test.strictSame(ann.labels, ['In 1 h', 'Tonight 20:00', 'Tomorrow 07:00', '✖ Cancel']);
  await ann.press('Tonight');
  test.match(ann.text, /20:00/);
  await ann.say('/settings');
  await ann.press('Language');
  await ann.press('Русский');
  test.match(ann.text, /говорю по-русски/);
  await ann.say('/list');
  test.match(ann.text, /2 расписания/);
  await ann.say('/export');
  const [document] = ann.said;
  test.equal(document?.kind, 'document');
  if (document?.kind === 'document') {
    test.equal(document.name, 'everything.json');
    const { person, schedules, conversations, channel_mappings } = JSON.parse(document.content) as Record<
      string,
      unknown
    > & { schedules: { name: string; cron: string | null; rule_in_words: string }[] };
    test.match(person, {
      ...{ timezone: 'Europe/Berlin', quiet_from: '22:00:00', morning_at: '07:00:00' },
      subject: 'telegram:42',
    });
    test.match(channel_mappings, [{ channel_id: 'telegram' }]);
    test.match(conversations, [{ channel_id: 'telegram' }]);
    test.strictSame(schedules.map(({ name, cron }) => `${name} ${cron ?? 'once'}`).sort(), [
      'call mum once',
      'stretch 0 9 * * *',
    ]);
    test.ok(schedules.every(({ rule_in_words: words }) => /в 09:00|в 20:00/.test(words)));
  }
  await ann.say('/forget');
  await ann.say('нет');
  test.match(ann.text, /Ничего не удалено/);
  await ann.say('/forget');
  await ann.say('Удалить всё');
  test.match(ann.text, /Удалено: 2 расписания/);
  test.match(await database.rows('select status, subject, name from chime.users'), [
    { status: 'forgotten', subject: /^forgotten:/, name: null },
  ]);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
  test.strictSame(
    await database.rows(
      'select channel_context_id from chime.channel_mappings where channel_context_id not like $1',
      ['forgotten:%'],
    ),
    [],
  );
  await ann.say('/list');
  test.match(ann.text, /nothing here yet|Здесь пока пусто|пусто/i, 'who comes back is somebody new');
  test.equal(
    await database.value(
      "select count(*)::integer from chime.users where subject = 'telegram:42' and status = 'active'",
    ),
    1,
  );
});

t.test(
  'somebody who had blocked the bot and is back is asked; a user who is blocked is not spoken to',
  async (test) => {
    const { ann, database, fire } = await setUp(test);
    await ann.say('every day at 9 stretch');
    await ann.press('Create');
    await ann.do({ membership: 'left' });
    const status = "select status from chime.channel_mappings where channel_id = 'telegram'";
    test.equal(await database.value(status), 'blocked');
    test.strictSame(await fire('2026-11-21T08:00:00Z'), []);
    await ann.do({ membership: 'returned' });
    test.match(ann.text, /1 message was not sent/);
    await ann.press('Send again');
    test.equal(await database.value(status), 'active');
    await database.rows("select chime.block_user(id) from chime.users where subject = 'telegram:42'");
    await ann.say('/list');
    test.match(ann.text, /may not use this bot/);
  },
);

t.test('what cannot be handled is owned up to, with a code', (test) => {
  const incoming = {
    ...{ id: '1', channelId: 'telegram' as const, channelContextId: '42', isGroup: false, at: new Date() },
    from: { id: '42', name: 'Ann', languageCode: 'ru' },
  };
  const { sorry } = makeDialogue();
  test.match(sorry?.(incoming, '7F3K'), [
    { kind: 'message', channelContextId: '42', html: /Код: <code>7F3K<\/code>/ },
  ]);
  const pressed = { data: 'x', messageId: '1', queryId: 'q' };
  test.match(sorry?.({ ...incoming, pressed }, '7F3K'), [
    { kind: 'answer', queryId: 'q' },
    { kind: 'message' },
  ]);
  test.strictSame(sorry?.({ ...incoming, membership: 'left' }, '7F3K'), []);
  test.end();
});
