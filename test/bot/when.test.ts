// When something is meant, in both languages.
import { IntlMessageFormat } from 'intl-messageformat';
import t from 'tap';
import { en } from '../../src/bot/texts/en.ts';
import { ru } from '../../src/bot/texts/ru.ts';
import { plain, type TextKey } from '../../src/bot/texts/texts.ts';
import { readWhen } from '../../src/bot/when/when.ts';

// A Friday.
const now = { instant: new Date('2026-11-20T15:00:00Z'), date: '2026-11-20', time: '16:00' };
const read = (text: string, locale: 'en' | 'ru' = 'en') =>
  readWhen(text, { now, timezone: 'Europe/Berlin', locale });

const rules: [text: string, rule: Record<string, string>, what: string][] = [
  ['in 10 minutes take the pizza out', { at: '2026-11-20T15:10:00Z' }, 'take the pizza out'],
  ['tomorrow at 9 buy:\n- milk\n-  eggs', { at: '2026-11-21 09:00' }, 'buy:\n- milk\n- eggs'],
  ['in an hour tea', { at: '2026-11-20T16:00:00Z' }, 'tea'],
  ['call mum in 2h', { at: '2026-11-20T17:00:00Z' }, 'call mum'],
  ['in 3 days pay', { at: '2026-11-23 16:00' }, 'pay'],
  ['in 3 days at 9 pay', { at: '2026-11-23 09:00' }, 'pay'],
  ['remind me tomorrow at 9 to call the bank', { at: '2026-11-21 09:00' }, 'call the bank'],
  ['call the bank at 9am tomorrow', { at: '2026-11-21 09:00' }, 'call the bank'],
  ['today at 18:30 cinema', { at: '2026-11-20 18:30' }, 'cinema'],
  ['at 18:30 cinema', { at: '2026-11-20 18:30' }, 'cinema'],
  ['at 7:15 run', { at: '2026-11-21 07:15' }, 'run'],
  ['at 9 pm call', { at: '2026-11-20 21:00' }, 'call'],
  ['on 2026-12-24 at 18:00 presents', { at: '2026-12-24 18:00' }, 'presents'],
  ['friday at 17:00 beer', { at: '2026-11-20 17:00' }, 'beer'],
  ['on friday at 9 report', { at: '2026-11-27 09:00' }, 'report'],
  ['every day at 9 stretch', { cron: '0 9 * * *' }, 'stretch'],
  ['every weekday at 8:30 stand-up', { cron: '30 8 * * 1-5' }, 'stand-up'],
  ['every monday, wednesday and friday at 7:05 run', { cron: '5 7 * * 1,3,5' }, 'run'],
  ['every 15 minutes look up', { every: '15 minute' }, 'look up'],
  ['every hour drink', { every: '1 hour' }, 'drink'],
  ['*/5 * * * * look', { cron: '*/5 * * * *' }, 'look'],
  ['0 9 1 jan-mar mon pay', { cron: '0 9 1 jan-mar mon' }, 'pay'],
  ['@daily think', { cron: '@daily' }, 'think'],
  ['через 10 минут достать пиццу', { at: '2026-11-20T15:10:00Z' }, 'достать пиццу'],
  ['через час чай', { at: '2026-11-20T16:00:00Z' }, 'чай'],
  ['через полчаса чай', { at: '2026-11-20T15:30:00Z' }, 'чай'],
  ['через неделю отчёт', { at: '2026-11-27 16:00' }, 'отчёт'],
  ['напомни мне завтра в 9 позвонить в банк', { at: '2026-11-21 09:00' }, 'позвонить в банк'],
  ['послезавтра в 7 вечера театр', { at: '2026-11-22 19:00' }, 'театр'],
  ['сегодня в 18:30 кино', { at: '2026-11-20 18:30' }, 'кино'],
  ['в 18:30 кино', { at: '2026-11-20 18:30' }, 'кино'],
  ['в 9 утра бег', { at: '2026-11-21 09:00' }, 'бег'],
  ['каждый день в 9 зарядка', { cron: '0 9 * * *' }, 'зарядка'],
  ['по будням в 8:30 планёрка', { cron: '30 8 * * 1-5' }, 'планёрка'],
  ['каждый понедельник и четверг в 10 отчёт', { cron: '0 10 * * 1,4' }, 'отчёт'],
  ['по пятницам в 17:00 домой', { cron: '0 17 * * 5' }, 'домой'],
  ['каждые 2 часа пить воду', { every: '2 hour' }, 'пить воду'],
  ['в субботу в 12 баня', { at: '2026-11-21 12:00' }, 'баня'],
];

for (const [text, rule, what] of rules) {
  t.test(text, (test) => {
    for (const locale of ['en', 'ru'] as const) {
      const reading = read(text, locale);
      test.match(reading, { kind: 'rule', what });
      if (reading.kind === 'rule') test.strictSame(reading.rule, rule);
    }
    test.end();
  });
}

t.test('an hour that may be of the morning or of the evening is asked about', (test) => {
  for (const text of ['at 8 feed the cat', 'в 8 покормить кота'])
    test.match(read(text), {
      kind: 'question',
      choices: [
        { day: 'today', time: '20:00', rule: { at: '2026-11-20 20:00' } },
        { day: 'tomorrow', time: '08:00', rule: { at: '2026-11-21 08:00' } },
      ],
    });
  test.end();
});

t.test('what says nothing of when', (test) => {
  for (const text of [
    'call mum',
    'create monthly report',
    'look at 25 things',
    'at 25:00',
    'позвонить маме',
    '5 2 apples and pears',
  ])
    test.match(read(text), { kind: 'none' }, text);
  test.end();
});

/** What has to be put into a message, of its syntax tree; a literal has nothing. */
function namesIn(nodes: readonly object[]): string[] {
  return nodes.flatMap((node) => {
    const { type, value, options } = node as {
      type: number;
      value?: string;
      options?: Record<string, { value: object[] }>;
    };
    const inner = Object.values(options ?? {}).flatMap((option) => namesIn(option.value));
    return type === 0 || type === 7 || value === undefined ? inner : [value, ...inner];
  });
}

t.test('the texts of both languages can be said, with the same values', (test) => {
  const names = (text: string) =>
    [...new Set(namesIn(new IntlMessageFormat(text, 'en', undefined, { ignoreTag: true }).getAst()))].sort();
  const values = Object.fromEntries(
    Object.values(en).flatMap((text) =>
      names(text).map((name) => [name, /^(count|pages?)$/.test(name) ? 2 : 'x']),
    ),
  );
  for (const key of Object.keys(en) as TextKey[]) {
    test.strictSame(names(ru[key]), names(en[key]), key);
    for (const language of ['en', 'ru'] as const) test.notMatch(plain(language, key, values), /[{}]/, key);
  }
  test.equal(plain('ru', 'pausedCount', { count: 5 }), '⏸ На паузе 5 расписаний.');
  test.equal(plain('ru', 'pausedCount', { count: 22 }), '⏸ На паузе 22 расписания.');
  test.equal(plain('ru', 'pausedCount', { count: 21 }), '⏸ На паузе 21 расписание.');
  test.end();
});
