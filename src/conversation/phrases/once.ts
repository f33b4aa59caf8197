// What happens once: a day and a time, or so long from now.
import {
  type Answer,
  answerOnce,
  clockOfPart,
  type Desk,
  inPart,
  instantOf,
  isAhead,
  none,
  note,
  onceAt,
  otherHalf,
  say,
  settled,
  wallOf,
} from './answer.ts';
import { addDays, addMonths, clockFrom, clockText, dayOf, mondayOf, monthOf } from './calendar.ts';
import { findDay } from './days.ts';
import type { When } from './gather.ts';
import type { Clock, Day } from './piece.ts';
import type { PhraseOption } from './reading.ts';
import { cronOf, cronWeekdays, sortClocks, timeParts } from './times.ts';
import { instantText } from './wall.ts';
import { momentWords, weekdayWords } from './words.ts';

/** The time of day of a day: what was said, the part of the day, or the morning. */
function clocksOf(desk: Desk, { clocks, part, window }: When): { clocks: Clock[]; isSaid: boolean } {
  if (clocks !== undefined)
    return { clocks: sortClocks(clocks.map((clock) => inPart(clock, part))), isSaid: true };
  if (window !== undefined) {
    note(desk, say(desk).starts(clockText(window.from)));
    return { clocks: [inPart(window.from, part)], isSaid: true };
  }
  if (part !== undefined) return { clocks: [clockOfPart(desk, part)], isSaid: true };
  return { clocks: [clockFrom(desk.dayParts.morning)], isSaid: false };
}

/** So long from now: by the clock that never changes, or so many days on, at the same time of day. */
export function readOffset(desk: Desk, when: When): Answer {
  const { duration, isPast } = when.offset ?? { duration: { months: 0, days: 0, seconds: 0 }, isPast: false };
  if (isPast) return { kind: 'past', options: [] };
  const { now } = desk;
  let date = addDays(addMonths(now.date, duration.months), duration.days);
  if (date > '9000') return none;
  // In two weeks on Monday: of that week.
  if (when.day?.is === 'weekdays') date = addDays(mondayOf(date), ((when.day.weekdays[0] ?? 0) + 6) % 7);
  if (duration.seconds > 0) {
    const base =
      duration.months + duration.days === 0
        ? now.instant.getTime()
        : Date.parse(instantOf(desk, `${date} ${now.time}`));
    return { kind: 'once', rule: { at: instantText(base + duration.seconds * 1000) } };
  }
  const { clocks, isSaid } = clocksOf(desk, when);
  const [clock] = clocks;
  if (!isSaid && when.day !== undefined) note(desk, say(desk).noTime(desk.dayParts.morning));
  else if (!isSaid || clock === undefined) return answerOnce(desk, date, clockFrom(now.time.slice(0, 5)));
  return onDate(
    desk,
    date,
    clocks.map((each) => settled(desk, each)),
  );
}

/** On one day, at one time or several. */
function onDate(desk: Desk, date: string, clocks: readonly Clock[]): Answer {
  const ahead = clocks.filter((clock) => isAhead(desk, date, clock));
  const [clock = clocks[0] as Clock] = ahead;
  if (ahead.length < 2) return answerOnce(desk, date, clock);
  const cron = cronOf(ahead, { day: String(dayOf(date)), month: String(monthOf(date)) });
  if (cron !== undefined) return { kind: 'recurring', rule: { cron, max_runs: ahead.length } };
  return {
    kind: 'recurring',
    rule: {
      rrule: `FREQ=DAILY;${timeParts(ahead)}`,
      starts_at: instantOf(desk, `${date} 00:00`),
      max_runs: ahead.length,
    },
  };
}

/** Both midnights of a day that is named: the one it begins with, and the one it ends with. */
function midnights(desk: Desk, date: string, clock: Clock): Answer {
  const options = [date, addDays(date, 1)]
    .filter((each) => isAhead(desk, each, clock))
    .map((each) => onceAt(desk, each, clock));
  return options.length === 1 ? answerOnce(desk, addDays(date, 1), clock) : { kind: 'ambiguous', options };
}

