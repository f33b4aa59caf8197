// What comes again and again: every so long, on days of the week, of the month or of the year.
import {
  type Answer,
  type Desk,
  inPart,
  instantOf,
  isAhead,
  none,
  note,
  say,
  settled,
  wallOf,
} from './answer.ts';
import { boundsOf, startOf } from './bounds.ts';
import { addDays, clockFrom, clockText, dayOf, firstDay, intervalText, weekdayOf } from './calendar.ts';
import type { When } from './gather.ts';
import { monthly, nthOfMonth, yearly } from './monthly.ts';
import { readTimes } from './often.ts';
import { type Clock, type Duration, days, everyDay, months, seconds } from './piece.ts';
import { counted, nowInstant, type Plan, planOf, timesOf } from './plan.ts';
import { anchored, cronOf, cronWeekdays, timeParts, weekdayNames } from './times.ts';
import { endsOf, readOnDays, readWindow } from './within.ts';
import { dayWords, weekdayWords } from './words.ts';

export function readRepeats(desk: Desk, when: When): Answer {
  const plan = planOf(desk, when);
  const bare = (answer: Answer, first?: string): Answer => {
    if (answer.kind !== 'recurring') return answer;
    return { ...answer, rule: { ...answer.rule, ...boundsOf(desk, when, first) } };
  };
  if (plan.times !== undefined) {
    const { count, per } = plan.times;
    if (count === 0) return none;
    const unit = { hour: seconds(3600), day: days(1), week: days(7), month: months(1), year: months(12) }[
      per
    ];
    const several = per === 'day' && (plan.clocks?.length ?? 0) > 1;
    const onItsDays =
      (per === 'week' && plan.weekdays !== undefined) ||
      (per === 'month' && (plan.monthDays !== undefined || plan.nth !== undefined));
    if (count > 1 && !several && !onItsDays) return bare(readTimes(desk, plan.times, plan.clocks));
    plan.duration = unit;
  }
  const answer = ofPlan(desk, plan, when);
  return bare(answer, firstOf(desk, plan, when));
}

function ofPlan(desk: Desk, plan: Plan, when: When): Answer {
  const { duration, nth, date, monthDays, weekdays } = plan;
  if (plan.minute !== undefined) return hourly(desk, plan, plan.minute, when);
  if (date !== undefined) return yearly(desk, plan, date);
  if (nth !== undefined) return nthOfMonth(desk, plan, nth);
  if (duration !== undefined && duration.seconds > 0) return short(desk, plan, duration, when);
  if (monthDays !== undefined) return monthly(desk, plan, monthDays, when);
  const isWeekly = duration === undefined || (duration.months === 0 && duration.days % 7 === 0);
  if (weekdays !== undefined && (isWeekly || duration?.days === 1)) return weekly(desk, plan, weekdays, when);
  if (duration === undefined) return weekly(desk, plan, everyDay, when);
  if (duration.months > 0 && weekdays !== undefined)
    return nthOfMonth(desk, plan, { is: 'nth', nths: [1], weekdays });
  return spaced(desk, plan, duration, when);
}

/** The first day on which it fires, where that is plain. */
function firstOf(desk: Desk, plan: Plan, when: When): string | undefined {
  const { weekdays, monthDays, clocks, duration } = plan;
  if (clocks === undefined && weekdays === undefined && monthDays === undefined) return undefined;
  if (duration !== undefined && duration.seconds > 0) return undefined;
  const last = clocks?.at(-1) ?? clockFrom(desk.dayParts.morning);
  return firstDay(startOf(desk, when) ?? desk.now.date, (date) => {
    if (!isAhead(desk, date, last)) return false;
    if (weekdays !== undefined) return weekdays.includes(weekdayOf(date));
    return monthDays === undefined || monthDays.includes(dayOf(date));
  });
}

/** At a minute of every hour, between two hours where that was said. */
function hourly(_desk: Desk, plan: Plan, minute: number, { window }: When): Answer {
  const weekdays = (plan.weekdays ?? everyDay).filter((day) => !plan.except.includes(day));
  if (plan.clocks !== undefined && window === undefined) return none;
  const [from, to] = window === undefined ? [0, 86_399] : endsOf(window);
  const last = Math.min(23, Math.floor((to - minute * 60) / 3600));
  const first = Math.ceil((from - minute * 60) / 3600);
  if (weekdays.length === 0 || first > last) return none;
  const hours = window === undefined ? '*' : first === last ? String(first) : `${first}-${last}`;
  return { kind: 'recurring', rule: { cron: `${minute} ${hours} * * ${cronWeekdays(weekdays)}` } };
}

/** Every so many minutes or hours. */
function short(desk: Desk, plan: Plan, duration: Duration, when: When): Answer {
  const all = duration.seconds + duration.days * 86_400;
  if (duration.months > 0) return none;
  const allowed = (plan.weekdays ?? everyDay).filter((day) => !plan.except.includes(day));
  const isSome = allowed.length < 7;
  const weekday = cronWeekdays(allowed);
  if (when.window !== undefined && all < 86_400) return readWindow(desk, all, when.window, weekday, allowed);
  if (plan.monthDays !== undefined)
    return readOnDays(desk, all, weekday, plan.monthDays.map((day) => (day < 0 ? 'L' : day)).join(','));
  if (isSome) return readOnDays(desk, all, weekday);
  const every = intervalText(seconds(all));
  const [clock] = plan.clocks ?? [];
  const start = startOf(desk, when);
  if (clock !== undefined || start !== undefined) {
    const time = clock ?? clockFrom(start === desk.now.date ? desk.now.time : desk.dayParts.morning);
    const from = start ?? desk.now.date;
    const date = clock === undefined || isAhead(desk, from, time) ? from : addDays(from, 1);
    counted(desk, date, time);
    return { kind: 'recurring', rule: { every, anchor: instantOf(desk, wallOf(date, time)) } };
  }
  return { kind: 'recurring', rule: { every, anchor: nowInstant(desk) } };
}

