// Webhooks: addresses that runs are posted to.
import { Command } from 'commander';
import type { Webhook } from '../../client/delivery_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon, withSettings } from '../options.ts';
import { json, table } from '../output.ts';

const line = ({ id, url, isSigned }: Webhook) => ({
  webhook: id,
  signed: isSigned ? 'yes' : 'no',
  url: printable(url),
});

export function webhookCommand(): Command {
  return new Command('webhook')
    .description('addresses that runs are posted to: create, list')
    .addCommand(
      withSettings(withCommon(new Command('create')), ['secretKey'])
        .description('make one; give its id to schedules as --channel-mapping')
        .argument('<url>', 'where runs are posted to')
        .option('--secret <secret>', 'what it signs with, whsec_...; a new one by default')
        .option('--unsigned', 'do not sign')
        .option('--description <text>', 'what it is for')
        .action(
          async (
            url: string,
            options: { secret?: string; unsigned?: true; description?: string; json?: true },
            command: Command,
          ) => {
            await withChime(configOf(command), async (chime) => {
              const webhook = await chime.webhooks.create(url, {
                ...(options.unsigned
                  ? { secret: null }
                  : options.secret === undefined
                    ? {}
                    : { secret: options.secret }),
                ...(options.description === undefined ? {} : { description: options.description }),
              });
              if (options.json) process.stdout.write(json(webhook));
              else {
                process.stdout.write(table(['webhook', 'signed', 'url'], [line(webhook)]));
                if (webhook.secret !== null && options.secret === undefined)
                  process.stdout.write(`Its secret, which is shown this once: ${webhook.secret}\n`);
              }
            });
          },
        ),
    )
    .addCommand(
      withCommon(new Command('list'))
        .description('all webhooks')
        .action(async (options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const webhooks = await chime.webhooks.list();
            if (options.json) process.stdout.write(json(webhooks));
            else if (webhooks.length === 0) process.stdout.write('No webhooks.\n');
            else process.stdout.write(table(['webhook', 'signed', 'url'], webhooks.map(line)));
          });
        }),
    );
}
