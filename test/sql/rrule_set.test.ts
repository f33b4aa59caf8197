// What a recurrence rule is beside its RRULE: where it begins and ends, what is added and left out, its zone.
import t from 'tap';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();

interface Asked {
  timezone?: string;
  after?: string;
  anchor?: string;
  starts_at?: string;
  dst_gap?: string;
  dst_fold?: string;
  count?: number;
}

/** The first fires, as UTC to the minute. */
async function fires(lines: string | string[], asked: Asked = {}): Promise<string[]> {
  const named = Object.entries({ after: '2026-01-01 00:00Z', count: 6, ...asked });
  const rows = await database.rows<{ at: string }>(
    `select to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at
     from chime.preview(rrule => $1${named.map(([name], index) => `, ${name} => $${index + 2}`).join('')})`,
    [[lines].flat().join('\n'), ...named.map(([, value]) => value)],
  );
  return rows.map(({ at }) => at);
}

const january = (days: string) => days.split(' ').map((day) => `2026-01-${day.replace('T', ' ')}`);
const from = 'DTSTART:20260105T090000';

t.test('how it may be written', async (test) => {
  const expected = january('05T09:00 06T09:00 07T09:00');
  for (const text of [
    [from, 'RRULE:FREQ=DAILY;COUNT=3'],
    ['RRULE:FREQ=DAILY;COUNT=3', from],
    [from, 'FREQ=DAILY;COUNT=3'],
    [from.toLowerCase(), 'rrule:freq=daily;count=3;', ''],
    [`${from}\r`, '\r', '  RRULE:FREQ=DAI', ' LY;COUNT=3\r'],
    ['DTSTART;VALUE=DATE-TIME:20260105T090000', 'RRULE:COUNT=3;FREQ=DAILY;BYSECOND=0'],
    [from, 'RRULE:FREQ=DAILY;UNTIL=20260107'],
    [from, 'RRULE:FREQ=DAILY;UNTIL=20260107T090000'],
    [from, 'RRULE:FREQ=DAILY;UNTIL=20260107T090000Z'],
  ]) {
    test.strictSame(await fires(text), expected, JSON.stringify(text));
  }
  const leap = await fires([from, 'FREQ=MINUTELY;BYSECOND=60'], { count: 1 });
  test.strictSame(leap, january('05T09:00'), 'a leap second is the one before it');
});

t.test('where it begins', async (test) => {
  const daily = 'FREQ=DAILY;COUNT=2';
  const anchor = '2026-01-03 07:30:00.9Z';
  test.strictSame(await fires(daily, { anchor }), january('03T07:30 04T07:30'), 'at its anchor');
  const startsAt = { starts_at: '2026-01-04 06:00Z' };
  test.strictSame(await fires(daily, startsAt), january('04T06:00 05T06:00'), 'else at starts_at');
  test.strictSame(
    await fires(daily),
    january('02T00:00'),
    'else at the instant to start from, never included',
  );
  test.strictSame(await fires([from, daily], { anchor }), january('05T09:00 06T09:00'), 'DTSTART says more');
  const sundays = await fires([from, 'FREQ=WEEKLY;BYDAY=SU;COUNT=2']);
  test.strictSame(
    sundays,
    january('11T09:00 18T09:00'),
    'DTSTART is no fire where the rule does not name it',
  );
  const midnight = await fires(['DTSTART;VALUE=DATE:20260105', 'FREQ=DAILY;COUNT=1']);
  test.strictSame(midnight, january('05T00:00'), 'a date is its midnight');
});

