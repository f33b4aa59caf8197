// What a long history costs: the same ticks, claims and lists in a database without any and in one with a day of ten million runs.
import pg from 'pg';
import { Chime } from '../../src/client/chime.ts';
import { startRuns, tick } from '../../src/db/calls.ts';
import { finishRuns } from '../../src/db/finish_calls.ts';
import { fillHistory, fillSchedules, installFriday, setNow } from './history_fill.ts';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

const clockId = '00000000-0000-7000-8000-000000000001';
const workerId = '00000000-0000-7000-8000-000000000002';
/** How many runs a worker claims, and finishes, in one statement. */
const batch = 100;

class Side {
  readonly client: pg.Client;
  readonly chime: Chime;
  readonly times = new Map<string, number[]>();

  constructor(client: pg.Client) {
    this.client = client;
    this.chime = new Chime(client, async () => {});
  }

  async time<T>(what: string, call: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const answer = await call();
    const times = this.times.get(what) ?? [];
    this.times.set(what, [...times, performance.now() - began]);
    return answer;
  }
}

async function prepare(url: string, schedules: number, minutes: number): Promise<{ side: Side; now: Date }> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const now = await installFriday(client);
  await fillSchedules(client, schedules);
  if (minutes > 0) await fillHistory(client, now, minutes);
  await client.query('vacuum analyze');
  await client.query('checkpoint');
  return { side: new Side(client), now };
}

async function finish(side: Side, ids: string[], outcome: 'succeeded' | 'failed'): Promise<void> {
  const failed = outcome === 'failed';
  const output = failed ? null : 'Sent to 1 recipient, as asked.';
  const error = failed ? 'The host did not answer within ten seconds.' : null;
  await finishRuns(
    side.client,
    ids.map((runId) => ({ runId, attempt: 1, outcome, output, result: null, error, stack: null })),
  );
}

/** One minute: all schedules fire, and a worker claims some of their runs. */
async function work(side: Side, now: Date, claims: number): Promise<void> {
  await setNow(side.client, now);
  await side.client.query("select chime_private.register_worker($1, 'bench', 'bench', $2)", [
    workerId,
    JSON.stringify([{ name: 'noop' }]),
  ]);
  for (let more = true; more; )
    more = (await side.time('tick, 500 fires', () => tick(side.client, clockId, 'bench', 500))).more;
  const { rows } = await side.client.query<{ id: string }>(
    "select id from chime.runs where scheduled_for = $1 and status = 'queued' limit $2",
    [now, (claims + 1) * batch],
  );
  for (let claim = 0; claim <= claims; claim++) {
    const ids = rows.slice(claim * batch, (claim + 1) * batch).map((row) => row.id);
    // The first batch fails, so that there are some to list, and is not measured.
    if (claim === 0) {
      await startRuns(side.client, workerId, ids, false);
      await finish(side, ids, 'failed');
    } else {
      await side.time(`start ${batch} runs`, () => startRuns(side.client, workerId, ids, false));
      await side.time(`finish ${batch} runs`, () => finish(side, ids, 'succeeded'));
    }
  }
}

/** What nobody claimed is no history: of the queue, as much is left as a list can show. */
async function clearQueue(client: pg.Client): Promise<void> {
  await client.query(
    `with gone as (
       delete from chime_private.unfinished_runs
       where run_id not in (select run_id from chime_private.unfinished_runs order by run_id desc limit 200)
       returning run_id)
     delete from chime.runs r using gone g where r.id = g.run_id`,
  );
  await client.query('vacuum analyze');
}

/** What the commands ask that people use to look. */
async function look(side: Side, scheduleId: string, runId: string): Promise<void> {
  const { chime, client } = side;
  await side.time('runs list', () => chime.runs.list());
  await side.time('runs list --schedule', () => chime.runs.list({ scheduleId }));
  for (const status of ['failed', 'timed_out', 'queued', 'running', 'cancelled'] as const)
    await side.time(`runs list --status ${status}`, () => chime.runs.list({ status }));
  await side.time('runs list --schedule --status timed_out', () =>
    chime.runs.list({ scheduleId, status: 'timed_out' }),
  );
  await side.time('runs show', () => chime.runs.get(runId));
  await side.time('schedule list', () => chime.schedules.list());
  await side.time('schedule show', async () => {
    const schedule = await chime.schedules.get(scheduleId);
    await chime.schedules.describe(schedule.id);
    await chime.schedules.preview(schedule.id, { count: 3 });
    await chime.runs.list({ scheduleId: schedule.id, limit: 5 });
    await chime.schedules.stats(schedule.id);
  });
  await side.time('health()', () => client.query('select * from chime.health()'));
}

export async function history({ database, quick }: Bench): Promise<Result[]> {
  const [schedules, minutes, rounds, looks] = quick ? [1_000, 200, 3, 5] : [7_000, 1_440, 10, 31];
  const empty = await prepare(await database(), schedules, 0);
  const full = await prepare(await database(), schedules, minutes);
  const sides = [empty, full];
  for (let round = 1; round <= rounds; round++) {
    for (const { side, now } of sides) await work(side, new Date(now.getTime() + round * 60_000), 5);
  }
  for (const { side } of sides) await clearQueue(side.client);
  const found = await Promise.all(
    sides.map(async ({ side }) => {
      const [run] = await side.chime.runs.list({ status: 'succeeded', limit: 1 });
      if (run?.scheduleId == null) throw new Error('The bench made no run.');
      return { side, scheduleId: run.scheduleId, runId: run.id };
    }),
  );
  for (let index = 0; index < looks; index++) {
    for (const { side, scheduleId, runId } of found) await look(side, scheduleId, runId);
  }
  const [none, day] = sides.map(({ side }) => side.times) as [Map<string, number[]>, Map<string, number[]>];
  const rows = [...none].map(([what, times]) => {
    const [without, with_] = [median(times), median(day.get(what) ?? [])];
    return {
      what,
      'empty ms': rounded(without),
      'with history ms': rounded(with_),
      ratio: rounded(with_ / without),
    };
  });
  for (const { side } of sides) await side.client.end();
  return [
    {
      title: `The same work without a history and with ${schedules * minutes} runs in it, medians`,
      wanted: 'each ratio 1.5 or less',
      rows,
    },
  ];
}
