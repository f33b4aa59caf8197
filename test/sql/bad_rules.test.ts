// Rules that have to be refused: with our own SQLSTATE, a message that can be printed, and a hint where there
// is one; never with an error of Postgres' own, and never at a cost that grows with what was written.
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { check } from '../support/properties.ts';

const database = await createDatabase();
// One session for all: what it remembers of one call must not make the next one dearer.
const client = await database.connect(t);

type Arguments = Record<string, unknown>;

const instant = 'timestamptz';
const types: Record<string, string> = {
  ...{ after: instant, anchor: instant, starts_at: instant, ends_at: instant },
  ...{ every: 'interval', count: 'integer' },
};

function call(given: Arguments): { sql: string; values: unknown[] } {
  const names = Object.keys(given);
  const list = names.map((name, index) => `${name} => $${index + 1}::${types[name] ?? 'text'}`);
  return { sql: `select * from chime.preview(${list.join(', ')})`, values: Object.values(given) };
}

async function refuses(test: Test, code: string, given: Arguments, hint: RegExp | null): Promise<void> {
  const { sql, values } = call(given);
  const answer = await client.query(sql, values).catch((error: Error) => error);
  const text = JSON.stringify(given);
  const name = text.length > 100 ? `${text.slice(0, 100)}... (${text.length} characters)` : text;
  test.match(answer, { code, message: /^.{10,400}$/s, ...(hint && { hint }) }, `${code} ${name}`);
}

interface Setting {
  /** The arguments beside the one that is wrong. */
  beside?: Arguments;
  /** Null: there is nothing to hint at. */
  hint?: RegExp | null;
}

/** Refuses each of these values of an argument. */
async function refusesEach(
  test: Test,
  code: string,
  name: string,
  values: unknown[],
  { beside = {}, hint = /^.{10,200}$/ }: Setting = {},
): Promise<void> {
  for (const value of values) await refuses(test, code, { ...beside, [name]: value }, hint);
}

/** Entries of a list, two spaces or more, or a line, apart. */
function entries(text: string): string[] {
  return text.trim().split(/ *\n *| {2,}/);
}

t.test('cron expressions', async (test) => {
  const wrong = entries(`
    @  @reboot  @every 5 minutes  @DAY  null  *  * * * *  * * * * * * *  $1 * * * *  %s %s %s %s %s
    \\0 * * * *  60 * * * *  * 24 * * *  0 0 0 * *  0 0 32 * *  0 0 * 0 *  0 0 * 13 *  0 0 * * 8  60 0 0 * * *
    99999999999999999999999 * * * *  */99999999999999999999999 * * * *  0 0 1-18446744073709551616 * *
    -1 * * * *  +1 * * * *  1.5 * * * *  1e1 * * * *  0x1 * * * *  */0 * * * *  */-5 * * * *  NaN * * * *
    1--5 * * * *  5-1 * * * *  ,1 * * * *  1,,2 * * * *  1/2/3 * * * *  */60/2 * * * *  1/60 * * * *
    0 */25 * * *  ? * * * *  * * * * ?,1  0 0 L-31 * *  0 0 0W * *  0 0 32W * *  0 0 1-5W * *  0 0 LW-1 * *
    0 0 W * *  0 0 * * L  0 0 * * LW  0 0 * * 1#6  0 0 * * 1#0  0 0 * * 8#1  0 0 * * #1  0 0 * JANUARY *
    0 0 * * MONDAY  0 0 * * MON-FRI-SUN  0 MON * * *  ٣ * * * *  ० * * * *  𝟘 * * * *  ½ * * * *  ０ ０ * * *
    0 0 * * 7/2  0 0 * * МОН  0 0 * * *'; drop schema chime cascade; --  0 0 * * (select 1)  0 0 * * '||version()||'
    {1} * * * *`);
  const spaces = ' |\t\r\n|\t@often|0\u00a00 * * *|0 0 * * *\u200b|* * * * *\u0001|0\v0 * * *|'.split('|');
  await refusesEach(test, 'CH001', 'cron', [...wrong, ...spaces]);
  const never = entries('0 0 30 2 *  0 0 31 4,6,9,11 *  0 0 31W FEB *  0 0 L-29 2 *  0 0 */20 * 1L');
  await refusesEach(test, 'CH002', 'cron', never);
});