/** Every so many days, weeks or months, whatever days those are. */
function spaced(desk: Desk, plan: Plan, duration: Duration, when: When): Answer {
  const start = startOf(desk, when);
  const isDaily = duration.months === 0 && duration.days === 1;
  const allowed = everyDay.filter((day) => !plan.except.includes(day));
  if (isDaily && (plan.clocks !== undefined || plan.except.length > 0 || start !== undefined))
    return weekly(desk, plan, allowed, when);
  const every = intervalText(duration);
  if (plan.clocks === undefined && start === undefined) {
    note(desk, say(desk).fromNow);
    return { kind: 'recurring', rule: { every, anchor: nowInstant(desk) } };
  }
  const clocks = timesOf(desk, plan);
  const [clock] = clocks as [Clock];
  const date = firstDay(start ?? desk.now.date, (each) => isAhead(desk, each, clock)) ?? desk.now.date;
  counted(desk, date, clock);
  if (clocks.length === 1)
    return { kind: 'recurring', rule: { every, anchor: instantOf(desk, wallOf(date, clock)) } };
  const rule =
    duration.months > 0
      ? `FREQ=MONTHLY;INTERVAL=${duration.months};BYMONTHDAY=${dayOf(date)}`
      : `FREQ=DAILY;INTERVAL=${duration.days}`;
  return {
    kind: 'recurring',
    rule: { rrule: anchored(desk.now.timezone, date, clock, `${rule};${timeParts(clocks)}`) },
  };
}

/** On days of the week, of every week or of every other. */
function weekly(desk: Desk, plan: Plan, named: number[], when: When): Answer {
  const weekdays = named.filter((day) => !plan.except.includes(day));
  if (weekdays.length === 0) return none;
  const clocks = timesOf(desk, plan);
  const step = plan.step ?? Math.max(1, (plan.duration?.days ?? 7) / 7);
  const weeks = Number.isInteger(step) ? step : 1;
  if (weeks === 1) {
    const cron = cronOf(clocks, { weekday: cronWeekdays(weekdays) });
    if (cron !== undefined) return { kind: 'recurring', rule: { cron } };
    const by = weekdays.length === 7 ? '' : `;BYDAY=${weekdayNames(weekdays)}`;
    return { kind: 'recurring', rule: { rrule: `FREQ=DAILY${by};${timeParts(clocks)}` } };
  }
  const [clock] = clocks as [Clock];
  const date =
    firstDay(
      startOf(desk, when) ?? desk.now.date,
      (each) => weekdays.includes(weekdayOf(each)) && isAhead(desk, each, clock),
    ) ?? desk.now.date;
  const [only] = weekdays;
  const isOne = weekdays.length === 1 && clocks.length === 1;
  const rule = isOne
    ? { every: `${weeks} week`, anchor: instantOf(desk, wallOf(date, clock)) }
    : {
        rrule: anchored(
          desk.now.timezone,
          date,
          clock,
          `FREQ=WEEKLY;INTERVAL=${weeks};BYDAY=${weekdayNames(weekdays)};${timeParts(clocks)}`,
        ),
      };
  if (plan.mayBeNth && only !== undefined && clocks.length === 1) {
    const from = dayWords(date, desk.locale, desk.now.date);
    const name = weekdayWords([only], desk.locale);
    const cron = cronOf(clocks, { weekday: `${only}#${weeks}` });
    return {
      kind: 'ambiguous',
      options: [
        { label: say(desk).everyOther(weeks, name, from), kind: 'recurring', rule },
        ...(cron === undefined
          ? []
          : [{ label: say(desk).nthOfMonth(weeks, name), kind: 'recurring' as const, rule: { cron } }]),
      ],
    };
  }
  counted(desk, date, clock);
  return { kind: 'recurring', rule };
}

/** "Через день": every other day, or tomorrow at this time. */
export function readEitherDay(desk: Desk, when: When): Answer {
  const clock = settled(desk, inPart(when.clocks?.[0] ?? clockFrom(desk.now.time.slice(0, 5)), when.part));
  const first =
    when.clocks === undefined
      ? addDays(desk.now.date, 2)
      : isAhead(desk, desk.now.date, clock)
        ? desk.now.date
        : addDays(desk.now.date, 1);
  const tomorrow = addDays(desk.now.date, 1);
  return {
    kind: 'ambiguous',
    options: [
      {
        label: say(desk).otherDay(`${dayWords(first, desk.locale, desk.now.date)}, ${clockText(clock)}`),
        kind: 'recurring',
        rule: { every: '2 day', anchor: instantOf(desk, wallOf(first, clock)) },
      },
      {
        label: `${dayWords(tomorrow, desk.locale, desk.now.date)}, ${clockText(clock)}`,
        kind: 'once',
        rule: { at: wallOf(tomorrow, clock) },
      },
    ],
  };
}
