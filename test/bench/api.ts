// What the API costs: a list in GraphQL and a creation by REST against the same over bare Fastify and pg. Each side is a process of its
// own and so is the load, the sides are asked in turn, and both sides do the same under the same role, in the same kind of transaction.
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { listDocument, listOperation } from './api_list.ts';
import type { Counted, Load } from './api_load.ts';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { fill } from './schedules.ts';

const concurrency = 20;
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const run = promisify(execFile);

interface Side {
  name: string;
  child: ChildProcess;
  url: string;
}

async function start(name: string, side: string, url: string, operations: string): Promise<Side> {
  const child = fork(script('./api_side.ts'), [side, url, operations], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [told] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`The side ${side} ended with ${code}.`))),
  ])) as [{ url: string }];
  return { name, child, url: told.url };
}

/** The processor time that the server has used, and that of its connections in Postgres where the system tells; in milliseconds. */
async function used({ child }: Side, admin: pg.Client): Promise<{ server: number; postgres: number }> {
  child.send('cpu');
  const [{ cpu }] = (await once(child, 'message')) as [{ cpu: number }];
  const { rows } = await admin.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()",
  );
  let ticks = 0;
  for (const { pid } of rows) {
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? Number.NaN) + Number(fields[12] ?? Number.NaN);
  }
  return { server: cpu, postgres: ticks * 10 };
}

interface Measured extends Counted {
  /** Of each request, in microseconds. */
  server: number;
  postgres: number;
}

async function measure(side: Side, admin: pg.Client, load: Omit<Load, 'url'>): Promise<Measured> {
  const before = await used(side, admin);
  const { stdout } = await run(process.execPath, [
    script('./api_load.ts'),
    JSON.stringify({ url: side.url, ...load }),
  ]);
  const after = await used(side, admin);
  const counted = JSON.parse(stdout) as Counted;
  const each = (ms: number) => (ms * 1000) / counted.requests;
  return {
    ...counted,
    server: each(after.server - before.server),
    postgres: each(after.postgres - before.postgres),
  };
}

interface Contender {
  name: string;
  side: Side;
  path: string;
}

/** The contenders in turn, several times; the first is what the others are held against. */
async function compare(
  contenders: Contender[],
  admin: pg.Client,
  { body, rounds, duration }: { body: unknown; rounds: number; duration: number },
): Promise<Record<string, unknown>[]> {
  const found = contenders.map(() => [] as Measured[]);
  for (let round = -1; round < rounds; round++) {
    for (const [index, { side, path: to }] of contenders.entries()) {
      const load = { path: to, body, concurrency, duration: round < 0 ? duration / 2 : duration };
      const measured = await measure(side, admin, load);
      // The first time is for caches to fill and code to be compiled.
      if (round >= 0) found[index]?.push(measured);
    }
  }
  const middle = (index: number, key: keyof Measured) =>
    rounded(median((found[index] ?? []).map((each) => each[key])));
  return contenders.map(({ name }, index) => ({
    side: name,
    'requests/s': middle(index, 'perSecond'),
    'of bare': rounded(middle(index, 'perSecond') / middle(0, 'perSecond')),
    'p50 ms': middle(index, 'p50'),
    'p99 ms': middle(index, 'p99'),
    'server us': middle(index, 'server'),
    'Postgres us': middle(index, 'postgres'),
    'CPU of bare': rounded(
      (middle(0, 'server') + middle(0, 'postgres')) / (middle(index, 'server') + middle(index, 'postgres')),
    ),
  }));
}

/** Schedules of which each has a run that has ended. */
export async function prepare(client: pg.Client): Promise<void> {
  await client.query(
    "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now()) on conflict do nothing",
  );
  await fill(client, 200, "task => 'noop', cron => '0 9 * * MON-FRI', timezone => 'Europe/Berlin'");
  await client.query(`
    with made as (
      insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at, status, created_at,
        started_at, finished_at, attempt, output, output_summary)
      select chime_private.new_id(now()), s.tenant_id, s.id, s.revision, s.task, s.payload, 'manual', now(), now(), 'succeeded', now(),
        now(), now(), 1, 'Sent to 1 recipient, as asked.', 'Sent to 1 recipient, as asked.'
      from chime.schedules s
      returning id, schedule_id)
    update chime.schedules s set last_run_id = m.id from made m where m.schedule_id = s.id`);
  await client.query('vacuum analyze');
}

/** Both sides have to answer the same, byte for byte. */
async function hold(sides: [string, string], body: unknown): Promise<void> {
  const [one, other] = await Promise.all(
    sides.map(async (url) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).text();
    }),
  );
  if (one !== other) throw new Error(`The sides answer differently:\n${one}\n${other}`);
}

export async function api({ database, quick }: Bench): Promise<Result[]> {
  const how = quick ? { rounds: 3, duration: 1000 } : { rounds: 7, duration: 4000 };
  const url = await database();
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  await prepare(admin);
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-operations-'));
  await fs.writeFile(path.join(dir, `${listOperation}.graphql`), listDocument);
  const bare = await start('bare', 'bare', url, dir);
  const ours = await start('pgchime', 'ours', url, dir);
  const list = { id: listOperation };
  const create = {
    ...{ name: 'Morning report', task_type: 'repeated', task: 'noop', payload: { text: 'Good morning' } },
    ...{ repeat_interval: 'custom', cron_expression: '30 8 * * 1-5', timezone: 'Europe/Berlin' },
  };
  try {
    await hold([`${bare.url}/graphql`, `${ours.url}/graphql`], list);
    const undivided = 'Fastify + pg, without role, settings and transaction';
    const lists = await compare(
      [
        { name: 'Fastify + pg, in a transaction as that role', side: bare, path: '/graphql' },
        { name: 'pgchime, GraphQL', side: ours, path: '/graphql' },
        { name: undivided, side: bare, path: '/undivided/graphql' },
      ],
      admin,
      { body: list, ...how },
    );
    const creations = await compare(
      [
        { name: 'Fastify + pg, in a transaction as that role', side: bare, path: '/api/v1/tasks' },
        { name: 'pgchime, REST', side: ours, path: '/api/v1/tasks' },
        { name: undivided, side: bare, path: '/undivided/api/v1/tasks' },
      ],
      admin,
      { body: create, ...how },
    );
    const conditions = `${concurrency} at once, median of ${how.rounds}`;
    return [
      {
        title: `List of 50 schedules with their last run, a persisted operation, ${conditions}`,
        wanted: '0.35 of Fastify + pg or more',
        rows: lists,
      },
      {
        title: `Creating a schedule, ${conditions}`,
        wanted: '0.6 of calling the SQL function over Fastify + pg, or more',
        rows: creations,
      },
    ];
  } finally {
    for (const { child } of [bare, ours]) child.disconnect();
    await admin.end();
    await fs.rm(dir, { recursive: true, force: true });
  }
}