const isToday = (day: Day): boolean => day.is === 'relative' && day.days === 0;

/** Today, where the hour that was said may be one that is still to come. */
function today(desk: Desk, when: When, clocks: readonly Clock[], isSaid: boolean): Answer | undefined {
  const { now } = desk;
  const [clock] = clocks;
  if (clock === undefined) return undefined;
  if (clock.isMidnight && isSaid) {
    note(desk, say(desk).midnight(momentWords(addDays(now.date, 1), '', desk.locale, now.date).trim()));
    return answerOnce(desk, addDays(now.date, 1), clock);
  }
  if (!isSaid) {
    // No time: the next part of the day.
    const next = (['morning', 'afternoon', 'evening', 'night'] as const).find((part) =>
      isAhead(desk, now.date, clockFrom(desk.dayParts[part])),
    );
    if (next === undefined) return undefined;
    const chosen = clockFrom(desk.dayParts[next]);
    note(desk, say(desk).noTime(clockText(chosen)));
    return answerOnce(desk, now.date, chosen);
  }
  if (when.isTonight && when.clocks === undefined) {
    const evening = clockFrom(desk.dayParts.evening);
    if (!isAhead(desk, now.date, evening)) return undefined;
    desk.notes.length = 0;
    note(desk, say(desk).part('evening', clockText(evening)));
    return answerOnce(desk, now.date, evening);
  }
  if (isAhead(desk, now.date, clock)) return undefined;
  // Tonight at one is after midnight.
  if (when.part === 'night' && clock.hour < 6) return answerOnce(desk, addDays(now.date, 1), clock);
  const later = otherHalf(clock);
  if (clock.half === 'asked' && isAhead(desk, now.date, later)) {
    note(desk, say(desk).laterToday(clockText(later)));
    return answerOnce(desk, now.date, later);
  }
  return undefined;
}

export function readDay(desk: Desk, day: Day, when: When): Answer {
  const { clocks, isSaid } = clocksOf(desk, when);
  if (day.is === 'weekdays' && day.isEither) return eitherDay(desk, day.weekdays, clocks[0] as Clock);
  if (day.is === 'weekdays' && day.weekdays.length > 1) return severalDays(desk, day.weekdays, clocks);
  if (day.is === 'month_days' && (day.days.length > 1 || day.ofTheMonth))
    return severalMonthDays(desk, day.days, clocks);
  const atOnce = isToday(day) ? today(desk, when, clocks, isSaid) : undefined;
  if (atOnce !== undefined) return atOnce;
  const last = clocks.at(-1) as Clock;
  const found = findDay(desk, day, last);
  if (found.is === 'impossible') {
    note(desk, say(desk).impossible.date);
    return none;
  }
  if (!isSaid) note(desk, say(desk).noTime(clockText(last)));
  if (found.is === 'past')
    return { kind: 'past', options: found.next === undefined ? [] : [onceAt(desk, found.next, last)] };
  const real = clocks.map((clock) => settled(desk, clock));
  if (found.is === 'date')
    return last.isMidnight ? midnights(desk, found.date, last) : onDate(desk, found.date, real);
  return { kind: 'ambiguous', options: found.dates.map((date) => onceAt(desk, date, real[0] as Clock)) };
}

/** On Saturday or Sunday: one of them. */
function eitherDay(desk: Desk, weekdays: number[], clock: Clock): Answer {
  const real = settled(desk, clock);
  const dates = weekdays
    .map((each) => findDay(desk, { is: 'weekdays', weekdays: [each], which: 'coming' }, real))
    .flatMap((found) => (found.is === 'date' ? [found.date] : []));
  return {
    kind: 'ambiguous',
    options: [...new Set(dates)].slice(0, 4).map((date) => onceAt(desk, date, real)),
  };
}

