// From a day as it is named to days of the calendar: one, several to choose from, or one that is over.
import { type Desk, isAhead, note, say } from './answer.ts';
import { addDays, addMonths, dateOf, firstDay, mondayOf, monthOf, weekdayOf, yearOf } from './calendar.ts';
import type { Clock, Day } from './piece.ts';
import { dayWords } from './words.ts';

export type Found =
  | { is: 'date'; date: string }
  /** Each may be meant, in their order. */
  | { is: 'choice'; dates: string[] }
  /** It is over; the next that may be meant. */
  | { is: 'past'; next?: string }
  | { is: 'impossible' };

const found = (date: string): Found => ({ is: 'date', date });
const chosen = (dates: string[]): Found => {
  const [first, second] = dates;
  if (first === undefined) return { is: 'past' };
  return second === undefined ? found(first) : { is: 'choice', dates: dates.slice(0, 4) };
};

/** @param clock the time on that day: a day counts as ahead where that is */
export function findDay(desk: Desk, day: Day, clock: Clock): Found {
  switch (day.is) {
    case 'relative':
      return relative(desk, day.days, clock);
    case 'weekdays':
      return weekday(desk, day, clock);
    case 'date':
      return dated(desk, day, clock);
    case 'numeric':
      return numeric(desk, day, clock);
    case 'month_days':
      return monthDay(desk, day, clock);
    case 'weekend':
      return weekend(desk, day.ahead, clock);
    case 'nth_weekday':
      return nthWeekday(desk, day, clock);
    case 'shifted':
      return shifted(desk, day, clock);
    case 'month_name':
      return monthNamed(desk, day.month, clock);
    default:
      return span(desk, day, clock);
  }
}

function nthWeekday(desk: Desk, day: Extract<Day, { is: 'nth_weekday' }>, clock: Clock): Found {
  const { nth, weekday, month } = day;
  const inYear = (year: number): string | undefined => {
    const days = Array.from({ length: 31 }, (_, index) => dateOf(year, month, index + 1)).filter(
      (date) => date !== undefined && weekdayOf(date) === weekday,
    );
    return days.at(nth < 0 ? nth : nth - 1);
  };
  const year = day.year ?? yearOf(desk.now.date);
  const date = inYear(year);
  const next = inYear(year + 1);
  if (date === undefined) return { is: 'impossible' };
  if (isAhead(desk, date, clock)) return found(date);
  if (day.year !== undefined) return { is: 'past' };
  return next === undefined ? { is: 'impossible' } : found(next);
}

function shifted(desk: Desk, { days, from }: Extract<Day, { is: 'shifted' }>, clock: Clock): Found {
  const base = findDay(desk, from, clock);
  if (base.is === 'choice')
    return chosen(
      ahead(
        desk,
        base.dates.map((date) => addDays(date, days)),
        clock,
      ),
    );
  if (base.is !== 'date') return base;
  const date = addDays(base.date, days);
  return isAhead(desk, date, clock) ? found(date) : { is: 'past', next: base.date };
}

const ahead = (desk: Desk, dates: readonly (string | undefined)[], clock: Clock): string[] =>
  [...new Set(dates)].filter((date) => date !== undefined).filter((date) => isAhead(desk, date, clock));

function relative(desk: Desk, days: number, clock: Clock): Found {
  const today = desk.now.date;
  if (days < 0) return { is: 'past', next: addDays(today, 1) };
  // Late at night "tomorrow" may be the day that has begun.
  if (days === 1 && desk.now.time < '04:00') return chosen(ahead(desk, [today, addDays(today, 1)], clock));
  const date = addDays(today, days);
  return isAhead(desk, date, clock) ? found(date) : { is: 'past', next: addDays(today, 1) };
}

function weekday(desk: Desk, day: Extract<Day, { is: 'weekdays' }>, clock: Clock): Found {
  const today = desk.now.date;
  const [wanted] = day.weekdays;
  const comingFrom = (from: string) =>
    firstDay(from, (date) => weekdayOf(date) === wanted && isAhead(desk, date, clock)) ?? today;
  const coming = comingFrom(today);
  if (day.weeks !== undefined) {
    if (day.weeks < 0) return found(addDays(coming, 7));
    const date = addDays(mondayOf(today), day.weeks * 7 + (((wanted ?? 0) + 6) % 7));
    return isAhead(desk, date, clock) ? found(date) : { is: 'past', next: addDays(date, 7) };
  }
  if (day.which === 'last') return { is: 'past', next: coming };
  if (day.which === 'next') {
    const next = comingFrom(addDays(today, 1));
    if (mondayOf(next) === mondayOf(today)) return chosen([next, addDays(next, 7)]);
    note(desk, say(desk).nextWeek(dayWords(next, desk.locale, today)));
    return found(next);
  }
  return found(coming);
}

/** The first year from this one on in which a day is, and ahead. */
function nextYearly(desk: Desk, month: number, day: number, clock: Clock): string | undefined {
  const year = yearOf(desk.now.date);
  for (let later = 0; later <= 8; later++) {
    const date = dateOf(year + later, month, day);
    if (date !== undefined && isAhead(desk, date, clock)) return date;
  }
  return undefined;
}

