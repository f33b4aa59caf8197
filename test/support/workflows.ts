// Workflows, their steps started and ended by hand.
import { randomUUID } from 'node:crypto';
import { attemptsOf, type Ending } from './attempts.ts';
import type { TestDatabase } from './database.ts';

export interface StepRow {
  id: string;
  step: number;
  task: string;
  status: string;
  payload: unknown;
  [column: string]: unknown;
}

/** Shorthand for one database. */
export function workflowsOf(database: TestDatabase) {
  const { attempt, start, register } = attemptsOf(database);
  const steps = (parent: string) =>
    database.rows<StepRow>('select * from chime.runs where parent_run_id = $1 order by step', [parent]);
  const open = async (parent: string) => {
    const step = (await steps(parent)).find((each) => each.finished_at === null);
    if (step === undefined) throw new Error(`The workflow ${parent} has no open step.`);
    return step;
  };
  return {
    steps,
    open,
    /** Says that workers have a workflow of these steps; each step's task is `noop` if it names none. */
    define: async (name: string, definitions: Record<string, unknown>[]) => {
      await database.rows("select chime_private.register_worker($1, 'w', 'p', $2)", [
        randomUUID(),
        JSON.stringify([
          { name: 'noop' },
          {
            name,
            handler_type: 'workflow',
            steps: definitions.map((step, index) => ({ name: `s${index + 1}`, task: 'noop', ...step })),
          },
        ]),
      ]);
      return name;
    },
    /** Starts a run of a workflow, as a worker that was woken does; answers its id. */
    begin: async (task: string, payload: unknown = {}, policy = '') => {
      const { id: schedule } = await database.row<{ id: string }>(
        `select id from chime.create_schedule(task => $1, payload => $2, cron => '0 0 1 1 *', overlap => 'allow'${policy && `, ${policy}`})`,
        [task, JSON.stringify(payload)],
      );
      const id = await database.value<string>('select (chime.run_now($1)).id', [schedule]);
      const started = await start(await register(), [id]);
      if (started.length > 0) throw new Error('A workflow is not given to a worker.');
      return id;
    },
    /** Starts the open step of a workflow and ends it; answers what became of it. */
    end: async (parent: string, ending: Ending = {}) => attempt((await open(parent)).id, ending),
  };
}
