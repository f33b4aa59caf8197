// The clock as a service: it fires when something is due, is woken early, and gets over what happens to its connections.
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import { Clock } from '../../src/clock/clock.ts';
import type { Tick } from '../../src/db/calls.ts';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';
import { migrate } from '../../src/migrate.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';
import { NetworkProxy } from '../support/proxy.ts';

async function startClock(
  test: Test,
  connectionString: string,
  { longestSleep = 3_600_000, silence = 5_000 } = {},
) {
  const { log, lines } = captureLog();
  const clock = new Clock({ connectionString, log, pollInterval: 50, longestSleep, silence });
  await clock.start();
  test.teardown(() => clock.stop());
  return { clock, lines };
}

/** The first tick that fires something. */
async function fired(clock: Clock): Promise<Tick> {
  for (;;) {
    const [tick] = (await once(clock, 'ticked')) as [Tick];
    if (tick.fired > 0) return tick;
  }
}

const dueIn = (database: TestDatabase, ms: number) =>
  database.row<{ next_run_at: Date }>(
    "select * from chime.create_schedule(task => 'noop', at => chime.now() + $1 * interval '1 millisecond')",
    [ms],
  );

t.test('it fires what is due, and not before', async (test) => {
  const database = await createDatabase(test);
  await dueIn(database, 300);
  const { clock } = await startClock(test, database.url);
  const tick = await fired(clock);
  test.equal(tick.fired, 1);
  test.equal(
    await database.value('select count(*)::integer from chime.runs where created_at < scheduled_for'),
    0,
  );
});

t.test('it is woken when something nearer is written', async (test) => {
  const database = await createDatabase(test);
  const { clock } = await startClock(test, database.url);
  const idle = fired(clock);
  await dueIn(database, 100);
  test.equal((await idle).fired, 1, 'it would have slept for an hour');
  const resumed = await database.value<string>(
    "select id from chime.create_schedule(task => 'noop', every => '1 hour', anchor => chime.now() - interval '59 minutes 59.9 seconds')",
  );
  await database.rows('select chime.pause_schedule($1)', [resumed]);
  const edited = fired(clock);
  await database.rows('select chime.update_schedule($1, $2)', [
    await database.value("select id from chime.create_schedule(task => 'noop', cron => '0 0 1 1 *')"),
    JSON.stringify({ every: '1 second' }),
  ]);
  test.equal((await edited).fired, 1, 'an edit wakes it too');
});

t.test('its connections are killed', async (test) => {
  const database = await createDatabase(test);
  const { clock } = await startClock(test, database.url);
  for (let round = 0; round < 3; round++) {
    await database.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pgchime%'",
    );
    const next = fired(clock);
    await dueIn(database, 50);
    test.equal((await next).fired, 1, `round ${round + 1}`);
  }
});

t.test('its connections fall silent', async (test) => {
  const database = await createDatabase(test);
  const proxy = await NetworkProxy.start(database.url);
  test.teardown(() => proxy.stop());
  const { clock } = await startClock(test, proxy.url, { longestSleep: 100, silence: 300 });
  await once(clock, 'ticked');
  proxy.silent = true;
  await once(clock, 'failed');
  proxy.cut();
  proxy.silent = false;
  const next = fired(clock);
  await dueIn(database, 50);
  test.equal((await next).fired, 1);
});

t.test('behind a pooler without LISTEN it polls, and says so once', async (test) => {
  const database = await createDatabase(test);
  const proxy = await NetworkProxy.start(database.url);
  proxy.swallowNotifications = true;
  test.teardown(() => proxy.stop());
  const { clock, lines } = await startClock(test, proxy.url);
  for (let round = 0; round < 2; round++) {
    const next = fired(clock);
    await dueIn(database, 50);
    test.equal((await next).fired, 1);
  }
  test.equal(
    lines.filter((line) => line.level === 'warn' && /LISTEN does not get through/.test(line.msg)).length,
    1,
  );
});

t.test('the database is restarted, and crashes', async (test) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-clock-'));
  // A crash takes nothing back that was committed: else what was fired just before would be fired again, as it should.
  const settings = { synchronous_commit: 'on' };
  const cluster = await Cluster.start({
    ...{ dir, password: 'test', port: await freePort(), throwAway: true, settings },
  });
  test.teardown(async () => {
    await cluster.stop();
    await fs.rm(dir, { recursive: true, force: true });
  });
  await migrate(cluster.url());
  const { clock, lines } = await startClock(test, cluster.url(), { longestSleep: 200 });
  const query = async (sql: string) => {
    const client = new pg.Client({ connectionString: cluster.url() });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  for (const end of ['stop', 'crash'] as const) {
    const failed = once(clock, 'failed');
    await cluster[end]();
    await failed;
    await cluster.restart();
    const next = fired(clock);
    await query(
      // However long that takes.
      "select * from chime.create_schedule(task => 'noop', every => '1 second', max_runs => 1)",
    );
    test.equal((await next).fired, 1, `after ${end}`);
  }
  test.ok(lines.some((line) => /cannot tick/.test(line.msg)));
  test.ok(lines.some((line) => /ticks again/.test(line.msg)));
});

t.test('two clocks share the work', async (test) => {
  const database = await createDatabase(test);
  const { clock: first } = await startClock(test, database.url);
  const { clock: second } = await startClock(test, database.url);
  const either = Promise.race([fired(first), fired(second)]);
  await dueIn(database, 100);
  test.equal((await either).fired, 1);
  test.equal(await database.value('select count(*)::integer from chime.runs'), 1);
});

t.test('stop is quick, repeatable, and leaves no trace', async (test) => {
  const database = await createDatabase(test);
  const { log } = captureLog();
  const never = new Clock({ connectionString: database.url, log, pollInterval: 50 });
  await never.stop();
  const { clock } = await startClock(test, database.url);
  await once(clock, 'ticked');
  test.equal(await database.value('select count(*)::integer from chime_private.clocks'), 1);
  await Promise.all([clock.stop(), clock.stop()]);
  await clock.stop();
  test.equal(await database.value('select count(*)::integer from chime_private.clocks'), 0);
});
