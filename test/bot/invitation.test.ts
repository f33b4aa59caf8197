// Invitations that people send to the bot: what is booked, changed and cancelled by them, and what is refused.
import t, { type Test } from 'tap';
import { setUpBot } from '../support/bot.ts';
import type { PersonOptions } from '../support/conversation.ts';
import { apple, google, outlook, plain } from '../support/invitations.ts';

const meetings = `select title, location, description, key, to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as starts,
  to_char(ends_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as ends, timezone, status::text as status from chime.meetings order by starts_at, id`;

async function setUp(
  test: Test,
  { zone = 'Europe/Berlin', ...options }: PersonOptions & { zone?: string } = {},
) {
  const { person, database, now, fire } = await setUpBot(test);
  let content: string | Uint8Array = '';
  const ann = person({
    ...options,
    fetchFile: async () => ({ bytes: typeof content === 'string' ? Buffer.from(content) : content }),
  });
  if (zone !== '') await ann.say(`/timezone ${zone}`, { isToBot: true });
  const read = () => database.rows<Record<string, string | null>>(meetings);
  return {
    ...{ ann, database, now, fire, read },
    /** Sends a file; answers what the bot says. */
    async send(file: string | Uint8Array, more = {}) {
      content = file;
      await ann.do({ document: { fileId: 'f', size: file.length }, ...more });
      return ann.text;
    },
    times: async () => (await read()).map(({ starts, ends }) => `${starts} ${ends}`),
  };
}

t.test('as Google writes it', async (test) => {
  const { ann, send, read, database } = await setUp(test, { zone: 'America/New_York' });
  test.equal(
    await send(google()),
    [
      '✅ Booked: Plan &lt;Q1&gt; &amp; more',
      '🕐 Tue 1 Dec, 04:00–05:00 (America/New_York)',
      '📍 https://meet.example.com/abc-defg-hij',
      '⏰ I remind you: Mon 30 Nov, 04:00; Tue 1 Dec, 03:00',
    ].join('\n'),
  );
  test.strictSame(await read(), [
    {
      title: 'Plan <Q1> & more',
      location: 'https://meet.example.com/abc-defg-hij',
      description: 'Line one\nLine two, with <b>tags</b>',
      key: '4kq0example@google.com',
      starts: '2026-12-01 09:00',
      ends: '2026-12-01 10:00',
      timezone: 'America/New_York',
      status: 'scheduled',
    },
  ]);
  test.equal(
    await database.value('select count(*)::integer from chime.meetings where channel_mapping_id is not null'),
    1,
  );
  await ann.press('Cancel the meeting');
  test.match(ann.text, /^✖ Cancelled: Plan/);
  test.match(await read(), [{ status: 'cancelled' }]);
});

t.test('sent again, it changes the meeting; a cancellation cancels it', async (test) => {
  const { send, read, times, ann } = await setUp(test);
  await send(google());
  test.match(await send(google()), /^✅ I have that already: Plan/);
  test.match(
    await send(google({ start: '20261202T150000', end: '20261202T160000' })),
    /^✅ Changed: Plan.*\n🕐 Wed 2 Dec, 15:00–16:00/,
  );
  test.strictSame(await times(), ['2026-12-02 14:00 2026-12-02 15:00']);
  test.match(await send(google({ method: 'CANCEL' })), /^✖ Cancelled: Plan/);
  test.match(await read(), [{ status: 'cancelled' }]);
  test.strictSame(ann.labels, []);
  test.match(await send(google({ method: 'PUBLISH' })), /^✅ Changed: Plan/, 'and takes place after all');
  test.match(await read(), [{ status: 'scheduled' }]);
  test.match(await send(outlook({ method: 'CANCEL' })), /“Jour fixe” is cancelled; I had not booked it/);
  const cancelled = plain('UID:4kq0example@google.com\nDTSTART:20261202T140000Z\nSTATUS:CANCELLED');
  test.match(await send(cancelled), /^✖ Cancelled: Plan/, 'also by its status');
});

