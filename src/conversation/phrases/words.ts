// What is said to people of a reading, in both languages: what was taken for granted, and what options are called.
import { addDays, yearOf } from './calendar.ts';
import type { DayPart } from './piece.ts';
import type { Language } from './reading.ts';

const formats: Record<Language, Intl.DateTimeFormat> = {
  en: new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }),
  ru: new Intl.DateTimeFormat('ru', { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }),
};

/** `Fri 13 Jun`, with its year where that is another. */
export function dayWords(date: string, language: Language, today: string): string {
  const words = formats[language]
    .format(new Date(`${date}T00:00:00Z`))
    .replace(/^(\p{L}+\.?),/u, '$1')
    .replace(/\.$/, '');
  return yearOf(date) === yearOf(today) ? words : `${words} ${yearOf(date)}`;
}

/** `Tomorrow 08:00`, `Fri 13 Jun, 09:00`. */
export function momentWords(date: string, clock: string, language: Language, today: string): string {
  if (date === today) return `${language === 'ru' ? 'Сегодня' : 'Today'} ${clock}`;
  if (date === addDays(today, 1)) return `${language === 'ru' ? 'Завтра' : 'Tomorrow'} ${clock}`;
  return `${dayWords(date, language, today)}, ${clock}`;
}

const parts: Record<Language, Record<DayPart, string>> = {
  en: { morning: 'The morning', afternoon: 'The afternoon', evening: 'The evening', night: 'The night' },
  ru: { morning: 'Утро', afternoon: 'День', evening: 'Вечер', night: 'Ночь' },
};
const weekdays: Record<Language, string[]> = {
  en: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
  ru: ['вс', 'пн', 'вт', 'ср', 'чт', 'пт', 'сб'],
};
export const weekdayWords = (days: readonly number[], language: Language): string =>
  days.map((day) => weekdays[language][day]).join(', ');

const en = {
  part: (part: DayPart, time: string) => `${parts.en[part]} is ${time}.`,
  noTime: (time: string) => `No time was named: ${time}.`,
  hour: (said: string, time: string) => `${said} is taken as ${time}.`,
  laterToday: (time: string) => `${time}: the earlier hour has passed today.`,
  tomorrow: (time: string) => `${time} has passed today: tomorrow.`,
  nextYear: (day: string) => `That day has passed this year: ${day}.`,
  nextSuch: (day: string) => `The next such day is ${day}.`,
  nextWeek: (day: string) => `The day of next week: ${day}.`,
  slip: (written: string, meant: string) => `“${written}” is read as “${meant}”.`,
  zone: (said: string, zone: string) => `“${said}” is the time in ${zone}.`,
  twice: (time: string) => `${time} happens twice that day, when the clocks go back: the first time.`,
  gap: (time: string) => `${time} does not exist that day: the clocks go forward.`,
  fromNow: 'No time of day was named: it counts from now.',
  counted: (moment: string) => `It counts from ${moment}.`,
  shortMonths: (day: number) => `Months without a day ${day} are left out.`,
  leap: 'Years without 29 February are left out.',
  everyMonth: 'Each month.',
  lastOfWindow: (time: string) => `The last one of a day is at ${time}.`,
  fromMidnight: 'The hours of a day count from midnight.',
  starts: (time: string) => `The beginning is meant: ${time}.`,
  deadline: 'The end is meant as the time to be told.',
  midnight: (day: string) => `The midnight that begins ${day}.`,
  unread: (word: string) => `“${word}” is not understood.`,
  left: (said: string) => `“${said}” is left in the text.`,
  biweekly: 'Every two weeks, not twice a week.',
  bimonthly: 'Every two months, not twice a month.',
  through: (day: string) => `The last day is ${day}.`,
  impossible: { clock: 'No clock shows that time.', date: 'The calendar has no such day.' },
  dayFirst: 'The day is written first, then the month.',
  everyDay: (times: string) => `Every day at ${times}`,
  everyWeek: (days: string, times: string) => `Every week on ${days} at ${times}`,
  onDays: (days: string, times: string) => `Each ${days} at ${times}`,
  everyMonthOn: (days: string, times: string) => `Each month on day ${days} at ${times}`,
  onlyNext: (moments: string) => `Only ${moments}`,
  everyHours: (hours: string) => `Every ${hours} hours from now`,
  everyOther: (step: number, day: string, from: string) =>
    `Every ${step === 2 ? 'other' : step === 3 ? 'third' : `${step}th`} ${day}, from ${from}`,
  nthOfMonth: (nth: number, day: string) =>
    `The ${['first', 'second', 'third', 'fourth', 'fifth'][nth - 1]} ${day} of each month`,
  otherDay: (from: string) => `Every other day, from ${from}`,
};

const ru: typeof en = {
  part: (part, time) => `${parts.ru[part]} — это ${time}.`,
  noTime: (time) => `Время не названо: ${time}.`,
  hour: (said, time) => `«${said}» — это ${time}.`,
  laterToday: (time) => `${time}: более ранний час сегодня уже прошёл.`,
  tomorrow: (time) => `${time} сегодня уже прошло: завтра.`,
  nextYear: (day) => `В этом году этот день прошёл: ${day}.`,
  nextSuch: (day) => `Ближайший такой день — ${day}.`,
  nextWeek: (day) => `День следующей недели: ${day}.`,
  slip: (written, meant) => `«${written}» прочитано как «${meant}».`,
  zone: (said, zone) => `«${said}» — время зоны ${zone}.`,
  twice: (time) => `${time} в этот день бывает дважды, часы переводят назад: первый раз.`,
  gap: (time) => `${time} в этот день не бывает: часы переводят вперёд.`,
  fromNow: 'Время дня не названо: отсчёт от этой минуты.',
  counted: (moment) => `Отсчёт с ${moment}.`,
  shortMonths: (day) => `Месяцы, в которых нет ${day}-го числа, пропускаются.`,
  leap: 'Годы без 29 февраля пропускаются.',
  everyMonth: 'Каждый месяц.',
  lastOfWindow: (time) => `Последний раз за день — в ${time}.`,
  fromMidnight: 'Часы отсчитываются от полуночи.',
  starts: (time) => `Имеется в виду начало: ${time}.`,
  deadline: 'Напоминание — к названному сроку.',
  midnight: (day) => `Полночь, с которой начинается ${day}.`,
  unread: (word) => `«${word}» непонятно.`,
  left: (said) => `«${said}» осталось в тексте.`,
  biweekly: 'Раз в две недели, а не два раза в неделю.',
  bimonthly: 'Раз в два месяца, а не два раза в месяц.',
  through: (day) => `Последний день — ${day}.`,
  impossible: { clock: 'Такого времени не бывает.', date: 'Такого дня в календаре нет.' },
  dayFirst: 'Сначала написан день, потом месяц.',
  everyDay: (times) => `Каждый день в ${times}`,
  everyWeek: (days, times) => `Каждую неделю: ${days} в ${times}`,
  onDays: (days, times) => `Каждую неделю: ${days} в ${times}`,
  everyMonthOn: (days, times) => `Каждый месяц ${days} числа в ${times}`,
  onlyNext: (moments) => `Только ${moments}`,
  everyHours: (hours) => `Каждые ${hours} ч от этой минуты`,
  everyOther: (step, day, from) => `Раз в ${step} недели (${day}), с ${from}`,
  nthOfMonth: (nth, day) => `${nth}-й раз каждого месяца (${day})`,
  otherDay: (from) => `Через день, с ${from}`,
};

export const words: Record<Language, typeof en> = { en, ru };