function dated(desk: Desk, { year, month, day }: Extract<Day, { is: 'date' }>, clock: Clock): Found {
  if (dateOf(2024, month, day) === undefined) return { is: 'impossible' };
  const next = nextYearly(desk, month, day, clock);
  if (year === undefined) {
    if (next === undefined) return { is: 'impossible' };
    const words = dayWords(next, desk.locale, desk.now.date);
    if (month === 2 && day === 29) note(desk, say(desk).nextSuch(words));
    else if (yearOf(next) !== yearOf(desk.now.date)) note(desk, say(desk).nextYear(words));
    return found(next);
  }
  const date = dateOf(year, month, day);
  if (date === undefined) return { is: 'impossible' };
  if (isAhead(desk, date, clock)) return found(date);
  return { is: 'past', ...(next === undefined ? {} : { next }) };
}

function numeric(desk: Desk, day: Extract<Day, { is: 'numeric' }>, clock: Clock): Found {
  const { first, second, year } = day;
  const orders = [
    { month: second, day: first },
    { month: first, day: second },
  ].filter((each) => dateOf(2024, each.month, each.day) !== undefined);
  const [dayFirst, monthFirst] = orders;
  if (dayFirst === undefined) return { is: 'impossible' };
  const read = (order: { month: number; day: number }) =>
    dated(desk, { is: 'date', ...order, ...(year === undefined ? {} : { year }) }, clock);
  if (monthFirst === undefined || first === second) return read(dayFirst);
  if (desk.language === 'ru') {
    note(desk, say(desk).dayFirst);
    return read(dayFirst);
  }
  const notes = [...desk.notes];
  const both = [read(dayFirst), read(monthFirst)];
  desk.notes.splice(0, desk.notes.length, ...notes);
  const dates = both.flatMap((each) => (each.is === 'date' ? [each.date] : []));
  if (dates.length > 0) return chosen(dates);
  return both[0] ?? { is: 'impossible' };
}

/** The first month from one on that has such a day, and ahead. */
function nextMonthly(desk: Desk, day: number, clock: Clock, from = desk.now.date): string | undefined {
  for (let later = 0; later <= 12; later++) {
    const month = addMonths(`${from.slice(0, 8)}01`, later);
    const date = dateOf(yearOf(month), monthOf(month), day);
    if (date !== undefined && isAhead(desk, date, clock)) return date;
  }
  return undefined;
}

function monthDay(desk: Desk, day: Extract<Day, { is: 'month_days' }>, clock: Clock): Found {
  const [wanted = 1] = day.days;
  const next = nextMonthly(desk, wanted, clock);
  if (day.ahead === undefined) {
    if (next === undefined) return { is: 'impossible' };
    if (next.slice(0, 7) !== desk.now.date.slice(0, 7))
      note(desk, say(desk).nextSuch(dayWords(next, desk.locale, desk.now.date)));
    return found(next);
  }
  const month = addMonths(`${desk.now.date.slice(0, 8)}01`, day.ahead);
  const date = dateOf(yearOf(month), monthOf(month), wanted);
  if (date === undefined) return { is: 'impossible' };
  return isAhead(desk, date, clock) ? found(date) : { is: 'past', ...(next === undefined ? {} : { next }) };
}

function weekend(desk: Desk, weeks: number, clock: Clock): Found {
  const saturday = addDays(mondayOf(desk.now.date), 5);
  const dates = [0, 1, 7, 8].map((later) => addDays(saturday, later));
  return chosen(ahead(desk, weeks === 0 ? dates : dates, clock).slice(0, weeks === 0 ? 2 : 4));
}

function monthNamed(desk: Desk, month: number, clock: Clock): Found {
  const year = yearOf(desk.now.date) + (month < monthOf(desk.now.date) ? 1 : 0);
  return chosen(
    ahead(desk, [dateOf(year, month, 1), dateOf(year, month, 15), dateOf(year, month, -1)], clock),
  );
}

function span(desk: Desk, day: Extract<Day, { is: 'week' | 'month' | 'year' }>, clock: Clock): Found {
  const today = desk.now.date;
  if (day.is === 'week') {
    const monday = addDays(mondayOf(today), day.ahead * 7);
    if (day.edge === 'start') return found(monday);
    const steps = day.edge === 'end' ? [4, 6] : [0, 2, 4, 5];
    const dates = ahead(
      desk,
      steps.map((step) => addDays(monday, step)),
      clock,
    );
    return chosen(dates.length > 0 ? dates : steps.map((step) => addDays(monday, step + 7)));
  }
  if (day.is === 'month') {
    const month = addMonths(`${today.slice(0, 8)}01`, day.ahead);
    const [year, number] = [yearOf(month), monthOf(month)];
    if (day.edge === 'start') return found(month);
    const last = dateOf(year, number, -1) ?? month;
    if (day.edge === 'end')
      return isAhead(desk, last, clock)
        ? found(last)
        : found(dateOf(yearOf(addMonths(month, 1)), monthOf(addMonths(month, 1)), -1) ?? last);
    return chosen(
      ahead(desk, [month, dateOf(year, number, 15), addMonths(today, day.ahead), last].sort(), clock),
    );
  }
  const year = yearOf(today) + day.ahead;
  if (day.edge === 'start') return found(`${year}-01-01`);
  if (day.edge === 'end') return found(`${year}-12-31`);
  return chosen(ahead(desk, [`${year}-01-01`, addMonths(today, 12)], clock));
}
