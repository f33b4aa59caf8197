import { Argument, Command, Option } from 'commander';
import type { ScheduleStatus } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { type LocaleOptions, localeOf, withLocale } from '../locale.ts';
import { configOf, withCommon } from '../options.ts';
import { fireLines, intervalWords, json, paint, paintStatus, relative, ruleOf, table } from '../output.ts';
import { positive, runLine } from './runs.ts';
import { retryWords } from './schedule_attempts.ts';
import { nextFires, scheduleArgument } from './schedule_card.ts';
import { localTimezone, type RuleOptions, ruleInput, withRule } from './schedule_rule.ts';
import { healthWords, keepWords, statsWords } from './schedule_watching.ts';

interface ListOptions {
  status?: ScheduleStatus;
  tag?: string;
  limit: number;
  json?: true;
}

export function listCommand(): Command {
  return withCommon(new Command('list'))
    .description('all schedules, the next to fire first')
    .addOption(
      new Option('--status <status>', 'in this status only').choices([
        'active',
        'paused',
        'completed',
        'cancelled',
      ]),
    )
    .option('--tag <word>', 'with this tag only')
    .option('--limit <number>', 'how many', positive, 100)
    .action(async (options: ListOptions, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const { status, tag, limit } = options;
        const schedules = await chime.schedules.list({
          limit,
          ...(status !== undefined && { status }),
          ...(tag !== undefined && { tag }),
        });
        if (options.json) {
          process.stdout.write(json(schedules));
        } else if (schedules.length === 0) {
          process.stdout.write('No schedules. Create one: chime schedule create --help\n');
        } else {
          const now = new Date();
          const rows = schedules.map((schedule) => ({
            name: schedule.name,
            key: schedule.key ?? '',
            task: schedule.task,
            rule: ruleOf(schedule),
            timezone: schedule.timezone,
            status: schedule.status,
            'next run': schedule.nextRunAt === null ? '' : relative(schedule.nextRunAt, now),
            runs: schedule.runCount,
          }));
          process.stdout.write(table(Object.keys(rows[0] ?? {}), rows));
        }
      });
    });
}

export function showCommand(): Command {
  return withCommon(withLocale(new Command('show')))
    .description('one schedule, its next fires and its latest runs')
    .addArgument(scheduleArgument())
    .action(async (reference: string, options: LocaleOptions & { json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const schedule = await chime.schedules.get(reference);
        const [inWords, fires, runs, stats] = await Promise.all([
          chime.schedules.describe(schedule.id, { locale: localeOf(options) }),
          nextFires(chime, schedule, 3),
          chime.runs.list({ scheduleId: schedule.id, limit: 5 }),
          chime.schedules.stats(schedule.id),
        ]);
        if (options.json) {
          process.stdout.write(json({ schedule, inWords, nextFires: fires, runs, stats }));
          return;
        }
        const line = (label: string, value: unknown) => {
          if (value !== null && value !== '')
            process.stdout.write(`${paint('gray', label.padEnd(13))}${value}\n`);
        };
        line('name', paint('bold', schedule.name));
        line('id', schedule.id);
        line('key', schedule.key);
        line('description', schedule.description);
        line('tags', schedule.tags.map(printable).join(', '));
        line(
          'status',
          `${paintStatus(schedule.status)}${schedule.statusReason === null ? '' : `: ${schedule.statusReason}`}`,
        );
        line('rule', `${ruleOf(schedule)} in ${schedule.timezone}`);
        line('in words', inWords);
        line('task', `${schedule.task} ${JSON.stringify(schedule.payload)}`);
        line(
          'policies',
          `catch_up ${schedule.catchUp} within ${schedule.catchUpWindow}, overlap ${schedule.overlap}, dst_gap ${schedule.dstGap}, dst_fold ${schedule.dstFold}`,
        );
        line('retries', retryWords(schedule));
        line('timeout', intervalWords(schedule.timeout));
        line('concurrency', schedule.concurrencyKey === null ? null : `key ${schedule.concurrencyKey}`);
        line('priority', schedule.priority);
        line('kept', keepWords(schedule));
        line(
          'pause after',
          schedule.pauseAfterFailures && `${schedule.pauseAfterFailures} failures in a row`,
        );
        line(
          'alert after',
          schedule.alertAfterFailures && `${schedule.alertAfterFailures} failures in a row`,
        );
        line(
          'runs',
          schedule.maxRuns === null ? schedule.runCount : `${schedule.runCount} of ${schedule.maxRuns}`,
        );
        line('outcomes', statsWords(stats));
        line('health', healthWords(stats));
        line('revision', schedule.revision);
        process.stdout.write(`\nNext fires:\n${fireLines(fires, schedule.timezone, new Date())}`);
        const rows = runs.map(runLine);
        if (rows.length > 0)
          process.stdout.write(`\nLatest runs:\n${table(Object.keys(rows[0] ?? {}), rows)}`);
      });
    });
}

interface PreviewOptions extends RuleOptions, LocaleOptions {
  count: number;
  after?: string;
  json?: true;
}

export function previewCommand(): Command {
  return withCommon(withLocale(withRule(new Command('preview'))))
    .description('a rule, or that of a stored schedule, in words, and its next fires')
    .addArgument(new Argument('[schedule]', 'id, key or name of a stored schedule'))
    .option('--count <number>', 'how many', positive, 10)
    .option('--after <instant>', 'from when on (default: now)')
    .action(async (reference: string | undefined, options: PreviewOptions, command: Command) => {
      const rule = { timezone: localTimezone(), ...ruleInput(options) };
      const hasRule = [rule.cron, rule.every, rule.at, rule.rrule, rule.rules, rule.repeatInterval].some(
        (each) => each !== undefined,
      );
      if (hasRule === (reference !== undefined)) {
        throw new UsageError(
          'Name a stored schedule, or give a rule.',
          'For example: chime schedule preview --cron "30 2 * * *" --timezone Europe/Berlin',
        );
      }
      const { count, after, overdue } = options;
      const locale = localeOf(options);
      await withChime(configOf(command), async (chime) => {
        const schedule = reference === undefined ? undefined : await chime.schedules.get(reference);
        const timezone = schedule?.timezone ?? rule.timezone;
        const asked = { ...rule, count, ...(after !== undefined && { after }), ...(overdue && { overdue }) };
        const [inWords, fires] =
          schedule === undefined
            ? await Promise.all([chime.describe({ ...rule, locale }), chime.preview(asked)])
            : await Promise.all([
                chime.schedules.describe(schedule.id, { locale }),
                nextFires(chime, schedule, count, after),
              ]);
        if (options.json) process.stdout.write(json({ timezone, inWords, fires }));
        else process.stdout.write(`${inWords}\n${fireLines(fires, timezone, new Date())}`);
      });
    });
}
