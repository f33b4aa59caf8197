// The tasks that a worker has: one file each, those that come with pgchime and those of a directory of the user's own.
import fs from 'node:fs/promises';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { AgentPort } from '../agent.ts';
import type { TaskRegistration } from '../db/calls.ts';
import { InvalidConfigError } from '../errors.ts';
import { packageRoot } from '../package.ts';
import type { Task } from '../task.ts';

const isSource = import.meta.url.endsWith('.ts');
/** The tasks that come with pgchime: sources in a checkout, compiled files in the published package. */
const ownTasks = new URL(isSource ? 'tasks/' : 'dist/tasks/', packageRoot);

let hooked = false;

/** Lets task files import `pgchime`, and `zod` if they have none of their own, wherever their directory is. */
function resolveOwnPackage(): void {
  if (hooked) return;
  hooked = true;
  const index = new URL(isSource ? '../index.ts' : '../index.js', import.meta.url).href;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === 'pgchime') return { url: index, shortCircuit: true };
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (specifier !== 'zod') throw error;
        return nextResolve(specifier, { ...context, parentURL: import.meta.url });
      }
    },
  });
}

/**
 * Loads all tasks.
 * @param directory the user's own task files; undefined for none
 * @throws InvalidConfigError (CH032) naming the file that is wrong
 */
export async function loadTasks(directory: string | undefined): Promise<Map<string, Task>> {
  resolveOwnPackage();
  const tasks = new Map<string, Task>();
  const files = await taskFiles(fileURLToPath(ownTasks));
  if (directory !== undefined) files.push(...(await taskFiles(path.resolve(directory))));
  for (const file of files) {
    const task = await loadTask(file);
    const other = tasks.get(task.name);
    if (other !== undefined) {
      throw new InvalidConfigError(`Two task files define the task "${task.name}"; the second is ${file}.`);
    }
    tasks.set(task.name, task);
  }
  return tasks;
}

async function taskFiles(directory: string): Promise<string[]> {
  const entries = await fs.readdir(directory, { withFileTypes: true }).catch((error: Error) => {
    throw new InvalidConfigError(`The task directory ${directory} cannot be read: ${error.message}`, {
      hint: 'Check CHIME_TASKS_DIR (--tasks-dir).',
      cause: error,
    });
  });
  return entries
    .filter(
      (entry) => entry.isFile() && /\.(ts|mts|js|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts'),
    )
    .map((entry) => path.join(directory, entry.name))
    .sort();
}

async function loadTask(file: string): Promise<Task> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (error) {
    throw new InvalidConfigError(`The task file ${file} cannot be loaded: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const task = module.default as Task | undefined;
  if (typeof task !== 'object' || task === null || task.kind !== 'pgchime.task') {
    throw new InvalidConfigError(`The task file ${file} has no task as its default export.`, {
      hint: "Write: export default defineTask({ name, payload, run }), with defineTask from 'pgchime'.",
    });
  }
  return task;
}

/** @throws InvalidConfigError (CH032) where there are tasks that ask a language model, and nothing that does */
export function checkAgents(tasks: ReadonlyMap<string, Task>, agent: AgentPort | undefined): void {
  if (agent !== undefined) return;
  const agents = [...tasks.values()].filter(
    ({ handlerType, requiresAgent = true }) => handlerType === 'agent' && requiresAgent,
  );
  if (agents.length === 0) return;
  throw new InvalidConfigError(
    `This worker cannot run ${agents.map(({ name }) => `"${name}"`).join(', ')}: a task of the type agent asks a language model, and the worker has no agent port.`,
    {
      hint: 'Configure a model (CHIME_MODEL_PROVIDER), give the worker a port (its option `agent`), or move the task out of the directory of its tasks.',
    },
  );
}

/** What the database is told of a task: enough to refuse a payload that does not fit when it is written. */
export function describeTask(task: Task): TaskRegistration {
  return {
    name: task.name,
    description: task.description ?? null,
    handler_type: task.handlerType ?? 'function',
    steps: task.steps ?? null,
    payload_schema: z.toJSONSchema(task.payload, { io: 'input', unrepresentable: 'any' }),
  };
}
