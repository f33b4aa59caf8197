// All services in one process, as `chime start` runs them.
import pg from 'pg';
import { healthOf } from '../api/health.ts';
import { Chime } from '../client/chime.ts';
import type { Config } from '../config.ts';
import type { Embedded } from '../db/embedded/open.ts';
import type { Logger } from '../log.ts';
import { migrate } from '../migrate.ts';
import type { Service } from '../service.ts';
import { ruleOf } from './output.ts';
import { runProcess } from './process.ts';
import type { Reporter } from './report.ts';
import { makeClock } from './services/clock.ts';
import { makeSender } from './services/sender.ts';
import { makeServer } from './services/server.ts';
import { makeWorker } from './services/worker.ts';
import type { Shutdown } from './shutdown.ts';

/** Migrates the database, and serves until it shall stop. */
export async function runEverything(
  config: Config,
  reporter: Reporter,
  shutdown: Shutdown,
  url: string,
  embedded: Embedded | undefined,
): Promise<void> {
  if (shutdown.asked.aborted) return;
  reporter.starting('Migrating the database');
  await shutdown.unlessAsked(migrate(url));
  if (!shutdown.asked.aborted) await run(config, reporter, shutdown, url, embedded);
}

async function run(
  config: Config,
  reporter: Reporter,
  shutdown: Shutdown,
  url: string,
  embedded: Embedded | undefined,
): Promise<void> {
  const { log } = reporter;
  const clock = makeClock(config, url, log);
  const worker = await makeWorker(config, url, log);
  const sender = makeSender(config, url, log);
  const bot = await makeBot(config, url, log);
  let lastTick: Date | undefined;
  clock.on('ticked', (tick) => {
    lastTick = tick.now;
  });
  worker.on('finished', (finished) => reporter.run(finished));
  const server = makeServer(config, url, log, () => ({
    status: healthOf({ stopping: shutdown.asked.aborted, clockSilentMs: clock.silentMs }),
    last_tick: lastTick,
    running: worker.running,
  }));
  // The port before the work: where it is taken, nothing has been claimed or fired. The clock last: what it fires finds a worker.
  const announce: Service = {
    name: 'announcement',
    async start() {
      reporter.started({
        databaseUrl: url,
        embedded: embedded !== undefined,
        httpUrl: server.url,
        graphiql: config.graphiql,
        signedIn: server.asksWho,
        ...(embedded === undefined ? {} : { dataDir: embedded.dir }),
      });
      await withLibrary(url, async (chime, pool) => {
        if (embedded !== undefined && config.example && (await createExample(chime, pool)))
          reporter.example();
        await announceUpcoming(chime, pool, reporter);
      });
    },
    async stop() {},
  };
  await runProcess({
    reporter,
    shutdown,
    services: [server, sender, worker, ...(bot === undefined ? [] : [bot]), announce, clock],
    worker,
    onStarted: () => {},
  });
}

/** Most processes have no bot, and need not load how one talks. */
async function makeBot(config: Config, url: string, log: Logger): Promise<Service | undefined> {
  if (!config.bot || config.telegramToken === undefined) return undefined;
  return (await import('./services/bot.ts')).makeBot(config, url, log);
}

async function withLibrary(url: string, work: (chime: Chime, pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1, application_name: 'pgchime start' });
  pool.on('error', () => {});
  try {
    await work(new Chime(pool, async () => {}, { signature: { surface: 'cli' } }), pool);
  } finally {
    await pool.end();
  }
}

/** On a database that never had a schedule; false on any other. */
async function createExample(chime: Chime, pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ empty: boolean }>(
    'select not exists (select from chime.schedules) as empty',
  );
  if (!rows[0]?.empty) return false;
  await chime.schedules.create({
    key: 'hello',
    task: 'send_message',
    payload: { text: 'Hello from pgchime, scheduled for {{run.local_time}}' },
    description: 'An example; delete it when you like.',
    every: '10 seconds',
    // Its first fire is its anchor: in a moment, and not only after the first interval.
    anchor: new Date(Date.now() + 2000),
  });
  return true;
}

async function announceUpcoming(chime: Chime, pool: pg.Pool, reporter: Reporter): Promise<void> {
  const { rows } = await pool.query<{ count: number }>(
    "select count(*)::integer from chime.schedules where status = 'active'",
  );
  const next = await chime.schedules.list({ status: 'active', limit: 5 });
  reporter.upcoming(
    next.flatMap((schedule) =>
      schedule.nextRunAt === null
        ? []
        : [
            {
              name: schedule.name,
              rule: ruleOf(schedule),
              timezone: schedule.timezone,
              nextRunAt: schedule.nextRunAt,
            },
          ],
    ),
    rows[0]?.count ?? 0,
  );
}
