// The tasks that a program knows: what they take and what they answer, for the compiler, and a look at payloads before they travel.
import type { z } from 'zod';
import type { Answer, Done } from '../answer.ts';
import { InvalidArgumentError, InvalidConfigError, InvalidPayloadError } from '../errors.ts';
import type { Task } from '../task.ts';

/** Tasks that a program knows: a list of what `defineTask` made, or an object with it. */
export type Tasks = readonly Task[] | Readonly<Record<string, Task>>;

type Member<T extends Tasks> = T extends readonly Task[] ? T[number] : T[keyof T & string];

/** The names of tasks; any text where it is not known which there are. */
export type TaskNames<T extends Tasks> = (Member<T> & Task)['name'];

/** A task, by its definition or by its name. */
export type TaskReference<T extends Tasks> = Task | TaskNames<T>;

/** The definition that a reference leads to. */
export type Referred<K, T extends Tasks> = K extends Task ? K : Extract<Member<T>, { name: K }>;

/** What a task takes; unknown where its definition is. */
export type PayloadOf<D> = [D] extends [never] ? unknown : D extends Task<infer S> ? z.input<S> : unknown;

/** `payload`, which may be left out where `{}` will do. */
export type PayloadField<P> = unknown extends P
  ? { payload?: unknown }
  : Record<never, never> extends P
    ? { payload?: P }
    : { payload: P };

/** A value as it is read again: what JSON makes of it. */
export type Stored<T> = unknown extends T
  ? unknown
  : T extends string | number | boolean | null
    ? T
    : T extends { toJSON(): infer J }
      ? Stored<J>
      : T extends undefined | symbol | ((...args: never[]) => unknown)
        ? null
        : T extends readonly (infer E)[]
          ? Stored<E>[]
          : { [K in keyof T]: Stored<T[K]> };

/** `result` of a run whose handler returned this; text is the output of the run, and no result. */
type Kept<R> = unknown extends R
  ? unknown
  : R extends Done<infer V>
    ? Kept<V>
    : R extends Answer | string | undefined
      ? null
      : // biome-ignore lint/suspicious/noConfusingVoidType: what a handler returns that returns nothing
        [R] extends [void]
        ? null
        : Stored<R>;

/** `result` of the runs of a task, as JSON; null where there is none. */
export type ResultOf<D> = [D] extends [never]
  ? unknown
  : D extends Task<z.ZodType, infer R>
    ? Kept<Awaited<R>>
    : unknown;

/**
 * Tasks by their names.
 * @throws InvalidConfigError (CH032) where two have the same, or one is none
 */
export function byName(tasks: Tasks): Map<string, Task> {
  const all = new Map<string, Task>();
  for (const task of Object.values(tasks) as Task[]) {
    if (task?.kind !== 'pgchime.task')
      throw new InvalidConfigError('`tasks` has something in it that is no task.', {
        hint: 'Give what defineTask or defineWorkflow made.',
      });
    if (all.has(task.name))
      throw new InvalidConfigError(`Two of the tasks are called "${task.name}".`, {
        hint: 'Give one of them another name: schedules know tasks by their names.',
      });
    all.set(task.name, task);
  }
  return all;
}

/** The name of a task that somebody refers to. */
export function nameOf(reference: Task | string): string {
  const name = typeof reference === 'string' ? reference : reference?.name;
  if (typeof name !== 'string')
    throw new InvalidArgumentError('This is no task.', { hint: 'Give what defineTask made, or a name.' });
  return name;
}

/**
 * Refuses what the handler of a task would refuse: the payload as it will be stored, read with the task's own schema.
 * @throws InvalidPayloadError (CH006), whose `detail` has the `path` of the first fault, and all `issues`
 */
export async function checkPayload(task: Task, payload: unknown): Promise<void> {
  const read = await task.payload.safeParseAsync(stored(task, payload));
  if (read.success) return;
  const issues = read.error.issues.map(({ path, message }) => ({
    path: ['payload', ...path.map(String)].join('.'),
    message,
  }));
  throw new InvalidPayloadError(
    `The payload does not fit the task "${task.name}": ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}.`,
    {
      hint: 'See the schema of its definition.',
      detail: { task: task.name, path: issues[0]?.path, issues },
    },
  );
}

function stored(task: Task, payload: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(payload === undefined ? {} : payload)) as unknown;
  } catch (error) {
    throw new InvalidPayloadError(
      `The payload for the task "${task.name}" is no JSON: ${(error as Error).message}.`,
      { detail: { task: task.name, path: 'payload' }, cause: error },
    );
  }
}