t.test('times of other zones are converted', async (test) => {
  const berlin = { timezone: 'Europe/Berlin' };
  const tokyo = ['DTSTART;TZID="Asia/Tokyo":20260105T090000', 'FREQ=DAILY;COUNT=2'];
  test.strictSame(await fires(tokyo, berlin), january('05T00:00 06T00:00'));
  const utc = await fires(['DTSTART:20260328T013000Z', 'FREQ=DAILY;COUNT=3'], berlin);
  const expected = ['2026-03-28 01:30', '2026-03-30 00:30', '2026-03-31 00:30'];
  test.strictSame(utc, expected, 'and keep the wall-clock time they have in the zone, where there is one');
  const same = ['dtstart;tzid=europe/berlin:20260105T090000', 'FREQ=DAILY;COUNT=1'];
  test.strictSame(await fires(same, berlin), january('05T08:00'), 'whatever the case of a zone');
  const until = await fires([from, 'FREQ=DAILY;UNTIL=20260106T080000Z'], berlin);
  test.strictSame(until, january('05T08:00 06T08:00'), 'UNTIL too');
});

t.test('RDATE and EXDATE', async (test) => {
  const daily = [from, 'FREQ=DAILY;COUNT=3'];
  const added = [...daily, 'RDATE:20260110T120000,20260105T180000', 'RDATE;VALUE=DATE:20260111,20260106'];
  test.strictSame(await fires(added), january('05T09:00 05T18:00 06T09:00 07T09:00 10T12:00 11T09:00'));
  const left = [...added, 'EXDATE:20260106,20260110T120000Z', 'EXDATE;TZID=Europe/Berlin:20260105T190000'];
  test.strictSame(
    await fires(left),
    january('05T09:00 07T09:00 11T09:00'),
    'EXDATE wins, and frees nothing of COUNT',
  );
  const before = await fires([...daily, 'RDATE:20260102T000000']);
  test.strictSame(before[0], '2026-01-02 00:00', 'a time may be added before DTSTART');
  const most = Array.from({ length: 499 }, (_, n) => new Date(Date.UTC(2026, 0, 5 + n)).toISOString());
  const dates = most.map((at) => at.slice(0, 10).replaceAll('-', ''));
  const long = await fires([from, 'FREQ=DAILY', `EXDATE:${dates}`], { count: 1 });
  test.strictSame(long, ['2027-05-19 09:00'], 'past five hundred of them');
  const counted = await database.value(
    `select chime_private.count_fires(chime_private.read_rule(null, null, null, $1, 'UTC', null, null, null, null, null),
       '2026-01-01Z', '2026-02-01Z')::integer`,
    [left.join('\n')],
  );
  test.equal(counted, 3, 'they are counted right');
});

t.test('a time that a clock change leaves out', async (test) => {
  const berlin = { timezone: 'Europe/Berlin', after: '2026-03-27 12:00Z' };
  const daily = ['DTSTART:20260328T023000', 'FREQ=DAILY;COUNT=3'];
  const [first, third, fourth] = ['2026-03-28 01:30', '2026-03-30 00:30', '2026-03-31 00:30'];
  test.strictSame(
    await fires(daily, berlin),
    [first, third, fourth],
    'is no fire, and COUNT does not count it',
  );
  const next = await fires(daily, { ...berlin, dst_gap: 'next' });
  test.strictSame(next, [first, '2026-03-29 01:00', third], 'is made up for where dst_gap says so');
  const shift = await fires(daily, { ...berlin, dst_gap: 'shift' });
  test.strictSame(shift, [first, '2026-03-29 01:30', third]);
  // The last times of a rule, which are left out and put off: asked for when the clock has changed already.
  const last = ['DTSTART:20260329T020000', 'FREQ=MINUTELY;INTERVAL=10;BYHOUR=2;COUNT=3'];
  const put = ['2026-03-29 01:00', '2026-03-29 01:10', '2026-03-29 01:20'];
  test.strictSame(await fires(last, { ...berlin, dst_gap: 'shift' }), put);
  test.strictSame(
    await fires(last, { ...berlin, dst_gap: 'shift', after: '2026-03-29 01:05Z' }),
    put.slice(1),
    'are not forgotten',
  );
  // A day that there was not, which dst_gap => 'next' does not make up for, is none of those that COUNT counts.
  const apia = { timezone: 'Pacific/Apia', after: '2011-12-01 00:00Z', dst_gap: 'next' };
  test.strictSame(
    await fires(['DTSTART:20111201T050000', 'FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=30;COUNT=1'], apia),
    ['2012-12-29 15:00'],
  );
  test.strictSame(await fires(['DTSTART:20111229T050000', 'FREQ=DAILY;COUNT=2'], apia), [
    '2011-12-29 15:00',
    '2011-12-30 15:00',
  ]);
});

