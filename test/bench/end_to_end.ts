// From a queue of no-op work to the last recorded end: pgchime with its full history against graphile-worker alone, and against
// pg-boss with its own history, each in a process of its own with the same concurrency, in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

const concurrency = 200;

/** The sides; see end_to_end_side.ts for how each is set up. */
const sides = {
  raw: 'graphile-worker alone',
  chime: 'pgchime, full history',
  boss: 'pg-boss, a job at a time, its history',
  bossBatch: 'pg-boss, batches that end together, its history',
};
type Side = keyof typeof sides;

async function runSide(side: Side, url: string, count: number): Promise<number> {
  const script = fileURLToPath(new URL('./end_to_end_side.ts', import.meta.url));
  const child = spawn(process.execPath, [script, side, url, String(count), String(concurrency)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([
    text(child.stdout),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`The ${side} side ended with ${code}.`);
  return Number(output);
}

/** Jobs of pg-boss, by its own bulk insert. */
async function queueBoss(url: string, count: number): Promise<void> {
  const boss = new PgBoss({ connectionString: url, supervise: false, schedule: false });
  await boss.start();
  await boss.createQueue('noop');
  for (let n = 0; n < count; n += 1000) {
    const jobs = Array.from({ length: Math.min(1000, count - n) }, (_value, index) => ({
      data: { n: n + index },
    }));
    await boss.insert('noop', jobs);
  }
  await boss.stop();
}

async function queue(side: Side, url: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  if (side === 'raw') {
    await client.query(
      `select count(*) from graphile_worker.add_jobs(array(
         select row('raw', json_build_object('n', n), null, null, null, null, null, null)::graphile_worker.job_spec from generate_series(1, $1) n))`,
      [count],
    );
  } else if (side !== 'chime') {
    await queueBoss(url, count);
    await client.query('vacuum analyze pgboss.job_common');
  } else {
    const { rows } = await client.query<{ id: string }>(
      "select id from chime.create_schedule(task => 'noop', cron => '0 0 1 1 *', overlap => 'allow', key => 'noop')",
    );
    // What run_now does, for many at once.
    await client.query(
      `with made as (
         insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at, status, created_at)
         select chime_private.new_id(now()), s.tenant_id, s.id, s.revision, s.task, s.payload, 'manual', now(), now(), 'queued', now()
         from chime.schedules s, generate_series(1, $2) where s.id = $1
         returning id, task)
       select chime_private.enqueue(array_agg(id), array_agg(task)) from made`,
      [rows[0]?.id, count],
    );
  }
  await client.query('vacuum analyze graphile_worker._private_jobs');
  await client.query('vacuum analyze chime.runs');
  await client.query('checkpoint');
  await client.end();
}

export async function endToEnd({ database, quick }: Bench): Promise<Result[]> {
  const count = quick ? 2_000 : 40_000;
  const rounds = quick ? 1 : 5;
  const url = await database();
  // The task is registered once, so that its jobs have its name.
  await queue('chime', url, 1);
  await runSide('chime', url, 1);
  const names = Object.keys(sides) as Side[];
  const rates = Object.fromEntries(names.map((side) => [side, [] as number[]])) as Record<Side, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const side of names) {
      // The slowest would take most of the time of the bench.
      const jobs = side === 'boss' ? count / 10 : count;
      await queue(side, url, jobs);
      rates[side].push(await runSide(side, url, jobs));
    }
  }
  const chime = median(rates.chime);
  return [
    {
      title: `${count} no-op runs at concurrency ${concurrency}, median of ${rounds}`,
      wanted: 'pgchime 0.4 of graphile-worker or more, 10 times pg-boss',
      rows: names.map((side) => ({
        side: sides[side],
        'per second': Math.round(median(rates[side])),
        'pgchime / it': rounded(chime / median(rates[side])),
      })),
    },
  ];
}
