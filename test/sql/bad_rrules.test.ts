// Recurrence rules that have to be refused: by name and place, with our own SQLSTATE.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { entries, Refusals } from '../support/refusals.ts';

const database = await createDatabase();
const refusals = new Refusals(await database.connect(t));

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
  await refusals.refusesEach(test, 'CH001', 'rrule', wrong.toSpliced(taken, 1));
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
  await refusals.refusesEach(test, 'CH001', 'rrule', lines);
  const never = entries(`
    FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30  FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31  FREQ=DAILY;UNTIL=19990101
    FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6  FREQ=SECONDLY;BYSECOND=1;BYSETPOS=2  FREQ=YEARLY;BYYEARDAY=366;BYMONTHDAY=30
    FREQ=YEARLY;BYWEEKNO=53;BYMONTHDAY=15  FREQ=SECONDLY;INTERVAL=86399;BYHOUR=12;BYMINUTE=0;BYSECOND=0`);
  const start = { beside: { anchor: '2026-01-06 09:30Z' } };
  await refusals.refusesEach(test, 'CH002', 'rrule', never, start);
  const odd = entries(
    'FREQ=DAILY;INTERVAL=7;BYDAY=MO  FREQ=MINUTELY;INTERVAL=2;BYMINUTE=1  FREQ=HOURLY;INTERVAL=24;BYHOUR=1',
  );
  await refusals.refusesEach(
    test,
    'CH002',
    'rrule',
    [...odd, 'FREQ=DAILY;COUNT=1\nEXDATE:20260106T093000'],
    start,
  );
  const zones = ['Nowhere', 'Europe', '/freeassociation/Europe/Berlin'].map(
    (zone) => `DTSTART;TZID=${zone}:20300101T000000\nFREQ=DAILY`,
  );
  await refusals.refusesEach(test, 'CH003', 'rrule', zones);
  const far = ['DTSTART:00010101T000000\nFREQ=DAILY', 'FREQ=DAILY\nRDATE:99990601T000000'];
  await refusals.refusesEach(test, 'CH007', 'rrule', far);
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
  const beside = { anchor: '2026-01-06 09:30Z', timezone: 'Europe/Berlin' };
  await refusals.refusesEach(test, 'CH002', 'rrule', dear, { beside, hint: /./ });
});
