// A million schedules that are due at one minute: how long until each has fired, until each of their runs has finished, and what memory
// clocks and workers take meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { rounded } from './measure.ts';
import { ChimeProcess, noteMemory } from './processes.ts';
import type { Bench, Result } from './run.ts';
import { fill } from './schedules.ts';

const [clocks, workers, concurrency] = [1, 1, 200];

/** Schedules that are due at the first full minute that leaves the time to store them; answers that minute. */
async function prepare(client: pg.Client, count: number): Promise<Date> {
  const at = new Date(Math.ceil((Date.now() + 40_000 + count * 0.1) / 60_000) * 60_000);
  await fill(
    client,
    count,
    `task => 'noop', cron => '${at.getUTCMinutes()} ${at.getUTCHours()} * * *', payload => '{"text": "a payload of usual size", "n": 1}'`,
  );
  await client.query('vacuum analyze chime.schedules');
  await client.query('checkpoint');
  return at;
}

function start(url: string): ChimeProcess[] {
  const env = {
    DATABASE_URL: url,
    CHIME_TASKS_DIR: fileURLToPath(new URL('./tasks/', import.meta.url)),
    CHIME_CONCURRENCY: String(concurrency),
  };
  return [
    ...Array.from({ length: workers }, (_value, index) => new ChimeProcess('worker', index + 1, env)),
    ...Array.from({ length: clocks }, (_value, index) => new ChimeProcess('clock', index + 1, env)),
  ];
}

/** Looks until nothing is due and nothing unfinished; answers when each was so first, in seconds from the minute. */
async function watch(client: pg.Client, at: Date, processes: ChimeProcess[]) {
  let fired: number | undefined;
  for (let next = performance.now(); ; ) {
    // Both are found by an index in a moment, however many there are.
    const { rows } = await client.query<{ due: boolean; unfinished: boolean }>(
      `select (select next_due_at from chime.schedules where next_due_at is not null order by next_due_at limit 1) <= $1 as due,
         (select run_id from chime_private.unfinished_runs order by run_id limit 1) is not null as unfinished`,
      [at],
    );
    const seconds = (Date.now() - at.getTime()) / 1000;
    if (rows[0]?.due === false) fired ??= seconds;
    if (fired !== undefined && rows[0]?.unfinished === false) return { fired, finished: seconds };
    if (performance.now() >= next) {
      await noteMemory(processes);
      next = performance.now() + 1000;
    }
    await sleep(250);
  }
}

/** The highest in each quarter of the time, so that growth shows and what is collected as garbage does not. */
function memoryRow({ name, memory }: ChimeProcess): Record<string, unknown> {
  // The first was noted before the minute.
  const work = memory.slice(1);
  const quarter = (n: number) =>
    Math.round(
      Math.max(
        ...work.slice(Math.floor((n * work.length) / 4), Math.max(1, Math.ceil(((n + 1) * work.length) / 4))),
      ),
    );
  return {
    process: name,
    'MB before': Math.round(memory[0] ?? Number.NaN),
    'first quarter': quarter(0),
    second: quarter(1),
    third: quarter(2),
    last: quarter(3),
  };
}

export async function million({ database, quick }: Bench): Promise<Result[]> {
  const count = quick ? 20_000 : 1_000_000;
  const url = await database();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const at = await prepare(client, count);
  const processes = start(url);
  try {
    if (Date.now() > at.getTime() - 5000) throw new Error('It took too long to store the schedules.');
    while (Date.now() < at.getTime() - 1000) await sleep(200);
    await noteMemory(processes);
    while (Date.now() < at.getTime()) await sleep(20);
    const { fired, finished } = await watch(client, at, processes);
    await noteMemory(processes);
    const { rows } = await client.query<{ ended: number; once: number }>(
      `select count(*) filter (where status = 'succeeded')::float8 as ended, count(distinct schedule_id) filter (where attempt = 1)::float8 as once
       from chime.runs where scheduled_for = $1`,
      [at],
    );
    return [
      {
        title: `${count} schedules due at one minute, ${clocks} clock and ${workers} workers, ${concurrency} runs at once in each`,
        wanted: 'fired within 60 s, every run finished',
        rows: [
          {
            'fired after s': rounded(fired),
            'fires / s': Math.round(count / fired),
            'finished after s': rounded(finished),
            'runs / s': Math.round(count / finished),
            succeeded: rows[0]?.ended,
            'at their first attempt': rows[0]?.once,
          },
        ],
      },
      {
        title: 'Memory of each process, the highest in each quarter of that time',
        wanted: 'flat',
        rows: processes.map(memoryRow),
      },
    ];
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    await client.end();
  }
}
