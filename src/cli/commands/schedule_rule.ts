// The options that say when a schedule fires: its rule, and what belongs to it.
import { type Command, Option } from 'commander';
import type { Overdue, RuleInput } from '../../client/types.ts';
import { UsageError } from '../failure.ts';

/** The time zone of this machine, as far as it says. */
export function localTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** The options as commander gives them. */
export interface RuleOptions extends Omit<RuleInput, 'rules'> {
  /** JSON. */
  rules?: string;
  overdue?: Overdue;
}

const choice = (flags: string, about: string, choices: string[]) => new Option(flags, about).choices(choices);

export function withRule(command: Command): Command {
  return command
    .option('--cron <expression>', 'rule: a cron expression, for example "30 8 * * 1-5"')
    .option('--every <interval>', 'rule: an interval, for example "15 minutes" or "1 month"')
    .option(
      '--at <time>',
      'rule: once, at "2026-12-01 09:00" in the zone, or at an instant such as 2026-12-01T09:00:00Z',
    )
    .option(
      '--rrule <text>',
      'rule: RFC 5545, for example "FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0"',
    )
    .option('--rules <json>', 'several rules in place of one: [{"cron": "..."}, {"every": "..."}]')
    .addOption(
      choice(
        '--repeat-interval <word>',
        'rule: each day, week or month at the time of --starts-at; custom: another option is the rule',
        ['daily', 'weekly', 'monthly', 'custom'],
      ),
    )
    .option('--timezone <zone>', 'IANA time zone of the rule (default: the zone of this machine)')
    .option('--anchor <instant>', 'what --every counts from, and --rrule without DTSTART (default: now)')
    .option('--starts-at <instant>', 'no fire before')
    .option('--ends-at <instant>', 'no fire after')
    .addOption(
      choice('--dst-gap <policy>', 'at a time that a clock change leaves out', ['next', 'shift', 'skip']),
    )
    .addOption(
      choice('--dst-fold <policy>', 'at a time that a clock change repeats', ['first', 'last', 'both']),
    )
    .option('--only-on <calendars...>', 'fire on the days of these calendars alone')
    .option('--never-on <calendars...>', 'do not fire on the days of these calendars')
    .addOption(
      choice('--on-excluded <policy>', 'what happens to fires that calendars leave out', [
        'skip',
        'next_day',
      ]),
    )
    .addOption(
      choice('--overdue <policy>', 'what happens to an --at in the past (default: refuse)', [
        'refuse',
        'run_now',
      ]),
    );
}

const names = [
  'cron',
  'every',
  'at',
  'rrule',
  'repeatInterval',
  'timezone',
  'anchor',
  'startsAt',
  'endsAt',
  'dstGap',
  'dstFold',
  'onlyOn',
  'neverOn',
  'onExcluded',
] as const;

/** The fields of a rule among the options of a command. */
export function ruleInput(options: RuleOptions): RuleInput {
  const given = names.filter((name) => options[name] !== undefined);
  const fields: RuleInput = Object.fromEntries(given.map((name) => [name, options[name]]));
  return options.rules === undefined ? fields : { ...fields, rules: readRules(options.rules) };
}

function readRules(text: string): NonNullable<RuleInput['rules']> {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `--rules is not JSON: ${(error as Error).message}`,
      `For example: --rules '[{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}]'`,
    );
  }
}
