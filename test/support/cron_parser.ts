// cron-parser, and how it differs. It steps from hour to hour across clock changes, by rules of its own: which
// policy comes of it depends on the expression and on where the search begins.
import { CronExpressionParser } from 'cron-parser';
import { type Case, type Library, positions, rightAnswer } from './cron_disagreement.ts';
import type { Stretch } from './time_oracle.ts';

function changesNear(stretches: readonly Stretch[], instant: number): boolean {
  return stretches.slice(1).some(({ from }) => Math.abs(from - instant) < 2 * 86_400);
}

/** Each of these is proved for whatever policy it may hold to, and only believed next to a clock change. */
function fault(asked: Case, stretches: readonly Stretch[], theirs: number | undefined): string | undefined {
  const answers = (from: Case) =>
    positions(cronParser).map(
      (position) => rightAnswer(from, stretches, position) ?? Number.POSITIVE_INFINITY,
    );
  const right = answers(asked);
  const besideChange = right.every((fire) => changesNear(stretches, fire));
  if (theirs === undefined)
    return besideChange ? 'cron-parser finds nothing, next to a clock change' : undefined;
  if (!besideChange && !changesNear(stretches, theirs)) return undefined;
  if (theirs <= asked.after) return 'cron-parser does not advance, next to a clock change';
  if (answers({ ...asked, after: theirs - 1 }).every((fire) => fire !== theirs))
    return 'cron-parser fires where nothing says so, next to a clock change';
  return right.every((fire) => fire < theirs)
    ? 'cron-parser passes over a fire that every policy has, next to a clock change'
    : undefined;
}

export const cronParser: Library = {
  name: 'cron-parser',
  reads: {
    macros: ['@hourly', '@daily', '@weekly', '@monthly', '@yearly', '@annually'],
    monthDays: ['L', 'n,L'],
    weekdays: ['nL', 'n#k', '7', '5-7', '1-7/2', '0-7', '*/7'],
  },
  answer({ expression, zone, after }) {
    try {
      const options = { tz: zone, currentDate: new Date(after * 1000) };
      return CronExpressionParser.parse(expression, options).next().getTime() / 1000;
    } catch {
      return undefined;
    }
  },
  always: [
    { name: 'a star with a step does not join the day fields', reading: { both: 'lone star' } },
    { name: 'a step among weekdays reaches a second Sunday', reading: { stepsTo: 7 } },
  ],
  sometimes: [
    [
      { name: 'a fixed time in a gap is shifted', policy: { gap: 'shift' } },
      { name: 'a fixed time in a gap is skipped', policy: { gap: 'skip' } },
    ],
    [{ name: 'a fixed time in a fold is the second', policy: { fold: 'last' } }],
    [{ name: 'a rule that follows real time is taken for fixed times', reading: { realTime: 'never' } }],
  ],
  fault,
};
