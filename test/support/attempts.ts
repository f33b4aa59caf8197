// A worker made of the SQL calls of one, so that a test can have any attempt end in any way, at any instant.
import { randomUUID } from 'node:crypto';
import type { Finish } from '../../src/db/finish_calls.ts';
import type { TestDatabase } from './database.ts';

export interface Ended {
  id: string;
  status: string;
  wait_ms: number | null;
  retry: number | null;
  retries: number | null;
}

/** How an attempt ends; what is left out is null. */
export type Ending = Partial<Omit<Finish, 'runId' | 'attempt' | 'waitMs'>> & { wait?: string };

/** Shorthand for one database. */
export function attemptsOf(database: TestDatabase) {
  const finish = (endings: (Ending & { id: string; attempt: number })[]): Promise<Ended[]> =>
    database.rows<Ended>('select * from chime_private.finish_runs($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
      endings.map((e) => e.id),
      endings.map((e) => e.attempt),
      endings.map((e) => e.outcome ?? 'succeeded'),
      endings.map((e) => e.output ?? null),
      endings.map((e) => e.result ?? null),
      endings.map((e) => e.error ?? null),
      endings.map((e) => e.stack ?? null),
      endings.map((e) => e.reason ?? null),
      endings.map((e) => e.wait ?? null),
    ]);
  const start = (worker: string, ids: string[]) =>
    database.rows<{ id: string; attempt: number }>('select * from chime_private.start_runs($1, $2, false)', [
      worker,
      ids,
    ]);
  const register = async (tasks: string[] = ['noop']) => {
    const id = randomUUID();
    await database.rows("select chime_private.register_worker($1, 'test', $2, $3)", [
      id,
      `pool-${id}`,
      JSON.stringify(tasks.map((name) => ({ name }))),
    ]);
    return id;
  };
  return {
    /** Runs a schedule once; answers the id of the run. */
    queue: (schedule: string) => database.value<string>('select (chime.run_now($1)).id', [schedule]),
    finish,
    start,
    /** A worker whose lease has just begun. */
    register,
    run: (id: string) => database.row('select * from chime.runs where id = $1', [id]),
    /** The attempts of a run that are on record, in order. */
    recorded: (id: string) =>
      database.rows('select * from chime.run_attempts where run_id = $1 order by attempt', [id]),
    /** Starts a queued run, by a worker of its own, and ends it; answers what became of it. */
    async attempt(id: string, ending: Ending = {}): Promise<Ended> {
      const worker = await register();
      const [started] = await start(worker, [id]);
      if (started === undefined) throw new Error(`The run ${id} did not start.`);
      const [ended] = await finish([{ id, attempt: started.attempt, ...ending }]);
      if (ended === undefined) throw new Error(`The end of the run ${id} was not recorded.`);
      await database.rows('select chime_private.stop_worker($1)', [worker]);
      return ended;
    },
  };
}
