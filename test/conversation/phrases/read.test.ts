// What a reading takes for granted, asks, and leaves to the text.
import t from 'tap';
import { readPhrase, withoutAsking } from '../../../src/conversation/phrases/read.ts';
import type { PhraseContext, Reading } from '../../../src/conversation/phrases/reading.ts';

// A Friday, at four in the afternoon.
const friday: PhraseContext = {
  now: new Date('2026-11-20T15:00:00Z'),
  timezone: 'Europe/Berlin',
  locale: 'en',
};
const read = (text: string, context: Partial<PhraseContext> = {}): Reading =>
  readPhrase(text, { ...friday, ...context });
const rules = (reading: Reading) => ('options' in reading ? reading.options.map(({ rule }) => rule) : []);

t.test('rules are as schedules have them, whichever language is tried first', (test) => {
  const rows: [text: string, rule: Record<string, string>, message: string][] = [
    ['in 10 minutes take the pizza out', { at: '2026-11-20T15:10:00Z' }, 'take the pizza out'],
    ['tomorrow at 9 buy:\n- milk\n-  eggs', { at: '2026-11-21 09:00' }, 'buy:\n- milk\n- eggs'],
    ['in 3 days at 9 pay', { at: '2026-11-23 09:00' }, 'pay'],
    ['friday at 17:00 beer', { at: '2026-11-20 17:00' }, 'beer'],
    ['on friday at 9 report', { at: '2026-11-27 09:00' }, 'report'],
    ['every 15 minutes look up', { every: '15 minute', anchor: '2026-11-20T15:00:00Z' }, 'look up'],
    ['*/5 * * * * look', { cron: '*/5 * * * *' }, 'look'],
    ['0 9 1 jan-mar mon pay', { cron: '0 9 1 jan-mar mon' }, 'pay'],
    ['@daily think', { cron: '@daily' }, 'think'],
    ['через полчаса чай', { at: '2026-11-20T15:30:00Z' }, 'чай'],
    ['послезавтра в 7 вечера театр', { at: '2026-11-22 19:00' }, 'театр'],
    ['каждый понедельник и четверг в 10 отчёт', { cron: '0 10 * * 1,4' }, 'отчёт'],
  ];
  for (const [text, rule, message] of rows)
    for (const locale of ['en', 'ru'] as const) test.match(read(text, { locale }), { rule, message }, text);
  test.end();
});

t.test('a time of day alone is said to be one, and both halves of the day are offered', (test) => {
  test.match(read('at 18:30 cinema'), { kind: 'once', time: '18:30' });
  test.match(read('at 8 feed the cat'), {
    kind: 'ambiguous',
    time: '08:00',
    options: [
      { label: 'Today 20:00', kind: 'once', rule: { at: '2026-11-20 20:00' } },
      { label: 'Tomorrow 08:00', kind: 'once', rule: { at: '2026-11-21 08:00' } },
    ],
  });
  test.match(read('в 8 покормить кота', { locale: 'ru' }), {
    options: [{ label: 'Сегодня 20:00' }, { label: 'Завтра 08:00' }],
  });
  test.notOk('time' in read('tomorrow at 18:30 cinema'));
  test.end();
});

t.test('parts of the day are those of the person', (test) => {
  const dayParts = { morning: '06:30', evening: '21:15' };
  test.match(read('tomorrow morning run', { dayParts }), {
    rule: { at: '2026-11-21 06:30' },
    assumptions: ['The morning is 06:30.'],
  });
  test.match(read('вечером кино', { dayParts, locale: 'ru' }), {
    rule: { at: '2026-11-20 21:15' },
    assumptions: ['Вечер — это 21:15.'],
  });
  test.match(read('on monday report', { dayParts }), { rule: { at: '2026-11-23 06:30' } });
  test.end();
});

t.test('a time that a clock change leaves out is asked about', (test) => {
  const spring = { now: new Date('2026-03-28T12:00:00Z') };
  const reading = read('tomorrow at 2:30 backup', spring);
  test.match(reading, { kind: 'ambiguous', assumptions: [/02:30 does not exist that day/] });
  test.strictSame(rules(reading), [{ at: '2026-03-29 03:00' }, { at: '2026-03-30 02:30' }]);
  const lordHowe = { now: new Date('2025-10-04T03:00:00Z'), timezone: 'Australia/Lord_Howe' };
  test.strictSame(rules(read('tomorrow at 2:15 backup', lordHowe)), [
    { at: '2025-10-05 02:30' },
    { at: '2025-10-06 02:15' },
  ]);
  test.end();
});