t.test('as Outlook writes it: zones of Windows, which the file explains', async (test) => {
  const { send, read, times } = await setUp(test);
  test.match(
    await send(outlook()),
    /^✅ Booked: Jour fixe\n🕐 Tue 1 Dec, 10:00–10:30 \(Europe\/Berlin\)\n📍 Raum 3/,
  );
  test.match(await read(), [
    { starts: '2026-12-01 09:00', ends: '2026-12-01 09:30', timezone: 'Europe/Berlin' },
  ]);
  await send(outlook({ start: '20270601T100000', end: '20270601T103000' }));
  test.strictSame(await times(), ['2027-06-01 08:00 2027-06-01 08:30'], 'in summer, too');
  await send(outlook({ start: '20270327T230000', end: '20270328T040000' }));
  test.strictSame(await times(), ['2027-03-27 22:00 2027-03-28 02:00'], 'and over the change of the clocks');
  for (const bad of [
    outlook({ tzid: 'Nowhere Standard Time', zone: 'other' }),
    outlook({ tzid: 'X/Y <b>', zone: 'other' }),
  ])
    test.match(
      await send(bad),
      /time zone that I do not know: “(Nowhere Standard Time|X\/Y &lt;b&gt;)”\. I have booked nothing/,
    );
  test.equal((await times()).length, 1);
});

t.test('a zone that would take for ever is none', async (test) => {
  const { send } = await setUp(test);
  const spun = (rule: string) => outlook().replace(/RRULE:.*BYMONTH=10/, `RRULE:${rule}`);
  for (const rule of [
    'FREQ=SECONDLY',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
    'FREQ=YEARLY;BYHOUR=1,2,3;BYMINUTE=1',
    'FREQ=YEARLY;BYDAY=53MO',
    'FREQ=DAILY;BYSETPOS=400',
  ])
    test.match(await send(spun(rule)), /time zone that I do not know|cannot read/, rule);
  const many = outlook().replace(/BEGIN:STANDARD[\s\S]*?END:STANDARD\r\n/, (part) => part.repeat(60));
  test.match(await send(many), /time zone that I do not know/, 'nor one of many parts');
  const far = outlook({ start: '98000601T100000', end: '98000601T103000' });
  test.match(await send(far), /time zone that I do not know/, 'nor one in eight thousand years');
});

t.test('as Apple writes it: whole days', async (test) => {
  const { send, read } = await setUp(test);
  test.match(
    await send(apple()),
    /^✅ Booked: Выходной 🎉\n🕐 Thu 3 Dec, all day \(Europe\/Berlin\)\n⏰ I remind you: Wed 2 Dec, 00:00; Wed 2 Dec, 23:00$/,
  );
  test.match(await read(), [{ starts: '2026-12-02 23:00', ends: '2026-12-03 23:00', location: null }]);
  test.match(await send(apple({ end: '20261206' })), /Thu 3 Dec – Sat 5 Dec/);
  test.match(
    await send(apple({ end: '20261203' })),
    /Thu 3 Dec, all day/,
    'an end on the same day is that day',
  );
  test.match(
    await send(plain('UID:a\nSUMMARY:a\nDTSTART;VALUE=DATE:20270327\nDURATION:P2D')),
    /Sat 27 Mar 2027 – Sun 28 Mar 2027/,
  );
  test.match(
    (await read()).at(-1),
    { starts: '2027-03-26 23:00', ends: '2027-03-28 22:00' },
    'of which one is shorter',
  );
});

t.test('times of every kind, in Russian', async (test) => {
  const { send, times, ann } = await setUp(test, { language: 'ru', zone: 'Asia/Tokyo' });
  const only = async (lines: string) => {
    await send(plain(`UID:a\nSUMMARY:Обед\n${lines}`));
    return (await times())[0];
  };
  test.equal(await only('DTSTART:20261201T100000Z\nDURATION:PT1H30M'), '2026-12-01 10:00 2026-12-01 11:30');
  test.match(ann.text, /^✅ Записано: Обед\n🕐 вт,? 1 дек\.?, 19:00–20:30 \(Asia\/Tokyo\)\n⏰ Напомню: /);
  test.strictSame(ann.labels, ['✖ Отменить встречу']);
  test.equal(
    await only('DTSTART:20261201T100000\nDTEND:20261201T110000'),
    '2026-12-01 01:00 2026-12-01 02:00',
    'floating',
  );
  test.equal(await only('DTSTART:20261201T100000Z'), '2026-12-01 10:00 2026-12-01 10:00');
  test.equal(
    await only('DTSTART;TZID=America/New_York:20261201T100000\nDTEND:20261201T160000Z'),
    '2026-12-01 15:00 2026-12-01 16:00',
  );
  test.equal(
    await only('DTSTART;TZID=Europe/Berlin:20270327T120000\nDURATION:P1D'),
    '2027-03-27 11:00 2027-03-28 10:00',
    'a day of the wall clock',
  );
  test.equal(
    await only('DTSTART;TZID="Europe/Berlin":20270328T023000\nDURATION:PT1H'),
    '2027-03-28 01:00 2027-03-28 02:00',
    'a time that does not exist',
  );
  test.match(await send(plain('UID:a\nDTSTART:20261201T100000Z')), /Изменено: Встреча/, 'without a title');
  test.match(await send('x'), /Не могу прочитать этот файл/);
});

