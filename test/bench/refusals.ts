// What it costs to refuse: input that is wrong, huge, or asks for a long search. Each is a call as a program makes it, its arguments made
// before the time is taken.
import pg from 'pg';
import { rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';
import { type Candidate, ruleText, vary } from './worst_candidates.ts';

interface Refusal {
  name: string;
  /** A statement whose parameters are a text, a JSON value and a list of texts. */
  call: string;
  /** Expressions in SQL. */
  text?: string;
  json?: string;
  list?: string;
}

const create = (fields: string) => `chime.create_schedule(task => 'noop', ${fields})`;
const mega = "repeat('x', 10000000)";

/** Texts of ten megabytes for each argument that is one, and for each field of a patch. */
function huge(): Refusal[] {
  const texts = {
    x: mega,
    '9': "repeat('9', 10000000)",
    '1,': "repeat('1,', 5000000)",
    ä: "repeat('ä', 5000000)",
    '* ': "repeat('* ', 5000000)",
  };
  const refusals: Refusal[] = [];
  for (const [letter, text] of Object.entries(texts)) {
    for (const field of ['cron', 'rrule', 'at']) {
      refusals.push({ name: `${field}: 10 MB of ${letter}`, call: create(`${field} => $1`), text });
    }
    refusals.push({
      name: `timezone: 10 MB of ${letter}`,
      call: create("cron => '@daily', timezone => $1"),
      text,
    });
  }
  for (const field of ['name', 'key', 'description', 'repeat_interval']) {
    refusals.push({ name: `${field}: 10 MB`, call: create(`cron => '@daily', ${field} => $1`), text: mega });
  }
  for (const field of [
    'cron',
    'rrule',
    'every',
    'starts_at',
    'timezone',
    'key',
    'only_on',
    'dst_gap',
    'rules',
  ]) {
    refusals.push({
      name: `update, ${field}: 10 MB`,
      call: "chime.update_schedule((chime.find_schedule('one')).id, $2)",
      json: `jsonb_build_object('${field}', ${mega})`,
    });
  }
  return refusals;
}

const others: Refusal[] = [
  { name: 'task: 10 MB', call: "chime.create_schedule(task => $1, cron => '@daily')", text: mega },
  {
    name: 'rules: a cron expression of 10 MB',
    call: create('rules => $2'),
    json: `jsonb_build_array(jsonb_build_object('cron', ${mega}))`,
  },
  {
    name: 'rules: a million',
    call: create('rules => $2'),
    json: `(select jsonb_agg(n) from generate_series(1, 1000000) n)`,
  },
  {
    name: 'rules: 20, the last is wrong',
    call: create('rules => $2'),
    json: `(select jsonb_agg(jsonb_build_object('rrule', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=' || case when n = 20 then 30 else 29 end || ';BYDAY=MO')) from generate_series(1, 20) n)`,
  },
  { name: 'payload: 10 MB', call: create("cron => '@daily', payload => $2"), json: `to_jsonb(${mega})` },
  {
    name: 'payload: two million numbers',
    call: create("cron => '@daily', payload => $2"),
    json: `('[' || repeat('1,', 2000000) || '1]')::jsonb`,
  },
  {
    name: 'payload: 80,000 numbers, the last one of 100,000 digits',
    call: create("cron => '@daily', payload => $2"),
    json: `('[' || repeat('1,', 80000) || '1e100000]')::jsonb`,
  },
  {
    name: 'payload: nested 5,000 levels deep',
    call: create("cron => '@daily', payload => $2"),
    json: `(repeat('[', 5000) || repeat(']', 5000))::jsonb`,
  },
  {
    name: 'payload: 1 MB that is 6 MB as text',
    call: create("cron => '@daily', payload => $2"),
    json: `to_jsonb(repeat(chr(1), 1000000))`,
  },
  {
    name: 'never_on: a name of 10 MB',
    call: create("cron => '@daily', never_on => $3"),
    list: `array[${mega}]`,
  },
  {
    name: 'never_on: a million names',
    call: create("cron => '@daily', never_on => $3"),
    list: `array(select 'c' || n from generate_series(1, 1000000) n)`,
  },
  {
    name: 'never_on: 20 calendars of 5,000 days',
    call: create("cron => '@daily', never_on => $3"),
    list: `array(select 'c' || n from generate_series(1, 20) n)`,
  },
  {
    name: 'only_on: 20 calendars of 5,000 days',
    call: create("cron => '@daily', only_on => $3"),
    list: `array(select 'c' || n from generate_series(1, 20) n)`,
  },
  {
    name: 'calendar: a million dates',
    call: "chime.set_calendar('c', $3)",
    list: `array(select '2030-01-01' from generate_series(1, 1000000) n)`,
  },
  {
    name: 'calendar: 5,000 dates, the last is none',
    call: "chime.set_calendar('c', $3)",
    list: `array(select (date '2030-01-01' + 2 * n)::text from generate_series(1, 4999) n) || '2030-02-30'::text`,
  },
  { name: 'calendar: a date of 10 MB', call: "chime.set_calendar('c', $3)", list: `array[${mega}]` },
  { name: 'calendar: a name of 10 MB', call: "chime.set_calendar($1, '{2030-01-01}')", text: mega },
  { name: 'cron: 500 characters', call: create('cron => $1'), text: `repeat('1,', 245) || '1 * * * 8'` },
  { name: 'cron: unicode digits', call: create('cron => $1'), text: `'٣ * * * *'` },
  { name: 'cron: a huge number', call: create('cron => $1'), text: `repeat('9', 400) || ' * * * *'` },
  { name: 'cron: never', call: create('cron => $1'), text: `'0 0 31W 2,4,6,9,11 *'` },
  { name: 'cron: never, L', call: create('cron => $1'), text: `'0 0 L-30,L-29 2 *'` },
  {
    name: 'rrule: 20,000 characters',
    call: create('rrule => $1'),
    text: `'FREQ=YEARLY;BYYEARDAY=' || repeat('1,', 9900) || '367'`,
  },
  {
    name: 'rrule: 501 EXDATEs',
    call: create('rrule => $1'),
    text: `E'FREQ=DAILY\\nEXDATE:' || repeat('20300101T000000,', 500) || '20300101T000000'`,
  },
  {
    name: 'rrule: 500 EXDATEs that leave nothing',
    call: create("rrule => $1, timezone => 'Europe/Berlin'"),
    text: `E'DTSTART:20300101T090000\\nRRULE:FREQ=DAILY;COUNT=500\\nEXDATE:' || (select string_agg(to_char(date '2030-01-01' + n, 'YYYYMMDD"T090000"'), ',') from generate_series(0, 499) n)`,
  },
  {
    name: 'rrule: a huge INTERVAL',
    call: create('rrule => $1'),
    text: `'FREQ=SECONDLY;INTERVAL=' || repeat('9', 19000)`,
  },
  { name: 'rrule: unicode digits', call: create('rrule => $1'), text: `'FREQ=DAILY;INTERVAL=٣'` },
  { name: 'every: 0', call: create("every => '0'") },
  { name: 'every: negative', call: create("every => '-1 day'") },
  { name: 'every: infinite', call: create('rules => $2'), json: `'[{"every": "infinity"}]'` },
  { name: 'at: infinite', call: create("at => timestamptz 'infinity'") },
  { name: 'at: SQL', call: create('at => $1'), text: `'2030-01-01 00:00''; drop schema chime cascade; --'` },
  { name: 'starts_at: infinite', call: create("every => '1 day', starts_at => '-infinity'") },
  { name: 'ends_at: infinite', call: create("cron => '@daily', ends_at => 'infinity'") },
  { name: 'preview: 1001 fires', call: "chime.preview(cron => '@daily', count => 1001)" },
  { name: 'find: 10 MB', call: 'chime.find_schedule($1)', text: mega },
];

/** Recurrence rules that never fire, or are none: those that a search finds dearest, of a random start. */
async function searched(client: pg.Client, count: number): Promise<Refusal[]> {
  const found: { refusal: Refusal; us: number }[] = [];
  let best: Candidate[] = [];
  for (let round = 0; round < 5; round++) {
    const measured: { candidate: Candidate; us: number }[] = [];
    for (let index = 0; index < count / 5; index++) {
      const from = best[Math.floor(Math.random() * best.length)];
      const candidate = vary(from, { rules: 1, calendars: false });
      const text = candidate.rules.map(ruleText).join();
      const kind = candidate.rules[0]?.kind;
      const refusal = {
        name: `${kind}: ${text} (${candidate.timezone})`,
        call: create(`${kind} => $1, timezone => '${candidate.timezone}', anchor => '2026-01-06 09:30Z'`),
        text: `'${text}'`,
      };
      const cost = await measure(client, refusal, 1);
      if (cost === undefined) continue;
      measured.push({ candidate, us: cost.us });
      found.push({ refusal, us: cost.us });
    }
    best = [...measured]
      .sort((a, b) => b.us - a.us)
      .slice(0, 20)
      .map(({ candidate }) => candidate);
  }
  return found
    .sort((a, b) => b.us - a.us)
    .slice(0, 20)
    .map(({ refusal }) => refusal);
}

/** The quickest of some tries, in microseconds; undefined where the call is not refused by us. */
async function measure(
  client: pg.Client,
  { call, text = 'null', json = 'null', list = 'null' }: Refusal,
  tries: number,
): Promise<{ us: number; code: string } | undefined> {
  const { rows } = await client.query<{ us: number | null; code: string }>(
    'select * from pg_temp.refusal($1, $2, $3, $4, $5)',
    [`select * from ${call}`, text, json, list, tries],
  );
  const [row] = rows;
  return row?.us === null || row === undefined || !row.code.startsWith('CH')
    ? undefined
    : { us: row.us, code: row.code };
}

async function prepare(client: pg.Client): Promise<void> {
  await client.query("select chime.create_schedule(task => 'noop', cron => '@daily', key => 'one')");
  await client.query(
    `select chime.set_calendar('c' || k, array(select (date '2030-01-01' + 40 * n + 2 * k)::text from generate_series(1, 5000) n))
     from generate_series(1, 20) k`,
  );
  await client.query(`
    create function pg_temp.refusal(call text, text_sql text, json_sql text, list_sql text, tries integer, out us float8, out code text)
    language plpgsql as $$
    declare
      v_text text;
      v_json jsonb;
      v_list text[];
      v_began timestamptz;
    begin
      execute 'select ' || text_sql into v_text;
      execute 'select ' || json_sql into v_json;
      execute 'select ' || list_sql into v_list;
      for v_try in 1..tries loop
        v_began := clock_timestamp();
        begin
          execute call using v_text, v_json, v_list;
          raise sqlstate '00001';
        exception when others then
          us := least(us, extract(epoch from clock_timestamp() - v_began) * 1000000);
          code := sqlstate;
        end;
      end loop;
    end $$`);
}

export async function refusals({ database, quick }: Bench): Promise<Result[]> {
  const client = new pg.Client({ connectionString: await database() });
  await client.connect();
  await prepare(client);
  const rows: Record<string, unknown>[] = [];
  for (const refusal of [...huge(), ...others, ...(await searched(client, quick ? 200 : 5_000))]) {
    const cost = await measure(client, refusal, 7);
    // What is not refused, or not by us, stands out.
    rows.push({
      ms: cost === undefined ? Number.NaN : rounded(cost.us / 1000),
      code: cost?.code ?? 'not refused',
      input: refusal.name,
    });
  }
  await client.end();
  const order = (row: Record<string, unknown>) =>
    Number.isNaN(row.ms) ? Number.POSITIVE_INFINITY : Number(row.ms);
  return [
    {
      title: `The 40 dearest of ${rows.length} refusals of bad input`,
      wanted: 'none over 50 ms, each with a code of ours',
      rows: rows.sort((a, b) => order(b) - order(a)).slice(0, 40),
    },
  ];
}
