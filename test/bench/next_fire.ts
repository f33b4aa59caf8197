// The next fire of a cron expression: ours inside Postgres, others inside Node, asked from the same instants.
import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';
import pg from 'pg';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

const zone = 'Europe/Berlin';
/** The first four are those that have a bound of their own; the others are what people write. */
const expressions = [
  '0 9 * * 1-5',
  '*/15 * * * *',
  '59 23 31 12 *',
  '0 0 29 2 *',
  '* * * * *',
  '0 * * * *',
  '30 2 * * *',
  '0 0 1 * *',
  '0 9-17 * * MON-FRI',
  '0 0 L * *',
];
const start = Date.UTC(2026, 0, 1);
const step = 9_770_000; // 2 h 42 min 50 s: every time of day, every clock change of some years
const at = (index: number) => new Date(start + index * step);

export async function nextFire({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  const rounds = quick ? 1 : 5;
  const rows: Record<string, unknown>[] = [];
  for (const expression of expressions) {
    const cron = new Cron(expression, { timezone: zone, paused: true });
    const parsed = CronExpressionParser.parse(expression, { tz: zone, currentDate: at(0) });
    const sides = {
      sql: [] as number[],
      croner: [] as number[],
      cronParser: [] as number[],
    };
    for (let round = 0; round < rounds; round++) {
      sides.sql.push(await timeSql(client, expression, quick ? 2_000 : 20_000));
      sides.croner.push(time(quick ? 200 : 2_000, (index) => cron.nextRun(at(index))));
      sides.cronParser.push(
        time(quick ? 50 : 400, (index) => {
          parsed.reset(at(index));
          return parsed.next();
        }),
      );
    }
    const [sql, croner, cronParser] = [median(sides.sql), median(sides.croner), median(sides.cronParser)];
    rows.push({
      expression,
      'SQL us': rounded(sql),
      'croner us': rounded(croner),
      'cron-parser us': rounded(cronParser),
      'croner / SQL': rounded(croner / sql),
      'cron-parser / SQL': rounded(cronParser / sql),
    });
  }
  await client.end();
  return [
    {
      title: `Next fire of a cron expression in ${zone}, microseconds a call`,
      wanted: 'both ratios 5 or more on common expressions; SQL under 100 us for the first four',
      rows,
    },
  ];
}

function time(count: number, call: (index: number) => unknown): number {
  const began = performance.now();
  for (let index = 0; index < count; index++) call(index);
  return ((performance.now() - began) / count) * 1000;
}

async function timeSql(client: pg.Client, expression: string, count: number): Promise<number> {
  const began = performance.now();
  await client.query(
    `select count(chime_private.next_fire(r.rule, to_timestamp($3) + n * $4 * interval '1 second'))
     from generate_series(0, $5) n,
       (select chime_private.read_rule($1, null, null, null, $2, 'next', 'first', null, null, null) as rule offset 0) r`,
    [expression, zone, start / 1000, step / 1000, count - 1],
  );
  return ((performance.now() - began) / count) * 1000;
}