t.test('recurrence rules', async (test) => {
  const wrong = entries(`
    FREQ  FREQ=  FREQ=FORTNIGHTLY  INTERVAL=2  FREQ=DAILY;  FREQ=DAILY;;COUNT=2  ;FREQ=DAILY  FREQ=DAILY;FREQ=DAILY
    FREQ=DAILY;COUNT=2;COUNT=2  FREQ=DAILY;COUNT=2;UNTIL=20300101  FREQ=DAILY;COUNT=0  FREQ=DAILY;COUNT=-1
    FREQ=DAILY;COUNT=10001  FREQ=DAILY;COUNT=1,2  FREQ=DAILY;COUNT=99999999999999999999  FREQ=DAILY;INTERVAL=0
    FREQ=DAILY;INTERVAL=-1  FREQ=YEARLY;INTERVAL=101  FREQ=DAILY;INTERVAL=1.5  FREQ=SECONDLY;INTERVAL=1000000000
    FREQ=DAILY;INTERVAL=٣  FREQ=DAILY;BYHOUR=24  FREQ=DAILY;BYHOUR=-1  FREQ=DAILY;BYHOUR=  FREQ=DAILY;BYHOUR=1,,2
    FREQ=DAILY;BYMINUTE=60  FREQ=DAILY;BYSECOND=61  FREQ=DAILY;BYMONTH=13  FREQ=DAILY;BYMONTH=0  FREQ=DAILY;BYMONTH=-1
    FREQ=DAILY;BYMONTH=JAN  FREQ=MONTHLY;BYMONTHDAY=0  FREQ=MONTHLY;BYMONTHDAY=32  FREQ=MONTHLY;BYMONTHDAY=-32
    FREQ=WEEKLY;BYMONTHDAY=1  FREQ=MONTHLY;BYYEARDAY=1  FREQ=WEEKLY;BYYEARDAY=1  FREQ=DAILY;BYYEARDAY=1
    FREQ=YEARLY;BYYEARDAY=367  FREQ=YEARLY;BYYEARDAY=0  FREQ=YEARLY;BYWEEKNO=54  FREQ=YEARLY;BYWEEKNO=0
    FREQ=MONTHLY;BYWEEKNO=1  FREQ=WEEKLY;BYWEEKNO=1  FREQ=SECONDLY;BYWEEKNO=1  FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO
    FREQ=DAILY;BYDAY=1MO  FREQ=WEEKLY;BYDAY=2MO  FREQ=HOURLY;BYDAY=-1MO  FREQ=MONTHLY;BYDAY=6MO  FREQ=MONTHLY;BYDAY=0MO
    FREQ=YEARLY;BYMONTH=1;BYDAY=6MO  FREQ=YEARLY;BYDAY=54MO  FREQ=WEEKLY;BYDAY=MON  FREQ=WEEKLY;BYDAY=  FREQ=DAILY;WKST=1
    FREQ=MONTHLY;BYSETPOS=1  FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0  FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367
    FREQ=DAILY;UNTIL=  FREQ=DAILY;UNTIL=2030  FREQ=DAILY;UNTIL=20300230  FREQ=DAILY;UNTIL=20300101T250000Z
    FREQ=DAILY;UNTIL=20300101T000000+0100  FREQ=DAILY;RSCALE=GREGORIAN  FREQ=DAILY;SKIP=OMIT  FREQ=DAILY;X-A=1
    FREQ=DAILY;BYEASTER=0  FREQ=DAILY COUNT=2  FREQ=DAILY; COUNT=2  RRULE:  RRULE;X=1:FREQ=DAILY  EXRULE:FREQ=DAILY
    BEGIN:VEVENT  DTSTART:20300101T000000  null  %s  every day  FREQ=DAILY'; drop schema chime cascade; --`);
  const taken = wrong.indexOf('FREQ=DAILY;');
  // One semicolon too many at the end is read past.
  await refusesEach(test, 'CH001', 'rrule', wrong.toSpliced(taken, 1));
  const lines = [
    'FREQ=DAILY\nFREQ=DAILY',
    'DTSTART:20300101T000000\nDTSTART:20300101T000000\nFREQ=DAILY',
    'DTSTART:20300101T000000,20300102T000000\nFREQ=DAILY',
    'DTSTART;TZID=UTC:20300101T000000Z\nFREQ=DAILY',
    'DTSTART;VALUE=PERIOD:20300101\nFREQ=DAILY',
    'DTSTART;VALUE=DATE:20300101T000000\nFREQ=DAILY',
    'DTSTART;LANGUAGE=en:20300101T000000\nFREQ=DAILY',
    'FREQ=DAILY\nEXDATE:',
    'FREQ=DAILY\nRDATE:20300101,20300229',
    `FREQ=DAILY\nEXDATE:${Array(501).fill('20300101').join()}`,
    'FREQ=DAILY;BY\n HOUR=25',
    '',
    ' \n\r\n',
    'FREQ=DAILY\u0001',
    'FREQ=DAILY;BYHOUR=９',
  ];
  await refusesEach(test, 'CH001', 'rrule', lines);
  const never = entries(`
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30  FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31  FREQ=DAILY;UNTIL=19990101
    FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6  FREQ=SECONDLY;BYSECOND=1;BYSETPOS=2  FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=30
    FREQ=YEARLY;BYWEEKNO=53;BYMONTHDAY=15  FREQ=SECONDLY;INTERVAL=86399;BYHOUR=12;BYMINUTE=0;BYSECOND=0`);
  const start = { beside: { anchor: '2026-01-06 09:30Z' } };
  await refusesEach(test, 'CH002', 'rrule', never, start);
  const odd = entries(
    'FREQ=DAILY;INTERVAL=7;BYDAY=MO  FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1  FREQ=HOURLY;INTERVAL=24;BYHOUR=1',
  );
  await refusesEach(test, 'CH002', 'rrule', [...odd, 'FREQ=DAILY;COUNT=1\nEXDATE:20260106T093000'], start);
  const zones = ['Nowhere', 'Europe', '/freeassociation/Europe/Berlin'].map(
    (zone) => `DTSTART;TZID=${zone}:20300101T000000\nFREQ=DAILY`,
  );
  await refusesEach(test, 'CH003', 'rrule', zones);
  const far = ['DTSTART:00010101T000000\nFREQ=DAILY', 'FREQ=DAILY\nRDATE:99990601T000000'];
  await refusesEach(test, 'CH007', 'rrule', far);
});

