// What a model may say to a person in words of its own, where no tool was called: no time, no claim, no link. Times that people read come
// from code, which has resolved them; that something was done is said by the tool that did it; and a link may be somebody else's idea.

/** Longer than this is no question and no answer to a greeting. */
const longest = 600;

/** Languages whose names of days and months are known, whatever language the person has set. */
const languages = ['en', 'ru', 'uk', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'pl', 'tr', 'cs', 'sv', 'fi'];

/** Words that are other words, too. */
const ambiguous = new Set(['may', 'march', 'mars', 'mart']);

/** Names of weekdays and months, and words such as tomorrow. */
function calendarWords(language: string): string[] {
  const format = (options: Intl.DateTimeFormatOptions, date: Date) =>
    new Intl.DateTimeFormat(language, { timeZone: 'UTC', ...options })
      .formatToParts(date)
      .flatMap(({ type, value }) => (type === 'weekday' || type === 'month' ? [value] : []));
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  const year = Array.from({ length: 12 }, (_, month) => new Date(Date.UTC(2026, month, month + 1)));
  return [
    ...year.flatMap((date) => format({ weekday: 'long' }, date)),
    ...year.flatMap((date) => format({ month: 'long' }, date)),
    // Some decline the month that a day belongs to.
    ...year.flatMap((date) => format({ month: 'long', day: 'numeric' }, date)),
    ...[-2, -1, 0, 1, 2].map((day) => relative.format(day, 'day')).filter((word) => !/\d/.test(word)),
  ];
}

/** In the two languages that the bot speaks: hours, parts of days, numbers in words. Beginnings of words, as these decline. */
const timeWords = [
  'noon|midnight|tonight|o.clock|hour|minute|(?:a|p)\\.?m\\.?(?!\\p{L})|half past|quarter|daily|weekly|monthly',
  '(?:in|this|every|each|next) (?:the )?(?:morning|afternoon|evening|night|week|month|year|day)',
  '(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty)(?!\\p{L})',
  'полдень|полдня|полноч|час(?!т)|минут|утром|дн[её]м(?!\\p{L})|вечером|ночью|ежедневно|еженедельно|ежемесячно',
  'кажд(?:ый|ую|ое|ые)|следующ(?:ий|ую|ее|ей|ем) |через |понедельник|вторник|сред[ау](?!\\p{L})|четверг|пятниц|суббот|воскресень',
  '(?:два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|одиннадцать|двенадцать|двадцать|тридцать)(?!\\p{L})',
];

/** That something is done, or will be. */
const claims = [
  'i(?:.ve| have|.ll| will)(?!\\p{L})|done(?!\\p{L})|remind you|reminder (?:is|was|has)|all set',
  '(?:created|scheduled|saved|added|deleted|removed|cancell?ed|paused|resumed|changed|updated|moved)(?!\\p{L})',
  'готово|сделан|созда(?:л|н)|сохран(?:ил|ен)|добав(?:ил|лен)|удал(?:ил|ен|[её]н)|отмен(?:ил|ен|[её]н)|приостанов(?:ил|лен)',
  'возобнов(?:ил|лен)|измен(?:ил|ен|[её]н)|перен[её]с|поставил|запланирова|напомню|запомнил',
];

const begins = (words: string[]) => new RegExp(`(?<!\\p{L})(?:${words.join('|')})`, 'iu');
const claim = begins(claims);
let time: RegExp | undefined;

function timeExpression(): RegExp {
  const names = languages.flatMap(calendarWords).filter((word) => !ambiguous.has(word.toLowerCase()));
  // What is no letter in a name, such as a space, is any character here.
  const whole = [...new Set(names)].map((word) => `${word.replaceAll(/\P{L}+/gu, '.')}(?!\\p{L})`);
  return begins([...timeWords, ...whole]);
}

/** Whether a text may name a time: any number, and any word for an hour, a day or a month. Rather one too many. */
export function mayNameTime(text: string): boolean {
  time ??= timeExpression();
  return (
    /\p{N}/u.test(text) ||
    /(?:[Ii]n|[Oo]n|[Uu]ntil|[Ss]ince|[Bb]y|[Oo]f|[Ff]rom) (?:May|March)\b/.test(text) ||
    time.test(text)
  );
}

/** Whether a text says, other than in a question, that something was or will be done. */
export function mayClaim(text: string): boolean {
  return (text.match(/[^.!?…\n]+[.!?…]*/gu) ?? []).some(
    (sentence) => claim.test(sentence) && !sentence.endsWith('?'),
  );
}

/** Whether a model may say this to a person by itself. */
export function maySay(text: string): boolean {
  const said = text.trim();
  const hasLink = /:\/\/|\S\.\p{L}{2,}/u.test(said);
  return said !== '' && said.length <= longest && !hasLink && !mayNameTime(said) && !mayClaim(said);
}
