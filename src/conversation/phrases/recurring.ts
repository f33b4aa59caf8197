// What comes again and again: every so long, on days of the week, of the month or of the year.
import {
  type Answer,
  clockOfPart,
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
import {
  addDays,
  clockFrom,
  clockText,
  dateOf,
  dayOf,
  firstDay,
  intervalText,
  weekdayOf,
  yearOf,
} from './calendar.ts';
import type { When } from './gather.ts';
import { readTimes } from './often.ts';
import { type Clock, type Duration, days, everyDay, months, type Repeat, seconds } from './piece.ts';
import { anchored, cronOf, cronWeekdays, sortClocks, timeParts, weekdayNames } from './times.ts';
import { endsOf, readOnDays, readWindow } from './within.ts';
import { dayWords, weekdayWords } from './words.ts';

/** What was said of when, sorted: on which days, how far apart, at what times. */
interface Plan {
  duration?: Duration;
  weekdays?: number[];
  step?: number;
  mayBeNth?: true;
  monthDays?: number[];
  nth?: Extract<Repeat, { is: 'nth' }>;
  date?: { month: number; day: number };
  times?: Extract<Repeat, { is: 'times' }>;
  minute?: number;
  except: number[];
  /** Undefined where nothing was said of the time of day. */
  clocks?: Clock[];
}

function planOf(desk: Desk, when: When): Plan {
  const plan: Plan = { except: [] };
  let { part } = when;
  for (const repeat of when.repeats) {
    if (repeat.is === 'interval') {
      plan.duration = repeat.duration;
      if (repeat.doubt !== undefined) note(desk, say(desk)[repeat.doubt]);
    } else if (repeat.is === 'weekdays') {
      plan.weekdays = repeat.weekdays;
      if (repeat.step !== undefined) plan.step = repeat.step;
      if (repeat.mayBeNth) plan.mayBeNth = true;
    } else if (repeat.is === 'month_days') plan.monthDays = repeat.days;
    else if (repeat.is === 'minute') plan.minute = repeat.minute;
    else if (repeat.is === 'nth') plan.nth = repeat;
    else if (repeat.is === 'part') part ??= repeat.part;
    else if (repeat.is === 'date') plan.date = repeat;
    else if (repeat.is === 'times') plan.times = repeat;
    else plan.except = repeat.weekdays;
  }
  const isOfPart = when.repeats.some(({ is }) => is === 'part');
  const { day } = when;
  if (day?.is === 'weekdays') plan.weekdays ??= day.weekdays;
  else if (day?.is === 'month_days') plan.monthDays ??= day.days;
  else if (day?.is === 'date') plan.date ??= day;
  else if (day?.is === 'month' && day.edge !== undefined) plan.monthDays ??= [day.edge === 'end' ? -1 : 1];
  if (when.clocks !== undefined)
    plan.clocks = sortClocks(when.clocks.map((clock) => settled(desk, inPart(clock, part))));
  else if (
    when.window !== undefined &&
    (plan.duration?.seconds ?? 0) === 0 &&
    plan.times === undefined &&
    plan.minute === undefined
  ) {
    note(desk, say(desk).starts(clockText(when.window.from)));
    plan.clocks = [settled(desk, inPart(when.window.from, part))];
  } else if (part !== undefined) plan.clocks = [clockOfPart(desk, part)];
  if (isOfPart && plan.duration === undefined && plan.weekdays === undefined) plan.duration = days(1);
  return plan;
}

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

/** The times of day; the morning where none was said. */
function timesOf(desk: Desk, { clocks }: Plan): Clock[] {
  if (clocks !== undefined) return clocks;
  note(desk, say(desk).noTime(desk.dayParts.morning));
  return [clockFrom(desk.dayParts.morning)];
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

const nowInstant = ({ now }: Desk): string =>
  new Date(Math.floor(now.instant.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z');

const counted = (desk: Desk, date: string, clock: Clock): void =>
  note(desk, say(desk).counted(`${dayWords(date, desk.locale, desk.now.date)}, ${clockText(clock)}`));

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

/** On days of the month. */
function monthly(desk: Desk, plan: Plan, named: readonly number[], when: When): Answer {
  const of = [...new Set(named)];
  if (of.some((day) => day === 0 || day > 31)) return none;
  const clocks = timesOf(desk, plan);
  const step = plan.duration?.months ?? 1;
  const longest = Math.max(...of);
  if (longest > 28) note(desk, say(desk).shortMonths(longest));
  if (step <= 1) {
    const day =
      of.length === 1 && of[0] === -1
        ? 'L'
        : of.includes(-1)
          ? undefined
          : of.sort((a, b) => a - b).join(',');
    const cron = day === undefined ? undefined : cronOf(clocks, { day });
    if (cron !== undefined) return { kind: 'recurring', rule: { cron } };
    return {
      kind: 'recurring',
      rule: { rrule: `FREQ=DAILY;BYMONTHDAY=${of.join(',')};${timeParts(clocks)}` },
    };
  }
  const [clock] = clocks as [Clock];
  const fits = (date: string) =>
    of.includes(dayOf(date)) || (of.includes(-1) && dayOf(addDays(date, 1)) === 1);
  const date = firstDay(
    startOf(desk, when) ?? desk.now.date,
    (each) => fits(each) && isAhead(desk, each, clock),
  );
  if (date === undefined) return none;
  counted(desk, date, clock);
  return {
    kind: 'recurring',
    rule: {
      rrule: anchored(
        desk.now.timezone,
        date,
        clock,
        `FREQ=MONTHLY;INTERVAL=${step};BYMONTHDAY=${of.join(',')};${timeParts(clocks)}`,
      ),
    },
  };
}

/** On the first Monday of the month, the last workday, and the like. */
function nthOfMonth(
  desk: Desk,
  plan: Plan,
  { nths, weekdays, isImplied }: Extract<Repeat, { is: 'nth' }>,
): Answer {
  if (nths.some((nth) => nth === 0 || nth > (weekdays.length > 1 ? 31 : 5))) return none;
  if (isImplied && plan.duration === undefined) note(desk, say(desk).everyMonth);
  const clocks = timesOf(desk, plan);
  const step = plan.duration !== undefined && plan.duration.months > 1 ? plan.duration.months : 1;
  const [nth] = nths;
  const [only] = weekdays;
  if (step === 1 && weekdays.length === 1 && nths.length === 1 && nth !== undefined && nth >= -1) {
    const cron = cronOf(clocks, { weekday: nth === -1 ? `${only}L` : `${only}#${nth}` });
    if (cron !== undefined) return { kind: 'recurring', rule: { cron } };
  }
  if (clocks.length > 1 && weekdays.length > 1) return none;
  const by =
    weekdays.length === 1
      ? `BYDAY=${nths.map((each) => weekdayNames(weekdays, String(each))).join(',')};${timeParts(clocks)}`
      : `BYDAY=${weekdayNames(weekdays)};BYSETPOS=${nths.join(',')};${timeParts(clocks)}`;
  const text = `FREQ=MONTHLY;${step === 1 ? '' : `INTERVAL=${step};`}${by}`;
  if (step === 1) return { kind: 'recurring', rule: { rrule: text } };
  return {
    kind: 'recurring',
    rule: { rrule: anchored(desk.now.timezone, `${desk.now.date.slice(0, 8)}01`, clocks[0] as Clock, text) },
  };
}

/** On one day of the year. */
function yearly(desk: Desk, plan: Plan, { month, day }: { month: number; day: number }): Answer {
  if (dateOf(2024, month, day) === undefined) {
    note(desk, say(desk).impossible.date);
    return none;
  }
  const clocks = timesOf(desk, plan);
  if (month === 2 && day === 29) note(desk, say(desk).leap);
  const years = Math.floor((plan.duration?.months ?? 12) / 12);
  if (years > 1) {
    const [clock] = clocks as [Clock];
    const year = yearOf(desk.now.date);
    const date = [year, year + 1, year + 2, year + 3, year + 4]
      .map((each) => dateOf(each, month, day))
      .find((each) => each !== undefined && isAhead(desk, each, clock));
    if (date === undefined) return none;
    counted(desk, date, clock);
    return {
      kind: 'recurring',
      rule: {
        rrule: anchored(
          desk.now.timezone,
          date,
          clock,
          `FREQ=YEARLY;INTERVAL=${years};BYMONTH=${month};BYMONTHDAY=${day};${timeParts(clocks)}`,
        ),
      },
    };
  }
  const cron = cronOf(clocks, { day: String(day), month: String(month) });
  if (cron !== undefined) return { kind: 'recurring', rule: { cron } };
  return {
    kind: 'recurring',
    rule: { rrule: `FREQ=YEARLY;BYMONTH=${month};BYMONTHDAY=${day};${timeParts(clocks)}` },
  };
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