t.test('a recurrence rule says which part is wrong, where, and what it takes', async (test) => {
  const error = await database.error('select * from chime.preview(rrule => $1)', [
    'DTSTART:20300101T000000\nRRULE:FREQ=DAILY;BYHOUR=9,25',
  ]);
  test.hasStrict(error, { code: 'CH001', hint: 'BYHOUR takes 0 to 23.' });
  test.match(error, { message: /BYHOUR 25 is out of range \(position 51\)/ });
  test.strictSame(JSON.parse(`${(error as { detail?: string }).detail}`), { part: 'BYHOUR', position: 51 });
});

t.test('recurrence rules that never fire, however far one looks', async (test) => {
  const dear = entries(`
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30  FREQ=YEARLY;BYWEEKNO=53;BYMONTHDAY=15  FREQ=DAILY;INTERVAL=7;BYDAY=MO
    FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6  FREQ=YEARLY;BYDAY=MO,TU;BYHOUR=1,2,3;BYSETPOS=366
    FREQ=SECONDLY;INTERVAL=86399;BYHOUR=12;BYMINUTE=0;BYSECOND=0  FREQ=MINUTELY;INTERVAL=10080;BYDAY=MO`);
  for (const rrule of dear) {
    await refuses(test, 'CH002', { rrule, anchor: '2026-01-06 09:30Z', timezone: 'Europe/Berlin' }, /./);
  }
});

