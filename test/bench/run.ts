// npm run bench [names] [--json] [--quick]: what pgchime costs, measured here and now. Ratios are of two sides that ran in turn in
// this same run, on the same database, with the same number of processes. Nothing here is asserted.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';
import { migrate } from '../../src/migrate.ts';
import { formatTable } from '../../src/table.ts';
import { api } from './api.ts';
import { checkIns } from './check_ins.ts';
import { endToEnd } from './end_to_end.ts';
import { history } from './history.ts';
import { lateness } from './lateness.ts';
import { live } from './live.ts';
import { million } from './million.ts';
import { nextFire } from './next_fire.ts';
import { nextRecurrence } from './next_recurrence.ts';
import { phraseAnswers } from './phrases.ts';
import { refusals } from './refusals.ts';
import { ticks } from './tick.ts';
import { worstRules } from './worst_rules.ts';

/** What a benchmark is given. */
export interface Bench {
  /** A fresh, migrated database. */
  database(): Promise<string>;
  /** Smaller numbers, to see that it works. */
  quick: boolean;
}

/** Rows of one table of results, and what is wanted of them. */
export interface Result {
  title: string;
  wanted: string;
  rows: Record<string, unknown>[];
}

const benches: Record<string, (bench: Bench) => Promise<Result[]>> = {
  'next-fire': nextFire,
  'worst-rules': worstRules,
  refusals,
  'next-recurrence': nextRecurrence,
  tick: ticks,
  'end-to-end': endToEnd,
  lateness,
  live,
  million,
  'check-ins': checkIns,
  history,
  api,
  phrases: phraseAnswers,
};

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  process.stderr.write(
    `There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.\n`,
  );
  process.exit(2);
}

const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-bench-'));
// As `chime start` runs it, everything forced to disk; more memory, because a million schedules are more than an example.
const cluster = await Cluster.start({
  dir,
  password: 'bench',
  port: await freePort(),
  settings: { max_connections: 100, shared_buffers: '4GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
});
let count = 0;
const bench: Bench = {
  quick: args.includes('--quick'),
  async database() {
    const name = `bench_${++count}`;
    const client = new pg.Client({ connectionString: cluster.url() });
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    await migrate(cluster.url(name));
    return cluster.url(name);
  },
};

const results: Record<string, Result[]> = {};
try {
  for (const [name, measure] of Object.entries(benches)) {
    if (names.length > 0 && !names.includes(name)) continue;
    results[name] = await measure(bench);
    if (args.includes('--json')) continue;
    for (const { title, wanted, rows } of results[name]) {
      process.stdout.write(`\n${title}\n${formatTable(Object.keys(rows[0] ?? {}), rows)}wanted: ${wanted}\n`);
    }
  }
} finally {
  await cluster.stop();
  await fs.rm(dir, { recursive: true, force: true });
}
if (args.includes('--json')) {
  const machine = {
    cores: os.availableParallelism(),
    cpu: os.cpus()[0]?.model,
    node: process.versions.node,
    postgres: '18',
  };
  process.stdout.write(`${JSON.stringify({ machine, quick: bench.quick, results }, null, 2)}\n`);
}