t.test('a time that there is twice', async (test) => {
  const berlin = { timezone: 'Europe/Berlin', after: '2026-10-24 12:00Z' };
  const daily = ['DTSTART:20261025T023000', 'FREQ=DAILY;COUNT=2'];
  const [one, two, later] = ['2026-10-25 00:30', '2026-10-25 01:30', '2026-10-26 01:30'];
  test.strictSame(await fires(daily, berlin), [one, later]);
  test.strictSame(await fires(daily, { ...berlin, dst_fold: 'last' }), [two, later]);
  test.strictSame(await fires(daily, { ...berlin, dst_fold: 'both' }), [one, two, later]);
});

t.test('what repeats each hour or more often follows real time', async (test) => {
  const berlin = { timezone: 'Europe/Berlin', after: '2026-10-24 12:00Z' };
  const half = 'FREQ=MINUTELY;INTERVAL=30';
  const hours = ['2026-10-25 00:00', '2026-10-25 00:30', '2026-10-25 01:00', '2026-10-25 01:30'];
  const counted = await fires(['DTSTART:20261025T020000', `${half};COUNT=4`], berlin);
  test.strictSame(counted, hours, 'and is counted as it fires');
  const later = await fires(['DTSTART:20261025T023000', `${half};COUNT=3`], berlin);
  test.strictSame(later, hours.slice(1), 'from the first of two times on');
  const until = await fires(['DTSTART:20261025T020000', `${half};UNTIL=20261025T010000Z`], berlin);
  test.strictSame(until, hours.slice(0, 3), 'up to an instant');
  const local = await fires(['DTSTART:20261025T020000', `${half};UNTIL=20261025T023000`], berlin);
  test.strictSame(local, hours.slice(0, 2), 'which is the first of two');
  const second = await fires(['DTSTART:20261025T010000Z', `${half};COUNT=2`], berlin);
  test.strictSame(second, hours.slice(2), 'also from the second time on, where that is meant');
  const named = await fires(['DTSTART:20261025T020000', `${half};BYHOUR=2;COUNT=2`], berlin);
  test.strictSame(named, hours.slice(0, 2), 'named hours are fixed times');
  const two = await fires(['DTSTART:20261025T020000', 'FREQ=HOURLY;INTERVAL=2;COUNT=2'], berlin);
  test.strictSame(two, ['2026-10-25 00:00', '2026-10-25 03:00'], 'so are longer intervals');
});

t.test('intervals, however they are written', async (test) => {
  const same = async (one: string, other: string) =>
    test.strictSame(await fires([from, one]), await fires([from, other]), `${one} is ${other}`);
  await same('FREQ=SECONDLY;INTERVAL=900', 'FREQ=MINUTELY;INTERVAL=15');
  await same('FREQ=SECONDLY;INTERVAL=604800', 'FREQ=WEEKLY');
  await same('FREQ=MINUTELY;INTERVAL=300', 'FREQ=HOURLY;INTERVAL=5');
  await same('FREQ=HOURLY;INTERVAL=48', 'FREQ=DAILY;INTERVAL=2');
  await same('FREQ=MINUTELY;BYSECOND=0,20,40;BYSETPOS=-1', 'FREQ=MINUTELY;BYSECOND=40');
  await same('FREQ=SECONDLY;BYMINUTE=0;BYSECOND=7;BYSETPOS=-1', 'FREQ=HOURLY;BYMINUTE=0;BYSECOND=7');
});

t.test('a COUNT that centuries do not exhaust', async (test) => {
  const [last] = await fires(['DTSTART:20260101T000000', 'FREQ=YEARLY;COUNT=10000'], {
    after: '2420-06-01 00:00Z',
    count: 1,
  });
  test.equal(last, '2421-01-01 00:00');
});