t.test('one that repeats: the next time', async (test) => {
  const { send, read, times } = await setUp(test);
  const only = async (text: string) => {
    const said = await send(text);
    return [(await times())[0], /It repeats/.test(said)];
  };
  const weekly = 'RRULE:FREQ=WEEKLY;BYDAY=TU';
  test.strictSame(await only(google({ start: '20260106T100000', end: '20260106T110000', more: weekly })), [
    '2026-11-24 09:00 2026-11-24 10:00',
    true,
  ]);
  test.match(await read(), [{ key: '4kq0example@google.com' }]);
  const started = google({ start: '20260102T153000', end: '20260102T163000', more: 'RRULE:FREQ=WEEKLY' });
  test.strictSame(
    await only(started),
    ['2026-11-20 14:30 2026-11-20 15:30', true],
    'what has begun is not over',
  );
  const excluded = google({
    start: '20260106T100000',
    end: '20260106T110000',
    more: `${weekly}\nEXDATE;TZID=Europe/Berlin:20261124T100000\nEXDATE:20261201T090000Z`,
  });
  test.strictSame(await only(excluded), ['2026-12-08 09:00 2026-12-08 10:00', true]);
  const over = google({
    start: '20260106T100000',
    end: '20260106T110000',
    more: 'RRULE:FREQ=WEEKLY;COUNT=3',
  });
  test.match(await send(over), /“Plan .*” is over\. I have not booked it/);
  const days = apple({ start: '20260601', end: '20260602', more: 'RRULE:FREQ=MONTHLY;UNTIL=20261201' });
  await send(days);
  test.match((await read())[0], {
    title: 'Выходной 🎉',
    starts: '2026-11-30 23:00',
    ends: '2026-12-01 23:00',
  });
});

t.test('a series in a zone of the file, whose times are otherwise', async (test) => {
  const { send, times } = await setUp(test);
  const tz = 'DTSTART;TZID=W. Europe Standard Time:';
  const override = (id: string, start: string, more = '') => `BEGIN:VEVENT
UID:040000008200E00074C5B7101A82E00800000000
RECURRENCE-ID;TZID=W. Europe Standard Time:${id}
SUMMARY:Elsewhen
${tz}${start}
DURATION:PT30M
${more === '' ? '' : `${more}\n`}END:VEVENT`;
  const series = (
    events: string,
    rule = 'RRULE:FREQ=WEEKLY;UNTIL=20261208T090000Z;INTERVAL=1;BYDAY=TU;WKST=MO',
  ) => outlook({ start: '20260106T100000', end: '20260106T103000', more: rule, events });
  test.match(await send(series('')), /Jour fixe\n🕐 Tue 24 Nov, 10:00–10:30/);
  test.match(
    await send(series(override('20261124T100000', '20261125T140000'))),
    /Changed: Elsewhen\n🕐 Wed 25 Nov, 14:00–14:30[\s\S]*It repeats/,
  );
  const dropped = ['20261124', '20261201']
    .map((day) => override(`${day}T100000`, `${day}T100000`, 'STATUS:CANCELLED'))
    .join('\n');
  test.match(
    await send(series(dropped)),
    /Changed: Jour fixe\n🕐 Tue 8 Dec, 10:00/,
    'the last one is still one of them',
  );
  test.strictSame(await times(), ['2026-12-08 09:00 2026-12-08 09:30']);
  const one = series('')
    .replace(/RRULE:.*BYDAY=TU.*/, 'RECURRENCE-ID:20261208T090000Z')
    .replaceAll('20260106', '20261209');
  test.match(
    await send(one),
    /Changed: Jour fixe\n🕐 Wed 9 Dec/,
    'one of them alone, which was the next one',
  );
  const other = one.replace('20261208T090000Z', '20261215T090000Z').replaceAll('20261209', '20261216');
  test.match(await send(other), /Booked: Jour fixe\n🕐 Wed 16 Dec/);
  test.equal((await times()).length, 2);
  test.match(await send(series('').replace('METHOD:REQUEST', 'METHOD:CANCEL')), /Cancelled: Jour fixe/);
});