t.test('zone names', async (test) => {
  const names = entries(`
    +25  -3  +00:30  FOO+3  EST5EDT4  GMT+3  UTC+3  CET-1CEST,M3.5.0,M10.5.0/3  <+03>-3  PST  MESZ
    Mars/Olympus_Mons  Europe  Europe/  /Berlin  Europe//Berlin  ../UTC  /etc/localtime  posix/Europe/Berlin
    right/UTC  posixrules  localtime  Factory  null  0  %  _  \\  Europe%  Europe/B_rlin  Europe/Berlin\\
    now()  UTC' or 'a'='a  UTC'; drop schema chime cascade; --  Europe/Bérlin  ＵＴＣ  \u200bUTC  ٣`);
  const blanks = ['', ' ', ' UTC', 'Europe/Berlin ', 'UTC\n', null];
  await refusesEach(test, 'CH003', 'timezone', [...names, ...blanks], { beside: { cron: '0 0 * * *' } });
});

t.test('intervals', async (test) => {
  const intervals = entries(`
    0  0 days  0.4 seconds  999999 microseconds  -1 second  -1 day  -1 month
    1 day 1 hour  1 month 1 second  1 year 1 microsecond  1 day -1 hour  1 month -1 day  -1 month 40 days
    101 years  1201 months  40000 days  900000 hours  178000000 years  -178000000 years  2147483647 days`);
  await refusesEach(test, 'CH001', 'every', intervals);
  const server = await database.value<number>("select current_setting('server_version_num')::integer");
  if (server >= 170_000) await refusesEach(test, 'CH001', 'every', ['infinity', '-infinity']);
});

t.test('dates', async (test) => {
  const malformed = entries(`
    now  tomorrow  infinity  -infinity  epoch  allballs  null  2030  2030-01  2030-01-01  10:00
    1/2/2030 10:00  2030-1-1 10:00  20300101T1000  12030-01-01 00:00  -2030-01-01 00:00  2030-01-01 00:00 BC
    2030-01-01 00:00+1  2030-01-01 00:00 Europe/Berlin  2030-01-01T00:00:00.1234567Z  ٢٠٣٠-٠١-٠١ ٠٠:٠٠
    2030-01-01\u300000:00  2030-01-01 00:00'; drop schema chime cascade; --`);
  await refusesEach(test, 'CH001', 'at', [...malformed, '', ' ']);
  const impossible = entries(`
    2026-02-30 10:00  2030-02-29T00:00Z  2030-04-31T00:00+02:00  2030-13-01 00:00  2030-00-01 00:00
    2030-01-00 00:00  2030-01-32T00:00Z  0000-01-01 00:00  2030-01-01 25:00  2030-01-01 24:01
    2030-01-01T00:60Z  2030-01-01 00:00:61  2030-01-01T00:00+99:00  2030-01-01T00:00-16:00
    2030-01-01T00:00+00:99`);
  await refusesEach(test, 'CH001', 'at', impossible);
  const ancient = entries('0001-01-01 00:00  0001-01-01T00:00Z  1970-01-01 23:59Z  9999-12-31 23:59');
  await refusesEach(test, 'CH007', 'at', ancient);
  const error = await database.error("select * from chime.preview(at => timestamptz 'infinity')");
  test.match(error, { code: 'CH001', message: /./, hint: /./ }, 'an infinite instant');
});

t.test('counts, bounds and the instant to start from', async (test) => {
  const beside = { cron: '0 0 * * *' };
  const counts = [0, -1, 1001, 100_000, 2 ** 31 - 1, -(2 ** 31), null];
  await refusesEach(test, 'CH007', 'count', counts, { beside, hint: null });
  const far = entries('infinity  -infinity  1969-12-31 00:00Z  9999-01-02 00:00Z  294276-12-31 23:59:59Z');
  for (const name of ['anchor', 'starts_at', 'ends_at'])
    await refusesEach(test, 'CH007', name, far, { beside });
  const reversed = { ...beside, starts_at: '2030-01-01 00:00Z', ends_at: '2029-12-31 00:00Z' };
  await refuses(test, 'CH007', reversed, null);
  const afters = entries('infinity  -infinity  1969-12-31 00:00Z  294276-12-31 23:59:59Z');
  for (const rule of [beside, { every: '1 hour' }, { every: '1 day' }]) {
    const anchored = { ...rule, anchor: '2020-01-01 00:00Z' };
    await refusesEach(test, 'CH007', 'after', afters, { beside: anchored });
  }
});

