// What a schedule shall be like, read from free text: a new time, a new text, or both.
import { withoutAsking } from '../conversation/phrases/message.ts';
import type { PhraseRule, Reading } from '../conversation/phrases/reading.ts';
import { nameOf } from './create.ts';
import { readIn, waysOf } from './phrase.ts';
import type { ScheduleView } from './schedules.ts';
import type { Turn } from './turn.ts';

/** What only asks for a change; what it shall be comes behind it. */
const asking =
  /^(?:please\s+|пожалуйста,?\s+)?(?:move|change|make|shift|reschedule|set|перенеси|передвинь|сдвинь|измени|сделай|поставь)(?:те)?(?:\s+(?:it|его|её|ее))?(?:\s+(?:to|for|на))?(?:\s+|$)/iu;
/** What adds days to those that there are. */
const adding = /^(?:and\s+)?(?:also|plus)\s+|^(?:и\s+)?(?:ещё|еще|также)(?:\s+и)?\s+/iu;

export interface Wanted {
  patch: { rule?: PhraseRule; timezone?: string; name?: string; payload?: Record<string, unknown> };
  assumptions: string[];
  /** That it is over: the words that said so. */
  over?: string;
}

/** Minute, hour and all else of a rule of cron at a fixed time. */
function fixed(cron: string | null): { minute: string; hour: string; days: string } | undefined {
  const [, minute, hour, days] = /^(\d+) (\d+) (.+)$/.exec(cron ?? '') ?? [];
  return minute === undefined || hour === undefined || days === undefined
    ? undefined
    : { minute, hour, days };
}

/** Days of the week and more of them; undefined where the rules are of another kind. */
function together(before: string, after: string): string | undefined {
  const [old, more] = [before, after].map((days) => /^\* \* ([\d,-]+)$/.exec(days)?.[1]);
  return old === undefined || more === undefined ? undefined : `* * ${old},${more}`;
}

/** The new rule: where only a time of day was said, a rule of cron at a fixed time keeps its days; where only days, its time. */
function ruleOf(schedule: ScheduleView, reading: Reading, adds: boolean): PhraseRule | undefined {
  if (reading.kind === 'none' || reading.kind === 'past') return undefined;
  const old = fixed(schedule.cron);
  if (reading.time !== undefined && old !== undefined)
    return { cron: `${Number(reading.time.slice(3, 5))} ${Number(reading.time.slice(0, 2))} ${old.days}` };
  const ways = waysOf(reading);
  // Of several that are as likely the one that was written, since it is shown before it counts.
  const { rule } = ways.find((way) => reading.time !== undefined && way.rule.at?.endsWith(reading.time)) ??
    ways[0] ?? { rule: undefined };
  const added = fixed(rule?.cron ?? null);
  const days = adds && old !== undefined && added !== undefined ? together(old.days, added.days) : undefined;
  return days === undefined ? rule : { cron: `${old?.minute} ${old?.hour} ${days}` };
}

function read(turn: Turn, schedule: ScheduleView, text: string): Reading {
  const old = fixed(schedule.cron);
  const options = {
    timezone: schedule.timezone,
    ...(old && { morningAt: `${old.hour.padStart(2, '0')}:${old.minute.padStart(2, '0')}` }),
  };
  const reading = readIn(turn, text, options);
  // "10" alone is no time; of whoever was asked for one it is.
  return reading.kind === 'none' && /^\d{1,2}$/.test(text) ? readIn(turn, `at ${text}`, options) : reading;
}

/** What somebody has written who changes a schedule. */
export function wantedOf(turn: Turn, schedule: ScheduleView, text: string): Wanted {
  const adds = adding.test(text);
  const said = text.replace(adding, '').replace(asking, '').trim();
  const reading = read(turn, schedule, said);
  if (reading.kind === 'past') return { patch: {}, assumptions: [], over: reading.understood.join(' ') };
  const rule = ruleOf(schedule, reading, adds);
  const what = reading.kind === 'none' ? withoutAsking(said, turn.language) : reading.message;
  return {
    patch: {
      ...(rule && { rule }),
      ...(rule && reading.timezone !== schedule.timezone && { timezone: reading.timezone }),
      ...(what !== '' && { name: nameOf(what) }),
      ...(what !== '' && schedule.task === 'remind' && { payload: { ...schedule.payload, text: what } }),
    },
    assumptions: rule === undefined ? [] : reading.assumptions,
  };
}