const timesText = (clocks: readonly Clock[]): string => clocks.map(clockText).join(', ');

/** On Monday and Thursday: each week, or only the next ones. */
function severalDays(desk: Desk, weekdays: number[], clocks: Clock[]): Answer {
  const real = clocks.map((clock) => settled(desk, clock));
  const cron = cronOf(real, { weekday: cronWeekdays(weekdays) });
  if (cron === undefined) return none;
  const times = timesText(real);
  const dates = weekdays
    .map((each) => findDay(desk, { is: 'weekdays', weekdays: [each], which: 'coming' }, real[0] as Clock))
    .flatMap((found) => (found.is === 'date' ? [found.date] : []))
    .sort();
  const moments = dates.map((date) => momentWords(date, times, desk.locale, desk.now.date)).join('; ');
  return eachOrNext(
    say(desk).everyWeek(weekdayWords(weekdays, desk.locale), times),
    cron,
    moments,
    weekdays.length * real.length,
    desk,
  );
}

function severalMonthDays(desk: Desk, days: number[], clocks: Clock[]): Answer {
  if (days.some((day) => day > 31)) return none;
  const real = clocks.map((clock) => settled(desk, clock));
  const cron = cronOf(real, { day: [...days].sort((a, b) => a - b).join(',') });
  if (cron === undefined) return none;
  const times = timesText(real);
  const dates = days
    .map((each) => findDay(desk, { is: 'month_days', days: [each] }, real[0] as Clock))
    .flatMap((found) => (found.is === 'date' ? [found.date] : []))
    .sort();
  const moments = dates.map((date) => momentWords(date, times, desk.locale, desk.now.date)).join('; ');
  return eachOrNext(
    say(desk).everyMonthOn(days.join(', '), times),
    cron,
    moments,
    days.length * real.length,
    desk,
  );
}

function eachOrNext(label: string, cron: string, moments: string, count: number, desk: Desk): Answer {
  const next: PhraseOption = {
    label: say(desk).onlyNext(moments),
    kind: count === 1 ? 'once' : 'recurring',
    rule: { cron, max_runs: count },
  };
  return { kind: 'ambiguous', options: [{ label, kind: 'recurring', rule: { cron } }, next] };
}

const nextOf = (desk: Desk, clock: Clock): string =>
  isAhead(desk, desk.now.date, clock) ? desk.now.date : addDays(desk.now.date, 1);

/** A time of day, or a part of it, and nothing else. */
export function readClock(desk: Desk, when: When): Answer {
  const { clocks } = clocksOf(desk, when);
  const [clock] = clocks;
  if (clock === undefined) return none;
  if (clocks.length > 1) {
    const real = clocks.map((each) => settled(desk, each));
    const cron = cronOf(real, {});
    if (cron === undefined)
      return {
        kind: 'ambiguous',
        options: real.slice(0, 4).map((each) => onceAt(desk, nextOf(desk, each), each)),
      };
    const moments = real
      .map((each) => wallOf(nextOf(desk, each), each))
      .sort()
      .map((wall) => momentWords(wall.slice(0, 10), wall.slice(11), desk.locale, desk.now.date))
      .join('; ');
    return eachOrNext(say(desk).everyDay(timesText(real)), cron, moments, real.length, desk);
  }
  const time = clockText(clock);
  if (clock.half === 'asked') {
    const options = [clock, otherHalf(clock)]
      .map((each) => onceAt(desk, nextOf(desk, each), each))
      .sort((a, b) => ((a.rule.at ?? '') < (b.rule.at ?? '') ? -1 : 1));
    return { kind: 'ambiguous', options, time };
  }
  const date = nextOf(desk, clock);
  if (date !== desk.now.date) note(desk, say(desk).tomorrow(time));
  const answer = answerOnce(desk, date, clock);
  return answer.kind === 'past' || answer.kind === 'none' ? answer : { ...answer, time };
}
