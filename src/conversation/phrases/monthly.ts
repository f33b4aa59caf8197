// What comes again on days of the month, or of the year.
import { type Answer, type Desk, isAhead, none, note, say } from './answer.ts';
import { startOf } from './bounds.ts';
import { addDays, dateOf, dayOf, firstDay, yearOf } from './calendar.ts';
import type { When } from './gather.ts';
import type { Clock, Repeat } from './piece.ts';
import { counted, type Plan, timesOf } from './plan.ts';
import { anchored, cronOf, timeParts, weekdayNames } from './times.ts';

/** On days of the month. */
export function monthly(desk: Desk, plan: Plan, named: readonly number[], when: When): Answer {
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
export function nthOfMonth(
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
export function yearly(desk: Desk, plan: Plan, { month, day }: { month: number; day: number }): Answer {
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
