// Rules that have to be refused: with our own SQLSTATE, a message that can be printed, and a hint where there
// is one; never with an error of Postgres' own, and never at a cost that grows with what was written.
import fc from 'fast-check';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { check } from '../support/properties.ts';
import { entries, Refusals } from '../support/refusals.ts';

const database = await createDatabase();
const refusals = new Refusals(await database.connect(t));

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
  await refusals.refusesEach(test, 'CH001', 'cron', [...wrong, ...spaces]);
  const never = entries('0 0 30 2 *  0 0 31 4,6,9,11 *  0 0 31W FEB *  0 0 L-29 2 *  0 0 */20 * 1L');
  await refusals.refusesEach(test, 'CH002', 'cron', never);
});

t.test('zone names', async (test) => {
  const names = entries(`
    +25  -3  +00:30  FOO+3  EST5EDT4  GMT+3  UTC+3  CET-1CEST,M3.5.0,M10.5.0/3  <+03>-3  PST  MESZ
    Mars/Olympus_Mons  Europe  Europe/  /Berlin  Europe//Berlin  ../UTC  /etc/localtime  posix/Europe/Berlin
    right/UTC  posixrules  localtime  Factory  null  0  %  _  \\  Europe%  Europe/B_rlin  Europe/Berlin\\
    now()  UTC' or 'a'='a  UTC'; drop schema chime cascade; --  Europe/Bérlin  ＵＴＣ  \u200bUTC  ٣`);
  const blanks = ['', ' ', ' UTC', 'Europe/Berlin ', 'UTC\n'];
  await refusals.refusesEach(test, 'CH003', 'timezone', [...names, ...blanks], {
    beside: { cron: '0 0 * * *' },
  });
});

t.test('intervals', async (test) => {
  const intervals = entries(`
    0  0 days  0.4 seconds  999999 microseconds  -1 second  -1 day  -1 month
    1 day 1 hour  1 month 1 second  1 year 1 microsecond  1 day -1 hour  1 month -1 day  -1 month 40 days
    101 years  1201 months  40000 days  900000 hours  178000000 years  -178000000 years  2147483647 days`);
  await refusals.refusesEach(test, 'CH001', 'every', intervals);
  const server = await database.value<number>("select current_setting('server_version_num')::integer");
  if (server >= 170_000) await refusals.refusesEach(test, 'CH001', 'every', ['infinity', '-infinity']);
});

t.test('dates', async (test) => {
  const malformed = entries(`
    now  tomorrow  infinity  -infinity  epoch  allballs  null  2030  2030-01  2030-01-01  10:00
    1/2/2030 10:00  2030-1-1 10:00  20300101T1000  12030-01-01 00:00  -2030-01-01 00:00  2030-01-01 00:00 BC
    2030-01-01 00:00+1  2030-01-01 00:00 Europe/Berlin  2030-01-01T00:00:00.1234567Z  ٢٠٣٠-٠١-٠١ ٠٠:٠٠
    2030-01-01\u300000:00  2030-01-01 00:00'; drop schema chime cascade; --`);
  await refusals.refusesEach(test, 'CH001', 'at', [...malformed, '', ' ']);
  const impossible = entries(`
    2026-02-30 10:00  2030-02-29T00:00Z  2030-04-31T00:00+02:00  2030-13-01 00:00  2030-00-01 00:00
    2030-01-00 00:00  2030-01-32T00:00Z  0000-01-01 00:00  2030-01-01 25:00  2030-01-01 24:01
    2030-01-01T00:60Z  2030-01-01 00:00:61  2030-01-01T00:00+99:00  2030-01-01T00:00-16:00
    2030-01-01T00:00+00:99`);
  await refusals.refusesEach(test, 'CH001', 'at', impossible);
  const ancient = entries('0001-01-01 00:00  0001-01-01T00:00Z  1970-01-01 23:59Z  9999-12-31 23:59');
  await refusals.refusesEach(test, 'CH007', 'at', ancient);
  for (const instant of ['infinity', '-infinity', '294276-12-31 23:59Z', '2030-01-01 00:00Z BC']) {
    const error = await database.error(`select * from chime.preview(at => timestamptz '${instant}')`);
    test.match(error, { code: 'CH007', message: 'at is out of range.', hint: /./ }, instant);
  }
});

t.test('counts, bounds and the instant to start from', async (test) => {
  const beside = { cron: '0 0 * * *' };
  const counts = [0, -1, 1001, 100_000, 2 ** 31 - 1, -(2 ** 31), null];
  await refusals.refusesEach(test, 'CH007', 'count', counts, { beside, hint: null });
  const far = entries('infinity  -infinity  1969-12-31 00:00Z  9999-01-02 00:00Z  294276-12-31 23:59:59Z');
  for (const name of ['anchor', 'starts_at', 'ends_at'])
    await refusals.refusesEach(test, 'CH007', name, far, { beside });
  const reversed = { ...beside, starts_at: '2030-01-01 00:00Z', ends_at: '2029-12-31 00:00Z' };
  await refusals.refuses(test, 'CH007', reversed, null);
  const afters = entries('infinity  -infinity  1969-12-31 00:00Z  294276-12-31 23:59:59Z');
  for (const rule of [beside, { every: '1 hour' }, { every: '1 day' }]) {
    const anchored = { ...rule, anchor: '2020-01-01 00:00Z' };
    await refusals.refusesEach(test, 'CH007', 'after', afters, { beside: anchored });
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
  for (const given of [...none, ...several]) await refusals.refuses(test, 'CH001', given, /exactly one/);
});

t.test('ten megabytes', { timeout: 170_000 }, async (test) => {
  const parts = ['x', ' ', '9', '* ', '1,', '@', '"', '\\', 'ä'];
  const texts = parts.map((part) => part.repeat(10_000_000 / part.length));
  await refusals.refusesEach(test, 'CH001', 'cron', texts);
  await refusals.refusesEach(test, 'CH001', 'at', texts);
  await refusals.refusesEach(test, 'CH001', 'rrule', texts);
  // A session that has looked up some names plans the look-up once for all: it must not work on this one row
  // by row.
  const names = [...'abcdef', 'x'.repeat(10_000_000)];
  await refusals.refusesEach(test, 'CH003', 'timezone', names, { beside: { cron: '* * * * *' } });
});

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
      if (await refusals.refusedByUs(given)) refused++;
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
    const refused = await refusals.refusedByUs({ every: `${months} months ${days} days ${seconds} seconds` });
    if (refused !== wrong) throw new Error(refused ? 'It is refused.' : 'It is taken.');
  });
});

t.test('nothing of what was written was run', async (test) => {
  test.ok(await database.value('select count(*) > 300 from chime_private.timezones'));
  test.ok(await database.value("select count(*) > 0 from pg_tables where schemaname = 'chime'"));
});
