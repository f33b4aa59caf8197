import { Command, Option } from 'commander';
import type { CreateScheduleInput } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { type LocaleOptions, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { readPayload } from './payload.ts';
import { positive } from './runs.ts';
import { attemptOptions, withAttempts } from './schedule_attempts.ts';
import { printCard, scheduleArgument } from './schedule_card.ts';
import { watchingOptions, withWatching } from './schedule_watching.ts';

/** The time zone of this machine, as far as it says. */
export function localTimezone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
}

/** Adds the options that say when: the rule and what belongs to it. */
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
    .option('--timezone <zone>', 'IANA time zone of the rule (default: the zone of this machine)')
    .option('--anchor <instant>', 'what --every counts from, and --rrule without DTSTART (default: now)')
    .option('--starts-at <instant>', 'no fire before')
    .option('--ends-at <instant>', 'no fire after')
    .addOption(
      new Option('--dst-gap <policy>', 'at a time that a clock change leaves out').choices([
        'next',
        'shift',
        'skip',
      ]),
    )
    .addOption(
      new Option('--dst-fold <policy>', 'at a time that a clock change repeats').choices([
        'first',
        'last',
        'both',
      ]),
    );
}

function withDefinition(command: Command): Command {
  return withLocale(withWatching(withAttempts(withRule(command))))
    .option('--task <name>', 'the task that runs')
    .option('--payload <json>', 'what the task is given: JSON, or @file')
    .option('--name <name>', 'what people call it (default: key or task)')
    .option('--key <key>', 'what programs call it; creating it again changes it')
    .option('--description <text>', 'what it is for')
    .option('--max-runs <number>', 'completed after this many runs', positive)
    .option('--jitter <interval>', 'start each run up to this much later')
    .addOption(
      new Option('--catch-up <policy>', 'which missed fires are run').choices([
        'latest',
        'all',
        'earliest',
        'skip',
      ]),
    )
    .option('--catch-up-window <interval>', 'how late a missed fire may still run')
    .addOption(
      new Option('--overlap <policy>', 'while an earlier run is not finished').choices([
        'skip',
        'buffer_one',
        'buffer_all',
        'cancel_other',
        'allow',
      ]),
    )
    .option('--concurrency-key <key>', 'one at a time of all that have this key, or as chime limit says')
    .addOption(
      new Option('--priority <priority>', 'which go first where several wait').choices([
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option('--rules <json>', 'several rules in place of one: [{"cron": "..."}, {"every": "..."}]')
    .option('--only-on <calendars...>', 'fire on the days of these calendars alone')
    .option('--never-on <calendars...>', 'do not fire on the days of these calendars')
    .addOption(
      new Option('--on-excluded <policy>', 'what happens to fires that calendars leave out').choices([
        'skip',
        'next_day',
      ]),
    );
}

interface DefinitionOptions extends Omit<CreateScheduleInput, 'payload' | 'rules'>, LocaleOptions {
  payload?: string;
  rules?: string;
  json?: true;
}

/** The fields of a definition among the options of a command. */
async function definitionOf(options: DefinitionOptions): Promise<Partial<CreateScheduleInput>> {
  const names = [
    'cron',
    'every',
    'at',
    'rrule',
    'timezone',
    'anchor',
    'startsAt',
    'endsAt',
    'dstGap',
    'dstFold',
    'task',
    'name',
    'key',
    'description',
    'maxRuns',
    'jitter',
    'catchUp',
    'catchUpWindow',
    'overlap',
    'concurrencyKey',
    'priority',
    'onlyOn',
    'neverOn',
    'onExcluded',
    ...attemptOptions,
    ...watchingOptions,
  ] as const;
  const given = names.filter((name) => options[name] !== undefined);
  const fields: Record<string, unknown> = Object.fromEntries(given.map((name) => [name, options[name]]));
  if (options.payload !== undefined) fields.payload = await readPayload(options.payload);
  if (options.rules !== undefined) fields.rules = readRules(options.rules);
  return fields as Partial<CreateScheduleInput>;
}

function readRules(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `--rules is not JSON: ${(error as Error).message}`,
      `For example: --rules '[{"cron": "0 9 * * MON-FRI"}, {"cron": "0 11 * * SAT,SUN"}]'`,
    );
  }
}

export function createCommand(): Command {
  return withCommon(withDefinition(new Command('create')))
    .description('create a schedule, or change the one with the same key')
    .addHelpText(
      'after',
      `
Examples:
  chime schedule create --task send_message --payload '{"text": "Good morning"}' --cron "30 8 * * 1-5" --timezone Europe/Berlin
  chime schedule create --task http_request --payload '{"url": "https://example.com/"}' --every "15 minutes" --key ping`,
    )
    .action(async (options: DefinitionOptions, command: Command) => {
      if (options.task === undefined) {
        throw new UsageError(
          '--task is missing.',
          'For example: --task send_message; chime doctor names the tasks that workers have.',
        );
      }
      const input = { timezone: localTimezone(), ...(await definitionOf(options)) } as CreateScheduleInput;
      await withChime(configOf(command), async (chime) => {
        const { id, outcome } = await chime.schedules.create(input);
        const words = { created: 'Created', changed: 'Changed', unchanged: 'Unchanged:' };
        await printCard(chime, await chime.schedules.get(id), words[outcome], options, { outcome });
      });
    });
}

export function updateCommand(): Command {
  return withCommon(withDefinition(new Command('update')))
    .description('change fields of a schedule; the others stay as they are')
    .addArgument(scheduleArgument())
    .action(async (reference: string, options: DefinitionOptions, command: Command) => {
      const patch = await definitionOf(options);
      if (Object.keys(patch).length === 0)
        throw new UsageError('There is nothing to change.', 'Give at least one option; see --help.');
      await withChime(configOf(command), async (chime) => {
        await printCard(chime, await chime.schedules.update(reference, patch), 'Changed', options);
      });
    });
}
