// Slips of the pen: words that are nearly one that says when, put right before grammars see them. What was changed is told.
import { isKnown } from './grammar.ts';
import type { Token } from './token.ts';

const meant =
  'tomorrow today tonight yesterday monday tuesday wednesday thursday friday saturday sunday morning afternoon evening midnight january february september october november december august minute minutes weekday weekdays weekend weekends fortnight every daily weekly monthly hourly ' +
  'завтра послезавтра сегодня понедельник понедельника понедельникам вторник вторникам четверг четверга четвергам пятница пятницу пятницы пятницам суббота субботу субботы субботам воскресенье воскресенья воскресеньям воскресеньям вечером полдень полночь января февраля апреля августа сентября октября ноября декабря минута минуту минуты минут недели неделю месяца каждый каждую каждые каждое ежедневно ежемесячно еженедельно будням выходным полчаса числа';
const words = [...new Set(meant.split(' '))];
const exact = new Set(words);

/** Slips that are further away, and short forms that are no other word. */
const known = new Map(
  Object.entries({
    tomorow: 'tomorrow',
    tommorow: 'tomorrow',
    tommorrow: 'tomorrow',
    tommorro: 'tomorrow',
    tomorro: 'tomorrow',
    tomarrow: 'tomorrow',
    tmrw: 'tomorrow',
    tmr: 'tomorrow',
    wensday: 'wednesday',
    wenesday: 'wednesday',
    evry: 'every',
    evrey: 'every',
    eveyr: 'every',
    ежеденвно: 'ежедневно',
    седня: 'сегодня',
    ден: 'день',
  }),
);

/** Words of their own, which are as near. */
const others = new Set(
  'завтрак завтрака завтраки завтраку minuted minuter mourning moaning sundry sunny today toady weekender weakly monthlies minutest mundane числам числе число минутка минутку минутки дневно каждая месяц месяца месяцы месяцев недель неделя неделе недельный суббот пятниц everyday mornings evenings afternoons mondays tuesdays wednesdays thursdays fridays saturdays sundays тринадцатого полдня ever very fever lever never sever veery dairy weekend days minutely evenings morningstar вторника вторником четвергом четвергу выходные выходных выходной будни вечерок вечерам вечера августе январе январь февраль апрель август сентябрь октябрь ноябрь декабрь апреле феврале сентябре октябре ноябре декабре'.split(
    ' ',
  ),
);

/** Whether one letter is too many, too few, another one, or two have changed places. */
function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false;
  let from = 0;
  while (from < one.length && one[from] === other[from]) from++;
  let tail = 0;
  while (
    tail < Math.min(one.length, other.length) - from &&
    one[one.length - 1 - tail] === other[other.length - 1 - tail]
  )
    tail++;
  const [a, b] = [one.slice(from, one.length - tail), other.slice(from, other.length - tail)];
  if (a.length <= 1 && b.length <= 1) return true;
  return a.length === 2 && b.length === 2 && a[0] === b[1] && a[1] === b[0];
}

/** What a word was meant to be, where it is no word that says when, and nearly one. */
function meantBy(word: string): string | undefined {
  const slip = known.get(word);
  if (slip !== undefined) return slip;
  if (word.length < 6 || exact.has(word) || others.has(word) || isKnown(word)) return undefined;
  return words.find((each) => each.length >= 6 && each[0] === word[0] && isNear(word, each));
}

/** @returns the tokens, with slips put right */
export function withoutSlips(tokens: readonly Token[]): Token[] {
  return tokens.map((token) => {
    const word = token.kind === 'word' ? meantBy(token.word) : undefined;
    return word === undefined ? token : { ...token, word, isSlip: true };
  });
}