t.test('no rule, or several', async (test) => {
  const [cron, every, at, rrule] = ['0 0 * * *', '1 day', '2030-01-01 00:00', 'FREQ=DAILY'];
  const none = [{}, { cron: null, every: null, at: null, rrule: null }, { timezone: 'UTC' }];
  const several = [
    { cron, every },
    { cron, at },
    { every, at },
    { cron, every, at },
    { cron, rrule },
    { every, rrule },
    { at, rrule },
    { cron, every, at, rrule },
    { cron: '', at: '' },
  ];
  for (const given of [...none, ...several]) await refuses(test, 'CH001', given, /exactly one/);
});

t.test('ten megabytes', { timeout: 170_000 }, async (test) => {
  const parts = ['x', ' ', '9', '* ', '1,', '@', '"', '\\', 'ä'];
  const texts = parts.map((part) => part.repeat(10_000_000 / part.length));
  await refusesEach(test, 'CH001', 'cron', texts);
  await refusesEach(test, 'CH001', 'at', texts);
  await refusesEach(test, 'CH001', 'rrule', texts);
  // A session that has looked up some names plans the look-up once for all: it must not work on this one row
  // by row.
  const names = [...'abcdef', 'x'.repeat(10_000_000)];
  await refusesEach(test, 'CH003', 'timezone', names, { beside: { cron: '* * * * *' } });
});

/** Runs a call that may be right or wrong; whatever is refused must be refused by us. */
async function refusedByUs(given: Arguments): Promise<boolean> {
  const { sql, values } = call({ ...given, count: 1 });
  try {
    await client.query(sql, values);
    return false;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!/^CH0/.test(code ?? '')) throw new Error(`${code}: ${message}`);
    return true;
  }
}

t.test('random text', async (test) => {
  // Text of Postgres has no zero byte.
  const bytes = fc
    .uint8Array({ maxLength: 200 })
    .map((array) => `${Buffer.from(array)}`.replaceAll('\0', ''));
  const unicode = fc.string({ unit: 'binary', maxLength: 50 }).map((text) => text.replaceAll('\0', ''));
  const parts = '* / - , 0 1 7 59 99 L W # ? @ MON jan Z T : . + 2030 2030-01-01 UTC Europe'.split(' ');
  const part = fc.constantFrom(...parts, ' ', ' ', '\t');
  const nearly = fc.array(part, { maxLength: 20 }).map((list) => list.join(''));
  let refused = 0;
  await check(test, { runs: 500, values: fc.oneof(bytes, unicode, nearly) }, async (text) => {
    for (const given of [
      { cron: text },
      { cron: '* * * * *', timezone: text },
      { at: text },
      { rrule: text },
    ]) {
      if (await refusedByUs(given)) refused++;
    }
  });
  test.ok(refused > 1850, `${refused} of 2000 were refused`);
});

t.test('random intervals', async (test) => {
  const part = (most: number) => fc.oneof(fc.constant(0), fc.integer({ min: -most, max: most }));
  const values = fc.tuple(part(24), part(40), part(100_000));
  await check(test, { runs: 300, values }, async ([months, days, seconds]) => {
    const civil = months !== 0 || days !== 0;
    const wrong = Math.min(months, days, seconds) < 0 || (civil ? seconds > 0 : seconds === 0);
    const refused = await refusedByUs({ every: `${months} months ${days} days ${seconds} seconds` });
    if (refused !== wrong) throw new Error(refused ? 'It is refused.' : 'It is taken.');
  });
});

t.test('nothing of what was written was run', async (test) => {
  test.ok(await database.value('select count(*) > 300 from chime_private.timezones'));
  test.ok(await database.value("select count(*) > 0 from pg_tables where schemaname = 'chime'"));
});