t.test('a rule without end, or one that nobody can read, keeps nobody waiting', async (test) => {
  const { send, times } = await setUp(test);
  for (const [rule, said] of [
    ['FREQ=SECONDLY', /Booked: SECONDLY\n🕐 Fri 20 Nov, 15:59–16:00/],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', /“YEARLY” is over/],
    ['FREQ=DAILY;BYHOUR=25', /cannot read/],
    ['FREQ=DAILY;COUNT=20000', /cannot read that time/],
  ] as const)
    test.match(
      await send(
        plain(
          `UID:${rule}\nSUMMARY:${rule.slice(5).split(';')[0]}\nDTSTART:19710101T000000Z\nDURATION:PT1M\nRRULE:${rule}`,
        ),
      ),
      said,
      rule,
    );
  test.equal((await times()).length, 1);
});

t.test('what is refused, and nothing is stored', async (test) => {
  const { ann, send, times, database } = await setUp(test);
  const event = 'BEGIN:VEVENT\nUID:b\nSUMMARY:b\nDTSTART:20261202T100000Z\nEND:VEVENT';
  for (const [file, said] of [
    ['', /cannot read that file/],
    ['hello', /cannot read that file/],
    ['<html>', /cannot read that file/],
    [new Uint8Array([0, 1, 2, 0xff, 0xfe]), /cannot read that file/],
    [google().slice(0, 900), /cannot read that file/],
    [plain('UID:a\nSUMMARY:a'), /cannot read that file/],
    [plain('UID:a\nDTSTART:soon'), /cannot read that file/],
    [plain('UID:a\nDTSTART:20261335T100000Z'), /cannot read that file/],
    [plain('UID:a\nDTSTART:20261201T100000Z\nDURATION:-PT1H'), /cannot read that file/],
    [plain('UID:a\nDTSTART:20261201T100000Z\nDURATION:P999999999999999D'), /cannot read that file/],
    ['BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nEND:VCARD', /cannot read that file/],
    ['BEGIN:X\n'.repeat(20_000), /cannot read that file/],
    ['BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR', /no event in that file/],
    [google().replace('BEGIN:VEVENT', `${event}\nBEGIN:VEVENT`), /several events/],
    [google({ method: 'REPLY' }), /answer to an invitation/],
    [google({ method: 'COUNTER' }), /answer to an invitation/],
    [plain('UID:a\nSUMMARY:Old\nDTSTART:20261120T100000Z\nDURATION:PT1H'), /“Old” is over/],
    [plain('UID:a\nSUMMARY:x\nDTSTART:20261201T100000Z\nDTEND:20261201T090000Z'), /cannot be done|over/],
    [plain('UID:a\nSUMMARY:x\nDTSTART:00010101T100000Z'), /./],
  ] as const)
    test.match(await send(file), said, String(file).slice(0, 60));
  await ann.do({ document: { fileId: 'f', size: 300_000 } });
  test.match(ann.text, /too large: 256 kB at most/);
  test.strictSame(await times(), []);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
});

