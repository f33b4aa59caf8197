// What a fire costs: tick() alone, no worker; the run, its job and the schedule's next fire, committed to disk.
import pg from 'pg';
import { rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { fill, installClock } from './schedules.ts';
import { mixedTicks } from './tick_mixed.ts';

const definition = `task => 'noop', cron => '0 * * * *', timezone => 'Europe/Berlin', payload => '{"text": "a payload of usual size", "n": 1}'`;

const afterHours = (hours: number) => new Date(Date.parse('2026-03-01T00:30Z') + hours * 3_600_000);

interface Fired {
  fires: number;
  seconds: number;
}

/** Clocks that last, as real ones do: what a session plans once is no part of what a fire costs. */
async function connectClocks(url: string, count: number): Promise<pg.Client[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      return client;
    }),
  );
}

/** Ticks with every clock until nothing is due at this instant. */
async function drain(clocks: pg.Client[], now: Date): Promise<Fired> {
  for (const clock of clocks)
    await clock.query("select set_config('bench.now', $1, false)", [now.toISOString()]);
  const began = performance.now();
  const counts = await Promise.all(
    clocks.map(async (clock) => {
      for (let fires = 0; ; ) {
        const { rows } = await clock.query<{ fired: number; more: boolean }>({
          name: 'tick',
          text: 'select fired, more from chime_private.tick(500)',
        });
        fires += rows[0]?.fired ?? 0;
        if (!rows[0]?.more) return fires;
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  return { fires: counts.reduce((sum, each) => sum + each), seconds };
}

/** A database with `stored` schedules of which `due` are due within the next hour, the others in a year. */
async function prepare(url: string, stored: number, due: number): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await installClock(client);
  await fill(client, stored, definition);
  if (due < stored) {
    await client.query(
      `update chime.schedules set next_run_at = next_run_at + interval '365 days', next_due_at = next_due_at + interval '365 days'
       where id in (select id from chime.schedules order by id limit $1)`,
      [stored - due],
    );
  }
  await client.query('vacuum analyze chime.schedules');
  await client.query('checkpoint');
  return client;
}

export async function ticks(bench: Bench): Promise<Result[]> {
  const { database, quick } = bench;
  const many = quick ? 5_000 : 100_000;
  const rates: Record<string, unknown>[] = [];
  for (const clocks of [1, 2]) {
    const url = await database();
    await (await prepare(url, many, many)).end();
    const clients = await connectClocks(url, clocks);
    const { fires, seconds } = await drain(clients, afterHours(1));
    await Promise.all(clients.map((client) => client.end()));
    rates.push({
      'due at once': many,
      clocks,
      'fires / s': Math.round(fires / seconds),
      'us / fire': rounded((seconds / fires) * 1e6),
    });
  }

  const costs: Record<string, unknown>[] = [];
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000];
  const total = quick ? 2_000 : 20_000;
  for (const stored of sizes) {
    const url = await database();
    const due = Math.min(stored, total);
    const client = await prepare(url, stored, due);
    const clocks = await connectClocks(url, 1);
    let fires = 0;
    let seconds = 0;
    // The same number of fires for each size: more rounds where fewer are due at a time.
    for (let round = 1; fires < total; round++) {
      await client.query(
        "update chime.runs set status = 'cancelled', finished_at = now() where status = 'queued'",
      );
      await client.query('delete from graphile_worker._private_jobs');
      const fired = await drain(clocks, afterHours(round));
      fires += fired.fires;
      seconds += fired.seconds;
    }
    await Promise.all([...clocks, client].map((each) => each.end()));
    costs.push({ stored, fires, 'us / fire': rounded((seconds / fires) * 1e6) });
  }
  return [
    { title: 'tick() firing schedules that are due at once', wanted: '15,000 fires/s or more', rows: rates },
    { title: 'Cost of a fire against the number of schedules stored', wanted: 'flat', rows: costs },
    ...(await mixedTicks(bench)),
  ];
}
