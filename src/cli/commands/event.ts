// Events: raising them by hand, and reading those that were raised.
import { Command } from 'commander';
import type { ChimeEvent } from '../../client/event_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';
import { readPayload } from './payload.ts';
import { positive } from './runs.ts';

const line = (event: ChimeEvent) => {
  const payload = JSON.stringify(event.payload);
  return {
    event: event.id,
    name: event.name,
    at: event.createdAt.toISOString(),
    handlers: event.handlerCount,
    by: printable(event.actor),
    payload: printable(payload.length > 60 ? `${payload.slice(0, 59)}…` : payload),
  };
};

/** A payload as it is typed, where only an object will do. */
async function readObject(argument: string): Promise<Record<string, unknown>> {
  const payload = await readPayload(argument);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload))
    throw new UsageError('The payload of an event is a JSON object.', `For example: --payload '{"id": 7}'`);
  return payload as Record<string, unknown>;
}

export function eventCommand(): Command {
  return new Command('event')
    .description('say that something happened, and read what was said')
    .addCommand(
      withCommon(new Command('trigger'))
        .description('raise an event: its handlers run')
        .argument('<name>', 'such as order.created')
        .option('--payload <json>', 'a JSON object, or @file', '{}')
        .action(async (name: string, options: { payload: string; json?: true }, command: Command) => {
          const payload = await readObject(options.payload);
          await withChime(configOf(command), async (chime) => {
            const event = await chime.events.trigger(name, payload);
            const count = event.handlerCount;
            process.stdout.write(
              options.json
                ? json({ event })
                : `Raised ${event.name}: ${count} ${count === 1 ? 'handler' : 'handlers'}\n`,
            );
          });
        }),
    )
    .addCommand(
      withCommon(new Command('list'))
        .description('the latest events')
        .option('--name <name>', 'of this name only, or of all that begin so (order.*)')
        .option('--limit <number>', 'how many', positive, 20)
        .action(async (options: { name?: string; limit: number; json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const { name, limit } = options;
            const events = await chime.events.list({ limit, ...(name !== undefined && { name }) });
            if (options.json) process.stdout.write(json(events));
            else if (events.length === 0) process.stdout.write('No events.\n');
            else process.stdout.write(table(Object.keys(line(events[0] as ChimeEvent)), events.map(line)));
          });
        }),
    );
}
