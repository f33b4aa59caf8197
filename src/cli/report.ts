// What a running pgchime says: to a person on a terminal lines to read, to a program JSON lines. One of the two, never both.
import { Writable } from 'node:stream';
import type { Logger } from '../log.ts';
import { createLogger, maskUrl } from '../log.ts';
import { version } from '../package.ts';
import { printable } from '../printable.ts';
import type { FinishedRun } from '../worker/executor.ts';
import { describeLogLine, LiveLines } from './live_lines.ts';
import { duration, paint } from './output.ts';

/** Where things are, as it is said first. */
export interface Whereabouts {
  databaseUrl: string;
  /** Whether the database is the embedded one. */
  embedded: boolean;
  dataDir?: string;
  httpUrl?: string;
  /** Whether there is the page to write GraphQL on. */
  graphiql?: boolean;
  /** Whether who uses HTTP has to say who they are; otherwise everybody on this machine is the administrator. */
  signedIn?: boolean;
}

/** What is scheduled next, as it is said at the start. */
export interface Upcoming {
  name: string;
  rule: string;
  timezone: string;
  nextRunAt: Date;
}

export interface Reporter {
  /** For the services: warnings and errors reach whoever reads. */
  readonly log: Logger;
  starting(what: string): void;
  started(where: Whereabouts): void;
  upcoming(schedules: Upcoming[], total: number): void;
  example(): void;
  run(finished: FinishedRun): void;
  stopping(running: number): void;
  stopped(): void;
}

/** The reporter for this process: people get lines, pipes and --json get JSON. */
export function createReporter(level: string, asJson: boolean): Reporter {
  return asJson ? new JsonReporter(level) : new TerminalReporter(level);
}

class JsonReporter implements Reporter {
  readonly log: Logger;

  constructor(level: string) {
    // The stream of the process, so that it is noticed when nobody reads it any more.
    this.log = createLogger(level, process.stdout);
  }
  starting(what: string): void {
    this.log.debug({ what }, 'starting');
  }
  started({ databaseUrl, embedded, dataDir, httpUrl, signedIn }: Whereabouts): void {
    this.log.info(
      {
        ...{ version, database: maskUrl(databaseUrl), embedded, data_dir: dataDir, http: httpUrl },
        ...(httpUrl !== undefined && { auth: signedIn ? 'required' : 'none' }),
      },
      'started',
    );
  }
  upcoming(schedules: Upcoming[], total: number): void {
    this.log.info(
      {
        schedules: total,
        next: schedules.map(({ name, nextRunAt }) => ({ schedule: name, next_run_at: nextRunAt })),
      },
      'scheduled',
    );
  }
  example(): void {
    this.log.info(
      { schedule: 'hello' },
      'created the example schedule; remove it with: chime schedule delete hello',
    );
  }
  run({ run, outcome, status, waitMs, retry, retries, durationMs, latenessMs, summary }: FinishedRun): void {
    this.log.info(
      {
        run_id: run.id,
        schedule: run.schedule_name,
        task: run.task,
        status,
        attempt: run.attempt,
        ...(status === 'retrying' && { outcome, wait_ms: waitMs, retry, retries }),
        scheduled_for: run.scheduled_for,
        handler_ms: Number(durationMs.toFixed(3)),
        lateness_ms: latenessMs,
        summary,
      },
      status === 'retrying' ? 'attempt finished' : 'run finished',
    );
  }
  stopping(running: number): void {
    this.log.info({ running }, 'stopping');
  }
  stopped(): void {
    this.log.info('stopped');
  }
}

class TerminalReporter implements Reporter {
  readonly log: Logger;
  readonly #lines = new LiveLines();

  constructor(level: string) {
    // The same logger, its JSON turned into lines; what is not worth a person's attention is left out.
    this.log = createLogger(
      level === 'info' ? 'warn' : level,
      new Writable({
        write: (chunk, _encoding, done) => {
          for (const line of String(chunk).split('\n').filter(Boolean)) print(describeLogLine(line));
          done();
        },
      }),
    );
  }
  starting(what: string): void {
    print(paint('gray', `${what} ...`));
  }
  started({ databaseUrl, embedded, dataDir, httpUrl, graphiql, signedIn }: Whereabouts): void {
    print('');
    print(`${paint('bold', 'pgchime')} ${version}`);
    // The embedded database is the reader's own: with the password the line can be pasted into any client.
    print(`  database  ${embedded ? databaseUrl : maskUrl(databaseUrl)}`);
    if (dataDir !== undefined) print(`  data      ${dataDir}`);
    if (httpUrl !== undefined) {
      print(`  http      ${httpUrl}/api/docs`);
      if (graphiql) print(`  graphql   ${httpUrl}/graphiql`);
      print(
        signedIn
          ? '  access    with a JWT, or an API token: npx chime token create --help'
          : '  access    everybody on this machine is the administrator; CHIME_AUTH=required asks who they are',
      );
    }
    print(paint('gray', '  Another terminal: npx chime psql, npx chime schedule list. Ctrl-C stops.'));
  }
  upcoming(schedules: Upcoming[], total: number): void {
    print('');
    if (total === 0) {
      print('Nothing is scheduled. Create something: npx chime schedule create --help');
      return;
    }
    print(`Next of ${total} active ${total === 1 ? 'schedule' : 'schedules'}:`);
    for (const { name, rule, timezone, nextRunAt } of schedules) {
      const wait = nextRunAt.getTime() - Date.now();
      const when = wait <= 0 ? 'now' : `in ${duration(wait)}`;
      print(`  ${printable(name)}  ${paint('gray', `${rule} in ${timezone}`)}  ${when}`);
    }
    print('');
  }
  example(): void {
    print('');
    print(`There was no schedule, so there is an example now: ${paint('bold', 'hello')}, every 10 seconds.`);
    print('  remove it    npx chime schedule delete hello');
    print(
      `  add another  npx chime schedule create --task send_message --payload '{"text": "Good morning"}' --cron "30 8 * * 1-5"`,
    );
  }
  run(finished: FinishedRun): void {
    print(this.#lines.run(finished));
  }
  stopping(running: number): void {
    const wait =
      running === 0
        ? ''
        : ` after ${running} running ${running === 1 ? 'task' : 'tasks'}; Ctrl-C again does not wait`;
    print(paint('gray', `\nStopping${wait} ...`));
  }
  stopped(): void {
    print(paint('gray', 'Stopped. The data is kept; the next start goes on with it.'));
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
