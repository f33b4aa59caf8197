import { Command, Option } from 'commander';
import type { CreateScheduleInput, RuleInput } from '../../client/types.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { type LocaleOptions, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { readPayload } from './payload.ts';
import { positive } from './runs.ts';
import { attemptOptions, withAttempts } from './schedule_attempts.ts';
import { printCard, scheduleArgument } from './schedule_card.ts';
import { localTimezone, type RuleOptions, ruleInput, withRule } from './schedule_rule.ts';
import { watchingOptions, withWatching } from './schedule_watching.ts';

/** Collects what an option is given each time. */
const addTag = (tag: string, others: string[] = []): string[] => [...others, tag];

function withDefinition(command: Command): Command {
  return withLocale(withWatching(withAttempts(withRule(command))))
    .option('--task <name>', 'the task that runs')
    .option('--payload <json>', 'what the task is given: JSON, or @file')
    .option('--name <name>', 'what people call it (default: key or task)')
    .option('--key <key>', 'what programs call it; creating it again changes it')
    .option('--description <text>', 'what it is for')
    .option('--tag <word>', 'a word to find it by; may be given several times', addTag)
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
    );
}

interface DefinitionOptions
  extends Omit<CreateScheduleInput, keyof RuleInput | 'payload' | 'tags'>,
    RuleOptions,
    LocaleOptions {
  payload?: string;
  tag?: string[];
  json?: true;
}

const names = [
  'task',
  'name',
  'key',
  'description',
  'maxRuns',
  'jitter',
  'catchUp',
  'catchUpWindow',
  'overlap',
  'overdue',
  'concurrencyKey',
  'priority',
  ...attemptOptions,
  ...watchingOptions,
] as const;

/** The fields of a definition among the options of a command. */
async function definitionOf(options: DefinitionOptions): Promise<Partial<CreateScheduleInput>> {
  const given = names.filter((name) => options[name] !== undefined);
  return {
    ...ruleInput(options),
    ...Object.fromEntries(given.map((name) => [name, options[name]])),
    ...(options.tag !== undefined && { tags: options.tag }),
    ...(options.payload !== undefined && { payload: await readPayload(options.payload) }),
  };
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