t.test('of a time that comes twice the first is taken, and that is said', (test) => {
  const autumn = { now: new Date('2026-10-24T12:00:00Z') };
  test.match(read('tomorrow at 2:30 backup', autumn), {
    kind: 'once',
    rule: { at: '2026-10-25 02:30' },
    assumptions: [/02:30 happens twice that day/],
  });
  test.match(read('tomorrow at 3:30 backup', autumn), { kind: 'once', assumptions: [] });
  test.end();
});

t.test('late at night tomorrow may be the day that has begun', (test) => {
  const night = { now: new Date('2026-11-20T01:00:00Z') };
  test.strictSame(rules(read('tomorrow at 9:00 call', night)), [
    { at: '2026-11-20 09:00' },
    { at: '2026-11-21 09:00' },
  ]);
  test.match(read('tomorrow at 1:00 call', night), { kind: 'once', rule: { at: '2026-11-21 01:00' } });
  test.end();
});

t.test('what was named and is over is not moved, but offered', (test) => {
  test.match(read('on 2026-11-01 at 10:00 party'), {
    kind: 'past',
    options: [{ rule: { at: '2027-11-01 10:00' } }],
  });
  test.match(read('today at 9am run'), { kind: 'past', options: [{ label: 'Tomorrow 09:00' }] });
  test.end();
});

t.test('slips of the pen are told, words of their own are none', (test) => {
  test.match(read('tommorow at 9am standup'), { assumptions: ['“tommorow” is read as “tomorrow”.'] });
  for (const text of ['завтрак с мамой', 'sundry things', 'moaning about it', 'mundane', 'a weekender'])
    test.match(read(text), { kind: 'none' }, text);
  test.end();
});

t.test('a zone that is named is where the time is read', (test) => {
  test.match(read('at 15:00 New York time call'), {
    timezone: 'America/New_York',
    rule: { at: '2026-11-20 15:00' },
  });
  test.match(read('tomorrow at 15:00 EST call'), {
    timezone: 'America/New_York',
    assumptions: [/“EST” is the time in/],
  });
  test.match(read('завтра в 15:00 мск созвон'), { timezone: 'Europe/Moscow', assumptions: [] });
  test.match(read('tomorrow at 15:00 UTC+3 call'), { timezone: 'Etc/GMT-3' });
  test.match(read('tomorrow at 9am in Paris'), { timezone: 'Europe/Berlin', message: 'in Paris' });
  test.throws(() => read('tomorrow', { timezone: 'Mars/Base' }), { code: 'CH003' });
  test.end();
});

t.test('dates in forms of others are read alike, whatever the zone of the process', (test) => {
  const zone = process.env.TZ;
  for (const ofProcess of ['UTC', 'Asia/Tokyo', 'America/Los_Angeles']) {
    process.env.TZ = ofProcess;
    test.match(
      read('10 - 22 August party'),
      { rule: { at: '2027-08-10 09:00' }, message: 'party' },
      ofProcess,
    );
    test.match(read('friday at 17:00 beer'), { rule: { at: '2026-11-20 17:00' } }, ofProcess);
  }
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  test.end();
});

t.test('what does not fit is left in the text, and told', (test) => {
  test.match(read('every tuesday at 9am and thursday at 10am sync'), {
    kind: 'recurring',
    message: 'and thursday at 10am sync',
    assumptions: ['“thursday” is left in the text.', '“at 10am” is left in the text.'],
  });
  test.match(read('every leap friday at 5'), { kind: 'none', assumptions: ['“every” is not understood.'] });
  test.match(read('on February 30 at 10:00'), {
    kind: 'none',
    assumptions: ['The calendar has no such day.'],
  });
  test.end();
});

t.test('words that only look like times are left alone', (test) => {
  for (const text of [
    'may the force be with you',
    'mon ami',
    'second thoughts',
    'March on',
    'the sun is out',
    'five apples',
    'look at 25 things',
    'section 9',
    'call 555-12-34',
    'version 2.10 is out',
    'окружающая среда',
    'мартовский кот',
    'час пик',
    'три товарища',
  ])
    test.match(read(text), { kind: 'none', message: text, understood: [], assumptions: [] }, text);
  test.end();
});

t.test('a text without the words that only ask', (test) => {
  test.equal(withoutAsking('remind me to call mum', 'en'), 'call mum');
  test.equal(withoutAsking('Please remind us that it rains', 'ru'), 'it rains');
  test.equal(withoutAsking('напомни мне про отчёт', 'en'), 'отчёт');
  test.equal(withoutAsking('напомнить', 'ru'), '');
  test.equal(withoutAsking('call mum', 'en'), 'call mum');
  test.end();
});
