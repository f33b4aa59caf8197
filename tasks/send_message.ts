import { z } from 'zod';
import { defineTask, type RunInfo } from '../src/task.ts';

/** What {{run...}} and {{schedule...}} may name. */
function runFields(run: RunInfo): Record<string, unknown> {
  return {
    'run.id': run.id,
    'run.scheduled_for': run.scheduledFor.toISOString(),
    'run.local_time': run.localTime,
    'run.attempt': run.attempt,
    'run.trigger': run.trigger,
    'run.timezone': run.timezone,
    'run.next_fire_at': run.nextFireAt?.toISOString() ?? '',
    'schedule.id': run.schedule?.id ?? '',
    'schedule.key': run.schedule?.key ?? '',
    'schedule.name': run.schedule?.name ?? '',
  };
}

function lookUp(path: string, payload: Record<string, unknown>, fields: Record<string, unknown>): unknown {
  if (Object.hasOwn(fields, path)) return fields[path];
  let value: unknown = payload;
  for (const step of path.replace(/^payload\./, '').split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

export default defineTask({
  name: 'send_message',
  description:
    'Produces a text; {{placeholders}} in it are filled from the payload, the run and its schedule.',
  payload: z.looseObject({ text: z.string().min(1).max(100_000) }),
  run({ payload, run }) {
    const fields = runFields(run);
    return payload.text.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (placeholder, path: string) => {
      const value = lookUp(path, payload, fields);
      if (value === undefined) {
        throw new Error(
          `The text has ${placeholder}, but the payload has no such field. Fields of the run: ${Object.keys(fields).join(', ')}.`,
        );
      }
      return typeof value === 'string' ? value : JSON.stringify(value);
    });
  },
});
