// Deliveries: what was sent to whom, and what was not; sending it once more.
import { Command, Option } from 'commander';
import type { Delivery, DeliveryStatus } from '../../client/delivery_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { positive } from './runs.ts';

const statuses = ['pending', 'sending', 'sent', 'failed', 'unknown', 'skipped'];

const line = (delivery: Delivery) => ({
  delivery: delivery.id,
  run: delivery.runId,
  channel: delivery.channelId,
  status: delivery.status,
  tries: delivery.attempt,
  at: (delivery.finishedAt ?? delivery.dueAt ?? delivery.createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
  'sent as, or why not': printable(
    (delivery.externalId ?? delivery.skipReason ?? delivery.failureReason ?? '').slice(0, 60),
  ),
});

export function deliveriesCommand(): Command {
  return new Command('deliveries')
    .description('what was sent to whom, and what was not: list, retry')
    .addCommand(
      withCommon(new Command('list'))
        .description('the latest deliveries')
        .addOption(new Option('--status <status>', 'in this status only').choices(statuses))
        .option('--schedule <schedule>', 'of this schedule only: id, key or name')
        .option('--limit <number>', 'how many', positive, 20)
        .action(
          async (
            options: { status?: DeliveryStatus; schedule?: string; limit: number; json?: true },
            command: Command,
          ) => {
            await withChime(configOf(command), async (chime) => {
              const { status, schedule, limit } = options;
              const deliveries = await chime.deliveries.list({
                limit,
                ...(status === undefined ? {} : { status }),
                ...(schedule === undefined ? {} : { scheduleId: (await chime.schedules.get(schedule)).id }),
              });
              if (options.json) process.stdout.write(json(deliveries));
              else if (deliveries.length === 0) process.stdout.write('No deliveries.\n');
              else
                process.stdout.write(
                  table(Object.keys(line(deliveries[0] as Delivery)), deliveries.map(line)),
                );
            });
          },
        ),
    )
    .addCommand(
      withCommon(new Command('retry'))
        .description(
          'send at once what failed, was skipped, waits, or may not have arrived; its run is not repeated',
        )
        .argument('<delivery>', 'its id')
        .action(async (id: string, options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const delivery = await chime.deliveries.retry(id);
            process.stdout.write(
              options.json ? json(delivery) : table(Object.keys(line(delivery)), [line(delivery)]),
            );
          });
        }),
    );
}
