// Worked examples: what most implementations agree on, what we decided where they do not, what has to be refused.
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();

function load<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T[];
}

/** The next five fires as UTC text, up to the year 2100; the SQLSTATE where the rule is refused. */
async function fires(
  rule: Record<string, unknown>,
  timezone: string,
  after: string,
): Promise<string[] | string> {
  const names = Object.keys(rule);
  try {
    const rows = await database.rows<{ at: string }>(
      `select to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at
       from chime.preview(timezone => $1, after => $2, count => 5${names.map((name, index) => `, ${name} => $${index + 3}`).join('')})`,
      [timezone, after, ...Object.values(rule)],
    );
    return rows.map((row) => row.at).filter((at) => at < '2100');
  } catch (error) {
    return (error as { code: string }).code;
  }
}

interface Counted {
  category: string;
  passed: boolean;
}

function report(test: Test, name: string, results: Counted[]): void {
  const categories = Map.groupBy(results, (result) => result.category);
  for (const [category, members] of [...categories].sort()) {
    test.comment(
      `${name}: ${category}: ${members.filter((member) => member.passed).length} of ${members.length}`,
    );
  }
}

interface CronVector {
  expr: string;
  tz: string;
  after: string;
  expect: string[];
  category: string;
}

t.test('cron expressions that implementations agree on', async (test) => {
  const results: Counted[] = [];
  for (const vector of load<CronVector>('cron')) {
    const got = await fires({ cron: vector.expr }, vector.tz, vector.after);
    // A rule that never fires is refused.
    const expected = vector.expect.length === 0 ? 'CH002' : vector.expect;
    const passed = test.strictSame(got, expected, `${vector.expr} in ${vector.tz} after ${vector.after}`);
    results.push({ category: vector.category, passed });
  }
  report(test, 'cron', results);
});

interface DisagreeVector {
  expr: string;
  tz: string;
  after: string;
  class: string;
  recommended: string[] | 'error';
}

t.test('cron expressions that implementations read differently', async (test) => {
  const results: Counted[] = [];
  for (const vector of load<DisagreeVector>('cron-disagree')) {
    const got = await fires({ cron: vector.expr }, vector.tz, vector.after);
    const expected = vector.recommended === 'error' ? 'CH001' : vector.recommended;
    const passed = test.strictSame(got, expected, `${vector.expr} in ${vector.tz} after ${vector.after}`);
    results.push({ category: vector.class, passed });
  }
  report(test, 'disagree', results);
});

t.test('cron expressions to refuse', async (test) => {
  const results: Counted[] = [];
  for (const { expr, category } of load<{ expr: string; category: string }>('cron-invalid')) {
    const error = await database.error('select * from chime.preview(cron => $1)', [expr]);
    const passed = test.match(
      error,
      { code: 'CH001', message: /position \d+/, hint: /./ },
      JSON.stringify(expr.slice(0, 60)),
    );
    results.push({ category, passed });
  }
  report(test, 'invalid', results);
});

interface LocalVector {
  kind: 'daily' | 'weekly' | 'monthly' | 'yearly';
  time: string;
  tz: string;
  after: string;
  weekdays?: string[];
  day?: number;
  missing?: 'clamp' | 'skip';
  expect: string[];
  category: string;
}

/** The rule that says the same as a line like "every month on the 31st at 09:00". */
function localRule({
  kind,
  time,
  weekdays,
  day,
  missing,
  tz,
}: LocalVector): Record<string, unknown> | undefined {
  const [hour, minute] = time.split(':').map(Number);
  if (kind === 'daily') return { cron: `${minute} ${hour} * * *` };
  if (kind === 'weekly') {
    const names: Record<string, string> = {
      SU: 'SUN',
      MO: 'MON',
      TU: 'TUE',
      WE: 'WED',
      TH: 'THU',
      FR: 'FRI',
      SA: 'SAT',
    };
    return { cron: `${minute} ${hour} * * ${(weekdays ?? []).map((name) => names[name]).join(',')}` };
  }
  if (kind === 'monthly' && missing === 'skip') return { cron: `${minute} ${hour} ${day} * *` };
  // The last day of a shorter month: an interval, counted from a month that has the day.
  if (kind === 'monthly')
    return { every: '1 month', anchor: `2000-01-${String(day).padStart(2, '0')} ${time} ${tz}` };
  return { every: '1 year', anchor: `2000-02-29 ${time} ${tz}` };
}

interface RruleVector {
  dtstart: string;
  rrule: string;
  tz: string;
  after: string;
  expect: string[];
  category: string;
}

/** The fires of an RRULE whose DTSTART is a wall-clock time; none where it is refused because it has none. */
async function rruleFires({ dtstart, rrule, tz, after }: Omit<RruleVector, 'expect' | 'category'>) {
  const text = `DTSTART:${dtstart.replaceAll(/[-:]/g, '')}\nRRULE:${rrule}`;
  const got = await fires({ rrule: text }, tz, after);
  return got === 'CH002' ? [] : got;
}

t.test('recurrence rules that implementations agree on', async (test) => {
  const results: Counted[] = [];
  for (const vector of load<RruleVector>('rrule')) {
    const name = `${vector.rrule} from ${vector.dtstart} in ${vector.tz}`;
    const passed = test.strictSame(await rruleFires(vector), vector.expect, name);
    results.push({ category: vector.category, passed });
  }
  report(test, 'rrule', results);
});

interface RruleDisagreeVector extends Omit<RruleVector, 'expect' | 'category'> {
  class: string;
  recommended: string[] | null;
  answers: { next: string[] | string; by: string[] }[];
}

t.test('recurrence rules that implementations read differently', async (test) => {
  const results: Counted[] = [];
  for (const vector of load<RruleDisagreeVector>('rrule-disagree')) {
    const name = `${vector.rrule} from ${vector.dtstart} in ${vector.tz}`;
    const got = await rruleFires(vector);
    // Where nothing is recommended, the answer is one that another implementation gives too.
    const known = vector.answers.map(({ next }) => JSON.stringify(next));
    const passed =
      vector.recommended === null
        ? test.ok(known.includes(JSON.stringify(got)), name, { got, known })
        : test.strictSame(got, vector.recommended, name);
    results.push({ category: vector.class, passed });
  }
  report(test, 'rrule-disagree', results);
});

t.test('every day, week, month and year at a wall-clock time', async (test) => {
  const results: Counted[] = [];
  for (const vector of load<LocalVector>('local')) {
    const rule = localRule(vector);
    if (rule === undefined) continue;
    const got = await fires(rule, vector.tz, vector.after);
    const passed = test.strictSame(
      got,
      vector.expect,
      `${vector.kind} at ${vector.time} in ${vector.tz} after ${vector.after}`,
    );
    results.push({ category: vector.category, passed });
  }
  report(test, 'local', results);
});
