// The options of a schedule that say how often its runs are tried, and how long a try may take.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Schedule } from '../../client/types.ts';
import { intervalWords } from '../output.ts';

/** Their names, as CreateScheduleInput has them. */
export const attemptOptions = [
  'maxRetries',
  'retryDelay',
  'retryBackoff',
  'retryMaxDelay',
  'timeout',
] as const;

/** A whole number from 0 on, for options. */
function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A whole number from 0 on is needed.');
  return Number(text);
}

export function withAttempts(command: Command): Command {
  return command
    .option('--max-retries <number>', 'how often a run that failed is tried again (3)', wholeNumber)
    .option('--retry-delay <interval>', 'how long it waits before the first retry ("1 minute")')
    .addOption(
      new Option('--retry-backoff <policy>', 'how the wait grows with each retry (exponential)').choices([
        'constant',
        'linear',
        'exponential',
      ]),
    )
    .option('--retry-max-delay <interval>', 'the longest wait before a retry ("1 hour")')
    .option('--timeout <interval>', 'how long an attempt may take ("5 minutes")');
}

/** How often its runs are tried again, and when: `3, after 1 minute, exponential up to 1 hour`. */
export function retryWords({ maxRetries, retryDelay, retryBackoff, retryMaxDelay }: Schedule): string {
  if (maxRetries === 0) return 'none';
  const most = retryBackoff === 'constant' ? '' : ` up to ${intervalWords(retryMaxDelay)}`;
  return `${maxRetries}, after ${intervalWords(retryDelay)}, ${retryBackoff}${most}`;
}