t.test('texts of others are cut to what is kept, and never marked up', async (test) => {
  const { ann, send, read } = await setUp(test);
  const wild = `${'😀'.repeat(300)}`;
  const said = await send(
    plain(
      `UID:${'u'.repeat(2000)}\nSUMMARY:<a href="x">${wild}\nLOCATION:</b>${wild.repeat(2)}\nDESCRIPTION:${'é'.repeat(9000)}\u0000\nDTSTART:20261201T100000Z`,
    ),
  );
  test.match(said, /^✅ Booked/);
  const [meeting] = await read();
  test.ok([...(meeting?.title ?? '')].length <= 200 && [...(meeting?.location ?? '')].length <= 500);
  test.match([meeting?.key, meeting?.description?.length], [/^sha256:[0-9a-f]{64}$/, 4000]);
  test.notMatch(ann.last.html, /<a|<\/b>😀/);
  test.ok(ann.last.html.length < 4096);
  await send(plain(`UID:${'u'.repeat(2000)}\nSUMMARY:again\nDTSTART:20261201T100000Z`));
  test.equal((await read()).length, 1, 'known again');
});

t.test('the zone is asked for before', async (test) => {
  const { ann, send, times } = await setUp(test, { zone: '' });
  test.match(await send(apple()), /What time is it for you now/);
  test.strictSame(await times(), []);
  await ann.say('Tokyo');
  test.match(ann.text, /Booked: Выходной 🎉\n🕐 Thu 3 Dec, all day \(Asia\/Tokyo\)/);
  test.strictSame(await times(), ['2026-12-02 15:00 2026-12-03 15:00']);
});

t.test('a file that is not to be had', async (test) => {
  const { person } = await setUpBot(test);
  const ann = person({ fetchFile: async () => ({ fault: 'gone' }) });
  await ann.say('/timezone Berlin');
  await ann.do({ document: { fileId: 'f' } });
  test.match(ann.text, /cannot get that file/);
  const zoe = person({ id: '43', fetchFile: async () => ({ fault: 'too_large' }) });
  await zoe.say('/timezone Berlin');
  await zoe.do({ document: { fileId: 'f' } });
  test.match(zoe.text, /too large/);
});

t.test('in a group only what is for the bot, and only administrators cancel', async (test) => {
  const options = { context: '-100', isGroup: true, admins: [] as string[] };
  const { ann, send, times, database } = await setUp(test, { ...options, zone: '' });
  await ann.do({ document: { fileId: 'f' } });
  test.strictSame(
    [ann.said, await database.value('select count(*)::integer from chime.users')],
    [[], 0],
    'it leaves no trace',
  );
  options.admins.push('42');
  await ann.say('/timezone Berlin', { isToBot: true });
  options.admins.pop();
  await send(google(), { isToBot: true, text: 'look' });
  test.match(ann.text, /Booked: Plan/);
  await ann.press('Cancel the meeting');
  test.match(ann.toast, /administrator/);
  options.admins.push('42');
  await ann.press('Cancel the meeting');
  test.match(ann.text, /Cancelled: Plan/);
  test.equal((await times()).length, 1);
});

t.test('it is reminded of where it was sent', async (test) => {
  const { send, fire } = await setUp(test);
  await send(google());
  const [call] = await fire('2026-11-30T09:00:00Z');
  test.match(call?.params, { chat_id: '42', text: /Plan &lt;Q1&gt; &amp; more: tomorrow, 10:00–11:00/ });
});

t.test('/calendar', async (test) => {
  const { person, database } = await setUpBot(test);
  const none = person();
  await none.say('/calendar');
  test.match(none.text, /has not set the address/);
  const ann = person({ publicUrl: 'https://chime.example.com' });
  await ann.say('/calendar');
  const [, secret] =
    /<code>https:\/\/chime\.example\.com\/calendar\/(feed_[\w-]{43})\.ics<\/code>/.exec(ann.last.html) ?? [];
  test.ok(secret);
  test.notMatch(ann.text, /not valid any more/);
  const live = () => database.rows('select name from chime.calendar_feeds where revoked_at is null');
  test.strictSame(await live(), [{ name: 'Meetings and reminders · Telegram' }]);
  await database.rows(
    "select chime.create_calendar_feed('by hand', (select id from chime.users where subject = 'telegram:42'))",
  );
  await ann.say('/calendar');
  test.match(ann.text, /gave you before is not valid any more/);
  test.equal((await live()).length, 2, 'one by another hand is left alone');
  await ann.press('Revoke');
  test.match(ann.text, /revoked/);
  test.strictSame(await live(), [{ name: 'by hand' }]);
});
