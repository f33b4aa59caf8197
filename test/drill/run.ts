// npm run drill [minutes] [--json] [--schedules n]: clocks and workers as processes, under load, while they are killed, frozen, cut off
// and their database is crashed. At the end the database alone is asked whether every fire is accounted for, exactly once.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';
import { migrate } from '../../src/migrate.ts';
import { formatTable } from '../../src/table.ts';
import { NetworkProxy } from '../support/proxy.ts';
import { type Scene, wreak } from './faults.ts';
import { createSchedules, prepare } from './load.ts';
import { Supervised } from './processes.ts';
import { type Check, type Figures, figures, prove } from './proof.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, schedules: { type: 'string', default: '72' } },
});
const minutes = Number(positionals[0] ?? 5);
if (!(minutes > 0)) {
  process.stderr.write(
    'npm run drill [minutes] [--schedules n] [--json]: minutes must be a number above 0.\n',
  );
  process.exit(2);
}
const say = (text: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);

/** A client that survives the crashes of its database. */
async function connect(url: string): Promise<pg.Client> {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (tries > 300) throw error;
      await sleep(100);
    }
  }
}

async function persistently<T>(url: string, call: (client: pg.Client) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    const client = await connect(url);
    try {
      return await call(client);
    } catch (error) {
      if (tries > 100 || !/terminat|shutting|recovery|ECONN|starting up/i.test(String(error))) throw error;
      await sleep(100);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function startProcesses(url: string, proxied: string, dir: string): Pick<Scene, 'clocks' | 'workers'> {
  const base = { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', DRILL_URL: url };
  const tasks = fileURLToPath(new URL('tasks', import.meta.url));
  const worker = {
    ...base,
    DATABASE_URL: proxied,
    CHIME_TASKS_DIR: tasks,
    CHIME_CONCURRENCY: '34',
    CHIME_SHUTDOWN_TIMEOUT: '1000',
  };
  return {
    clocks: ['clock-1', 'clock-2'].map(
      (name) => new Supervised('clock', name, { dir, env: { ...base, DATABASE_URL: url } }),
    ),
    workers: ['worker-1', 'worker-2', 'worker-3'].map(
      (name) => new Supervised('worker', name, { dir, env: worker }),
    ),
  };
}

/** No more fires, and time for what has begun to end: leases run out, retries come due. */
async function settle(scene: Scene): Promise<void> {
  await scene.query(
    "select chime.pause_schedule(s.id, 'The drill is over.') from chime.schedules s where s.status = 'active'",
  );
  const deadline = performance.now() + 180_000;
  while (performance.now() < deadline) {
    const { rows } = await scene.query(
      `select (select count(*) from chime.runs where finished_at is null)
         + (select count(*) from graphile_worker._private_jobs) as left`,
    );
    if (rows[0]?.left === '0') return;
    await sleep(500);
  }
}

async function drill(
  dir: string,
): Promise<{ figures: Figures; checks: Check[]; faults: Map<string, number>; restarts: number }> {
  const cluster = await Cluster.start({
    dir,
    password: 'drill',
    port: await freePort(),
    settings: { max_connections: 150 },
  });
  const url = cluster.url('drill');
  const proxy = await NetworkProxy.start(url);
  let scene: Scene | undefined;
  try {
    await persistently(cluster.url(), (client) => client.query('create database drill'));
    await migrate(url);
    const query = (sql: string, args: unknown[] = []) =>
      persistently(url, (client) => client.query(sql, args));
    await persistently(url, prepare);
    scene = { cluster, proxy, query, ...startProcesses(url, proxy.url, dir) };
    while ((await query('select from chime.tasks')).rowCount === 0) await sleep(200);
    await persistently(url, (client) => createSchedules(client, Number(values.schedules)));
    say(`${values.schedules} schedules fire; faults for ${minutes} minutes`);
    const until = performance.now() + minutes * 60_000;
    const counts = await wreak(scene, until, say);
    say('no more faults; waiting for the last runs');
    await settle(scene);
    for (const each of scene.workers) await each.stop();
    // A clock buries the workers that were killed last.
    for (let tries = 0; tries < 120; tries++) {
      if ((await query('select from chime_private.workers where stopped_at is null')).rowCount === 0) break;
      await sleep(500);
    }
    for (const each of scene.clocks) await each.stop();
    const restarts = [...scene.clocks, ...scene.workers].reduce((sum, each) => sum + each.restarts, 0);
    return {
      faults: counts,
      restarts,
      figures: await persistently(url, figures),
      checks: await persistently(url, prove),
    };
  } finally {
    for (const each of [...(scene?.workers ?? []), ...(scene?.clocks ?? [])]) await each.stop();
    await proxy.stop();
    await cluster.stop();
  }
}

const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-drill-'));
const result = await drill(dir);
const passed = result.checks.every(({ ok }) => ok);
if (values.json) {
  const { faults, ...rest } = result;
  process.stdout.write(
    `${JSON.stringify({ minutes, passed, faults: Object.fromEntries(faults), ...rest }, null, 2)}\n`,
  );
} else {
  const rows = (record: object) => Object.entries(record).map(([figure, value]) => ({ figure, value }));
  process.stdout.write(
    `\n${formatTable(
      ['fault', 'times'],
      [...result.faults].map(([fault, times]) => ({ fault, times })),
    )}\n` +
      `${formatTable(['figure', 'value'], rows({ ...result.figures, 'processes started again': result.restarts }))}\n` +
      `${formatTable(['check', 'found', 'wanted', 'ok'], result.checks as unknown as Record<string, unknown>[])}\n` +
      `${passed ? 'Every fire is accounted for exactly once.' : `Something is wrong; the logs are in ${dir}.`}\n`,
  );
}
if (passed) await fs.rm(dir, { recursive: true, force: true });
process.exitCode = passed ? 0 : 1;
