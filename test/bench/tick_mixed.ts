// What fires cost when schedules are of every kind: each has its next fire at the same instant, and one clock takes them all.
import pg from 'pg';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { fill, installClock } from './schedules.ts';

const due = '2026-03-01T01:00:00Z';
/** Shares of the same size. The clock stands at 00:30 when they are written. */
const kinds: Record<string, string> = {
  'cron, hourly': "cron => '0 * * * *', timezone => 'Europe/Berlin'",
  'cron, daily': "cron => '0 20 * * *', timezone => 'America/New_York'",
  'cron, weekly': "cron => '30 6 * * SUN', timezone => 'Asia/Kolkata'",
  'cron, monthly': "cron => '0 2 1 * *', timezone => 'Europe/Berlin'",
  'cron, seconds': "cron => '0 0 1 L-30,1 * *', timezone => 'UTC'",
  'interval, elapsed time': "every => '30 minutes', anchor => '2026-02-01 00:00Z'",
  'interval, days': "every => '1 day', anchor => '2026-02-01 01:00Z', timezone => 'Australia/Lord_Howe'",
  'interval, months': "every => '1 month', anchor => '2025-11-01 01:00Z', timezone => 'Europe/London'",
  'recurrence rule, weekly':
    "rrule => 'FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=0;BYSECOND=0', timezone => 'Europe/Berlin'",
  'recurrence rule, monthly':
    "rrule => 'FREQ=MONTHLY;BYDAY=-1SA;BYHOUR=20;BYMINUTE=0;BYSECOND=0', timezone => 'America/New_York'",
  'recurrence rule, hourly': "rrule => 'FREQ=HOURLY;BYMINUTE=0;BYSECOND=0'",
  'one-off': "at => '2026-03-01 02:00', timezone => 'Europe/Berlin'",
  'several rules': `rules => '[{"cron": "0 1 * * *"}, {"cron": "30 9-17 * * MON-FRI"}]'`,
  calendar: "cron => '0 2 * * *', timezone => 'Europe/Berlin', never_on => array['holidays']",
  'calendar, next day':
    "cron => '0 1 * * *', never_on => array['holidays'], on_excluded => 'next_day', timezone => 'UTC'",
};

async function prepare(client: pg.Client, given: Record<string, string>, count: number): Promise<void> {
  await installClock(client);
  await client.query(
    `select chime.set_calendar('holidays', array(
       select d::date::text from generate_series(date '2026-01-01', date '2030-12-25', '73 days') d))`,
  );
  const each = Math.ceil(count / Object.keys(given).length);
  for (const [index, fields] of Object.values(given).entries()) {
    await fill(
      client,
      each,
      `task => 'noop', payload => '{"text": "a payload of usual size", "n": 1}', ${fields}`,
      `m${index}-`,
    );
  }
  await client.query('vacuum analyze chime.schedules');
  await client.query('checkpoint');
}

/** Fires all that is due, `most` schedules in a tick; answers how many a second. */
async function rate(client: pg.Client, most: number): Promise<number> {
  await client.query("select set_config('bench.now', $1, false)", [due]);
  const began = performance.now();
  let fires = 0;
  for (let more = true; more; ) {
    const { rows } = await client.query<{ fired: number; more: boolean }>({
      name: 'tick',
      text: 'select fired, more from chime_private.tick($1)',
      values: [most],
    });
    fires += rows[0]?.fired ?? 0;
    more = rows[0]?.more ?? false;
  }
  return (fires / (performance.now() - began)) * 1000;
}

async function measure(
  { database }: Bench,
  given: Record<string, string>,
  count: number,
  most: number,
): Promise<number> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  await prepare(client, given, count);
  const measured = await rate(client, most);
  await client.end();
  return measured;
}

export async function mixedTicks(bench: Bench): Promise<Result[]> {
  const [many, few, rounds] = bench.quick ? [3_000, 500, 1] : [100_000, 5_000, 3];
  const rows: Record<string, unknown>[] = [];
  const add = (schedules: string, count: number, most: number, rates: number[]) => {
    const fires = median(rates);
    rows.push({
      schedules,
      due: count,
      'at most in a tick': most,
      'fires / s': Math.round(fires),
      'us / fire': rounded(1e6 / fires),
    });
  };
  for (const most of [500, many]) {
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) rates.push(await measure(bench, kinds, many, most));
    add('all kinds mixed', many, most, rates);
  }
  for (const [name, fields] of Object.entries(kinds)) {
    add(name, few, 500, [await measure(bench, { [name]: fields }, few, 500)]);
  }
  return [
    {
      title: `tick() by one clock, schedules of ${Object.keys(kinds).length} kinds that are due at once`,
      wanted: '10,000 fires/s or more of all kinds mixed',
      rows,
    },
  ];
}
