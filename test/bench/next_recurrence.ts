// The next fire of a recurrence rule: ours inside Postgres, the package rrule inside Node, asked from the same instants.
import pg from 'pg';
import rrulePackage from 'rrule';
import { median, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

const rules = [
  'FREQ=DAILY',
  'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  'FREQ=MONTHLY;BYDAY=1MO',
  'FREQ=MONTHLY;BYMONTHDAY=-1',
  'FREQ=YEARLY',
  'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR',
  'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
  'FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO',
  'FREQ=MINUTELY;INTERVAL=15',
];
const begin = Date.UTC(2026, 0, 1, 9);
const step = 9_770_000; // 2 h 42 min 50 s
const at = (index: number) => new Date(begin + index * step);

function timePackage(rule: string, count: number): number {
  const { RRule } = rrulePackage;
  const options = { ...RRule.parseString(rule), dtstart: new Date(begin) };
  // Without its cache, which would answer a second question about the same rule from the first.
  const parsed = new RRule(options, true);
  const began = performance.now();
  for (let index = 0; index < count; index++) parsed.after(at(index), false);
  return ((performance.now() - began) / count) * 1000;
}

async function timeSql(client: pg.Client, rule: string, count: number): Promise<number> {
  const began = performance.now();
  await client.query(
    `select count(chime_private.next_fire(r.rule, to_timestamp($2) + n * $3 * interval '1 second'))
     from generate_series(0, $4) n, (select chime_private.read_rule(
       null, null, null, $1, 'Europe/Berlin', null, null, to_timestamp($2), null, null) as rule offset 0) r`,
    [rule, begin / 1000, step / 1000, count - 1],
  );
  return ((performance.now() - began) / count) * 1000;
}

export async function nextRecurrence({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  const rounds = quick ? 1 : 5;
  const rows: Record<string, unknown>[] = [];
  for (const rule of rules) {
    const sides = { sql: [] as number[], packaged: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      sides.sql.push(await timeSql(client, rule, quick ? 2_000 : 20_000));
      sides.packaged.push(timePackage(rule, 50));
    }
    const [sql, packaged] = [median(sides.sql), median(sides.packaged)];
    rows.push({
      rule,
      'SQL us': rounded(sql),
      'rrule us': rounded(packaged),
      'rrule / SQL': rounded(packaged / sql),
    });
  }
  await client.end();
  return [
    {
      title:
        'Next fire of a recurrence rule, microseconds a call (SQL in Europe/Berlin, rrule without a zone)',
      wanted: 'SQL under 30 us for the first five',
      rows,
    },
  ];
}
