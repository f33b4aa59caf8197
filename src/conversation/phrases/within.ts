// Every so many minutes or hours, on some days or between two times of day.
import { type Answer, type Desk, inPart, none, note, otherHalf, say } from './answer.ts';
import { clockText } from './calendar.ts';
import type { Clock } from './piece.ts';
import { cronOf, timeParts, weekdayNames } from './times.ts';

const day = 86_400;
const second = ({ hour, minute, second: seconds }: Clock): number => hour * 3600 + minute * 60 + seconds;
const clockAt = (seconds: number): Clock => ({
  hour: Math.floor(seconds / 3600) % 24,
  minute: Math.floor((seconds % 3600) / 60),
  second: seconds % 60,
  half: 'said',
});

/** Both ends; from nine to five ends in the afternoon. */
export function endsOf({ from, to }: { from: Clock; to: Clock }): [number, number] {
  const first = inPart(from, undefined);
  // Nine and six in the evening: what was not said of the first is the earlier.
  let end = second(to);
  if (end <= second(first) && to.half !== 'said' && to.hour <= 12) end = second(otherHalf(to));
  if (end <= second(first)) end += day;
  return [second(first), end];
}

/** The hours or minutes of cron, where the step divides them; undefined where it does not. */
function stepsOf(seconds: number, from: number, to: number): string | undefined {
  if (seconds % 60 !== 0 || from % 3600 !== 0 || to % 3600 !== 0 || to > day) return undefined;
  const [first, last] = [from / 3600, to / 3600];
  if (seconds < 3600 && 3600 % seconds === 0) {
    const minutes = seconds === 60 ? '*' : `*/${seconds / 60}`;
    return `${minutes} ${first === last - 1 ? first : `${first}-${last - 1}`}`;
  }
  if (seconds % 3600 !== 0) return undefined;
  const step = seconds / 3600;
  const end = Math.min(23, first + Math.floor((last - first) / step) * step);
  return first === end ? `0 ${first}` : `0 ${first}-${end}${step === 1 ? '' : `/${step}`}`;
}

/** Between two times of day, on these days of the week. */
export function readWindow(
  desk: Desk,
  seconds: number,
  window: { from: Clock; to: Clock },
  weekday: string,
  weekdays: readonly number[],
): Answer {
  const [from, to] = endsOf(window);
  const steps = stepsOf(seconds, from, to);
  if (seconds < 3600 && steps !== undefined)
    note(desk, say(desk).lastOfWindow(clockText(clockAt(to - seconds))));
  if (steps !== undefined) return { kind: 'recurring', rule: { cron: `${steps} * * ${weekday}` } };
  const clocks: Clock[] = [];
  for (let at = from; at <= to && clocks.length <= 200; at += seconds) clocks.push(clockAt(at % day));
  if (clocks.length > 200 || clocks.length === 0) return none;
  note(desk, say(desk).lastOfWindow(clockText(clocks.at(-1) as Clock)));
  const cron = cronOf(clocks, { weekday });
  if (cron !== undefined) return { kind: 'recurring', rule: { cron } };
  const by = weekdays.length === 7 ? '' : `;BYDAY=${weekdayNames(weekdays)}`;
  return { kind: 'recurring', rule: { rrule: `FREQ=DAILY${by};${timeParts(clocks)}` } };
}

/** On some days of the week, all day long. */
export function readOnDays(desk: Desk, seconds: number, weekday: string, days = '*'): Answer {
  if (seconds % 60 !== 0) return none;
  const minutes = seconds / 60;
  if (minutes < 60)
    return {
      kind: 'recurring',
      rule: { cron: `${minutes === 1 ? '*' : `*/${minutes}`} * ${days} * ${weekday}` },
    };
  if (minutes % 60 !== 0 || minutes >= 1440) return none;
  note(desk, say(desk).fromMidnight);
  return {
    kind: 'recurring',
    rule: { cron: `0 ${minutes === 60 ? '*' : `*/${minutes / 60}`} ${days} * ${weekday}` },
  };
}
