// Event handlers: which events run which tasks.
import { Argument, Command } from 'commander';
import type { Chime } from '../../client/chime.ts';
import type { CreateEventHandlerInput, EventHandler } from '../../client/event_types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { intervalWords, json, table } from '../output.ts';
import { readPayload } from './payload.ts';

const handlerArgument = () => new Argument('<handler>', 'id, key or name of an event handler');

const waitOf = ({ delay, debounce }: EventHandler) => {
  if (delay !== null) return `${intervalWords(delay)} later`;
  return debounce === null ? '' : `${intervalWords(debounce)} after the last`;
};

const line = (handler: EventHandler) => ({
  handler: printable(handler.key ?? handler.id),
  event: handler.event,
  filter: handler.filter === null ? '' : printable(JSON.stringify(handler.filter)),
  task: handler.task,
  wait: waitOf(handler),
  enabled: handler.enabled ? 'yes' : 'no',
});

function print(handlers: EventHandler[], asJson: true | undefined): void {
  if (asJson) process.stdout.write(json(handlers));
  else if (handlers.length === 0) process.stdout.write('No event handlers.\n');
  else process.stdout.write(table(Object.keys(line(handlers[0] as EventHandler)), handlers.map(line)));
}

interface CreateOptions extends Omit<CreateEventHandlerInput, 'filter' | 'payload'> {
  filter?: string;
  payload?: string;
  json?: true;
}

function createCommand(): Command {
  return withCommon(new Command('create'))
    .description('run a task for each event of a name')
    .requiredOption('--event <name>', 'the name of its events, the beginning of some (order.*), or * for all')
    .requiredOption('--task <name>', 'the task that runs')
    .option('--filter <json>', 'what the payload of an event has to contain: JSON, or @file')
    .option(
      '--payload <json>',
      'what the task is given: JSON with {{payload.some.path}} and the like, or @file (default: the payload of the event)',
    )
    .option('--delay <interval>', 'run so much later')
    .option('--debounce <interval>', 'run when no further event came for so long')
    .option('--debounce-by <path>', 'for each value of this path by itself, such as payload.order.id')
    .option('--name <name>', 'what people call it (default: key or task)')
    .option('--key <key>', 'what programs call it; creating it again changes it')
    .option('--description <text>', 'what it is for')
    .addHelpText(
      'after',
      `
Example:
  chime handler create --event order.created --task send_message --payload '{"text": "Order {{payload.id}} came"}' --key thanks
  chime event trigger order.created --payload '{"id": 7}'`,
    )
    .action(async (options: CreateOptions, command: Command) => {
      const names = [
        ...(['event', 'task', 'delay', 'debounce', 'debounceBy', 'name', 'key', 'description'] as const),
      ];
      const given = names.filter((name) => options[name] !== undefined);
      const input: Record<string, unknown> = Object.fromEntries(given.map((name) => [name, options[name]]));
      for (const name of ['filter', 'payload'] as const)
        if (options[name] !== undefined) input[name] = await readPayload(options[name], `--${name}`);
      await withChime(configOf(command), async (chime) => {
        const { id, outcome } = await chime.eventHandlers.create(input as unknown as CreateEventHandlerInput);
        const handler = await chime.eventHandlers.get(id);
        if (options.json) process.stdout.write(json({ outcome, handler }));
        else {
          process.stdout.write(`${outcome[0]?.toUpperCase()}${outcome.slice(1)} ${handler.id}\n`);
          print([handler], undefined);
        }
      });
    });
}

/** A command that changes one event handler and prints it. */
function control(
  name: string,
  about: string,
  what: string,
  change: (chime: Chime, reference: string) => Promise<EventHandler>,
): Command {
  return withCommon(new Command(name))
    .description(about)
    .addArgument(handlerArgument())
    .action(async (reference: string, options: { json?: true }, command: Command) => {
      await withChime(configOf(command), async (chime) => {
        const handler = await change(chime, reference);
        process.stdout.write(
          options.json ? json(handler) : `${what} ${printable(handler.key ?? handler.name)}\n`,
        );
      });
    });
}

export function handlerCommand(): Command {
  return new Command('handler')
    .description('which events run which tasks')
    .addCommand(createCommand())
    .addCommand(
      withCommon(new Command('list'))
        .description('all event handlers')
        .action(async (options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) =>
            print(await chime.eventHandlers.list(), options.json),
          );
        }),
    )
    .addCommand(
      control('enable', 'let it answer events again', 'Enabled', (chime, reference) =>
        chime.eventHandlers.enable(reference),
      ),
    )
    .addCommand(
      control('disable', 'keep it from answering events', 'Disabled', (chime, reference) =>
        chime.eventHandlers.disable(reference),
      ),
    )
    .addCommand(
      control('delete', 'remove it; its runs stay readable', 'Deleted', (chime, reference) =>
        chime.eventHandlers.delete(reference),
      ),
    );
}
