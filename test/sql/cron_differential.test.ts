// Random cron expressions, zones and instants, held against cron-parser, and against an oracle of our own
// policy that decides who is right where the two differ. SEED=<number> repeats a run.
import { CronExpressionParser } from 'cron-parser';
import t from 'tap';
import { type Case, explain, ourAnswer } from '../support/cron_disagreement.ts';
import { createDatabase } from '../support/database.ts';
import {
  integer,
  pick,
  type Random,
  randomCron,
  randomCronAbout,
  seededRandom,
} from '../support/random_cron.ts';
import { loadStretches, type Stretch } from '../support/time_oracle.ts';

const total = 20_000;
const batch = 1000;
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32));

const zones = [
  ...['Africa/Cairo', 'America/Asuncion', 'America/Caracas', 'America/Havana', 'America/Miquelon'],
  ...['America/New_York', 'America/Nuuk', 'America/Santiago', 'America/Sao_Paulo', 'America/St_Johns'],
  ...['Antarctica/Casey', 'Antarctica/Troll', 'Asia/Amman', 'Asia/Beirut', 'Asia/Gaza', 'Asia/Jerusalem'],
  ...['Asia/Kolkata', 'Asia/Pyongyang', 'Asia/Tehran', 'Atlantic/Azores', 'Australia/Adelaide'],
  ...['Australia/Lord_Howe', 'Europe/Berlin', 'Europe/Chisinau', 'Europe/Dublin', 'Europe/Istanbul'],
  ...[
    'Europe/London',
    'Pacific/Apia',
    'Pacific/Auckland',
    'Pacific/Chatham',
    'Pacific/Easter',
    'Pacific/Fiji',
  ],
  ...['Pacific/Norfolk', 'UTC'],
];
const earliest = Date.parse('2015-01-01T00:00:00Z') / 1000;
const latest = Date.parse('2031-01-01T00:00:00Z') / 1000;

const iso = (second: number) => new Date(second * 1000).toISOString();

/** Whether Node has the same time zone data as Postgres; where not, cron-parser cannot agree. */
function sameInNode(zone: string, stretches: readonly Stretch[]): boolean {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const offsetAt = (second: number) => {
    const name =
      format.formatToParts(second * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name) ?? [];
    return (sign === '-' ? -60 : 60) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
  };
  return stretches.every(({ from, to, offset }) => offsetAt(from) === offset && offsetAt(to - 1) === offset);
}

function randomCase(random: Random, stretches: ReadonlyMap<string, Stretch[]>): Case {
  const [zone, all] = pick(random, [...stretches]);
  const changes = all.filter(({ from }) => from > earliest && from < latest);
  const kind = random();
  if (changes.length === 0 || kind < 0.4) {
    return { expression: randomCron(random), zone, after: integer(random, earliest, latest) };
  }
  const change = pick(random, changes);
  const hour = Math.floor(((change.from + change.offset) / 3600) % 24);
  const near = change.from + integer(random, -2 * 86_400, kind < 0.7 ? 10_000 : 2 * 86_400);
  // On the second, the minute, the quarter of an hour, or at the change itself.
  const after = pick(random, [
    near,
    near - (near % 60),
    near - (near % 900),
    change.from - integer(random, -1, 1),
  ]);
  return { expression: kind < 0.8 ? randomCronAbout(random, hour) : randomCron(random), zone, after };
}

function theirAnswer({ expression, zone, after }: Case): number | undefined {
  try {
    const options = { tz: zone, currentDate: new Date(after * 1000) };
    return CronExpressionParser.parse(expression, options).next().getTime() / 1000;
  } catch {
    return undefined;
  }
}

t.test('20,000 random cron rules against cron-parser', { timeout: 180_000 }, async (test) => {
  test.comment(`SEED=${seed}`);
  const database = await createDatabase(test);
  await database.pool.query(`
    create function first_fire(cron text, zone text, after timestamptz) returns text language plpgsql as $$
    begin
      return (select extract(epoch from scheduled_for) from chime.preview(
        cron => first_fire.cron, timezone => zone, after => first_fire.after, count => 1));
    exception when others then
      return sqlstate;
    end $$`);
  const loaded = await loadStretches(database, zones, '2014-01-01T00:00:00Z', '2080-01-01T00:00:00Z');
  const stretches = new Map([...loaded].filter(([zone, list]) => sameInNode(zone, list)));
  test.ok(stretches.size >= 20, `${stretches.size} of ${zones.length} zones are the same in Node`);

  const random = seededRandom(seed);
  const classes = new Map<string, number>();
  let compared = 0;
  while (compared < total) {
    const cases = Array.from({ length: batch }, () => randomCase(random, stretches));
    const rows = await database.rows<{ fire: string | null }>(
      `select first_fire(expression, zone, to_timestamp(after)) as fire
       from unnest($1::text[], $2::text[], $3::float8[]) with ordinality a(expression, zone, after, number)
       order by number`,
      [cases.map((c) => c.expression), cases.map((c) => c.zone), cases.map((c) => c.after)],
    );
    for (const [index, asked] of cases.entries()) {
      const list = stretches.get(asked.zone) as Stretch[];
      const fire = rows[index]?.fire;
      const right = ourAnswer(asked, list);
      const theirs = theirAnswer(asked);
      const line = `'${asked.expression}' in ${asked.zone} after ${iso(asked.after)}`;
      compared++;
      if (right === undefined ? fire !== 'CH002' : Number(fire) !== right) {
        const oracle = right === undefined ? 'CH002' : iso(right);
        test.fail(`pgchime: ${line}`, { pgchime: fire, oracle });
      }
      let name: string | undefined = 'the same answer';
      if (right !== theirs) name = explain(asked, list, theirs);
      else if (right === undefined) name = 'refused by both: it never fires';
      if (name === undefined) {
        test.fail(`unexplained: ${line}`, {
          pgchime: fire,
          cronParser: theirs === undefined ? 'none' : iso(theirs),
        });
      } else {
        classes.set(name, (classes.get(name) ?? 0) + 1);
      }
    }
  }
  for (const [name, count] of [...classes].sort((a, b) => b[1] - a[1])) test.comment(`${count} ${name}`);
  test.equal(compared, total, 'all were compared');
  test.ok((classes.get('the same answer') ?? 0) > total / 2, 'most answers are the same');
  test.ok(classes.size > 5, 'clock changes and day fields were tried');
});
