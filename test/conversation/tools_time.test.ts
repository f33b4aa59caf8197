// When something is meant: phrases, kinds and values, what is ambiguous, over, or missing, and clocks that change.
import t from 'tap';
import { phrase, setUpTools } from '../support/tools.ts';

t.test('each kind of cadence is read, with the next times in UTC and on the clock', async (test) => {
  const { as, ann } = await setUpTools(test);
  const { ok } = as(ann);
  const preview = async (kind: string, value: string, more: object = {}) =>
    (await ok('schedule_preview', { cadence: { kind, value }, count: 2, ...more })).data;
  test.match(await preview('cron', '0 9 * * 1-5'), {
    status: 'preview',
    rule: /09:00 on weekdays, Europe\/Berlin/,
    timezone: 'Europe/Berlin',
    next: [
      {
        utc: '2026-11-23T08:00:00.000Z',
        local: '2026-11-23 09:00:00',
        text: 'Mon 23 Nov 2026, 09:00 (Europe/Berlin)',
      },
      { utc: '2026-11-24T08:00:00.000Z' },
    ],
  });
  test.match(await preview('interval', '2 hours'), { next: [{ utc: '2026-11-20T17:00:00.000Z' }, {}] });
  test.match(await preview('rrule', 'FREQ=MONTHLY;BYDAY=1MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0'), {
    next: [{ local: '2026-12-07 09:00:00' }, {}],
  });
  test.match(await preview('once', '2026-12-01 09:00'), { next: [{ utc: '2026-12-01T08:00:00.000Z' }] });
  test.match(await preview('once', '2026-12-01T09:00:00Z'), { next: [{ local: '2026-12-01 10:00:00' }] });
  test.match(await preview('phrase', 'every day at 9:30'), { next: [{ local: '2026-11-21 09:30:00' }, {}] });
  test.match(await preview('phrase', 'завтра в 9:30'), { next: [{ local: '2026-11-21 09:30:00' }] });
  test.match(await preview('once', '2026-12-01 09:00', { timezone: 'Asia/Tokyo' }), {
    next: [{ utc: '2026-12-01T00:00:00.000Z', timezone: 'Asia/Tokyo' }],
  });
  const limited = await preview('interval', '1 day', {
    bounds: { starts_at: '2026-12-01 09:00', ends_at: '2026-12-01 23:00' },
  });
  test.match(limited.next, [{ local: '2026-12-01 09:00:00' }]);
  test.equal(limited.next.length, 1);
});

t.test('what is ambiguous is asked; who can be asked is, and it goes on', async (test) => {
  const { as, ann, database } = await setUpTools(test);
  const asked = await as(ann).ok('schedule_create', { cadence: phrase('at 8'), text: 'call the bank' });
  test.match(asked, {
    say: '“at 8” can mean several times. Which one: Today 20:00 or Tomorrow 08:00?',
    data: {
      status: 'ambiguous',
      options: [
        {
          label: 'Today 20:00',
          cadence: { kind: 'once', value: '2026-11-20 20:00' },
          next: { utc: '2026-11-20T19:00:00.000Z' },
        },
        { label: 'Tomorrow 08:00', next: { local: '2026-11-21 08:00:00' } },
      ],
    },
  });
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
  const { cadence, timezone } = asked.data.options[1];
  const made = await as(ann).ok('schedule_create', { cadence, timezone, text: 'call the bank' });
  test.match(made.data, { status: 'created', next: [{ local: '2026-11-21 08:00:00' }] });

  const questions: [string, readonly string[]][] = [];
  const choosing = (index: number | undefined) =>
    as(ann, () => ({
      choose: async (question, labels) => {
        questions.push([question, labels]);
        return index;
      },
    }));
  const chosen = await choosing(0).ok('schedule_create', { cadence: phrase('at 8 water the plants') });
  test.match(chosen.data, {
    status: 'created',
    schedule: { text: 'water the plants' },
    next: [{ local: '2026-11-20 20:00:00' }],
  });
  test.strictSame(questions, [
    [
      '“at 8 water the plants” can mean several times. Which one: Today 20:00 or Tomorrow 08:00?',
      ['Today 20:00', 'Tomorrow 08:00'],
    ],
  ]);
  const declined = await choosing(undefined).ok('schedule_create', { cadence: phrase('at 8'), text: 'x' });
  test.match(declined.data, { status: 'ambiguous' });
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 2);
});

t.test('what is over is said so, with the next time of day', async (test) => {
  const { as, ann, database } = await setUpTools(test);
  const { ok } = as(ann);
  for (const [cadence, next] of [
    [{ kind: 'once', value: '2026-11-20 09:00' }, '2026-11-21 09:00:00'],
    [{ kind: 'once', value: '2026-11-19 17:00' }, '2026-11-20 17:00:00'],
    [{ kind: 'once', value: '2026-11-20T08:00:00Z' }, '2026-11-21 09:00:00'],
    [phrase('today at 9:00'), '2026-11-21 09:00:00'],
  ] as const) {
    const { data, say } = await ok('schedule_create', { cadence, text: 'x' });
    test.match(data, { status: 'past', options: [{ next: { local: next } }] }, cadence.value);
    test.match(say, /over\. Shall it be/);
  }
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
  const chosen = await as(ann, () => ({ choose: async () => 0 })).ok('schedule_create', {
    ...{ cadence: phrase('today at 9:00'), text: 'x' },
  });
  test.match(chosen.data, { status: 'created', next: [{ local: '2026-11-21 09:00:00' }] });
});

t.test('what counts from now is done at once where that is over by now', async (test) => {
  const { as, ann, now, database } = await setUpTools(test);
  let acts = 0;
  const slow = as(ann, ({ act }) => ({
    act: async (work) => {
      const result = await act(work);
      acts += 1;
      if (acts === 1) await now.advance('15 minutes');
      return result;
    },
  }));
  const { data } = await slow.ok('schedule_create', { cadence: phrase('in 10 minutes'), text: 'pizza' });
  test.match(data, { status: 'created', next: [{ local: '2026-11-20 16:10:00', text: 'at once' }] });
  test.strictSame(await database.rows('select status from chime.runs'), [{ status: 'queued' }]);
});

t.test('what says nothing of when is asked for', async (test) => {
  const { as, ann } = await setUpTools(test);
  test.match(await as(ann).ok('schedule_create', { cadence: phrase('water the plants'), text: 'x' }), {
    say: 'I do not see in “water the plants” when that is. When shall it be?',
    data: { status: 'unclear' },
  });
});

t.test('a zone that is not known is asked for where the time needs one', async (test) => {
  const { as, ann, database } = await setUpTools(test);
  await database.rows('update chime.users set timezone = null');
  const { ok } = as(ann);
  for (const cadence of [
    phrase('tomorrow at 9:30'),
    { kind: 'cron', value: '0 9 * * *' },
    { kind: 'once', value: '2026-12-01 09:00' },
  ])
    test.match((await ok('schedule_create', { cadence, text: 'x' })).data, { status: 'timezone_needed' });
  for (const cadence of [
    { kind: 'interval', value: '2 hours' },
    { kind: 'once', value: '2026-12-01T09:00:00Z' },
  ])
    test.match((await ok('schedule_preview', { cadence })).data, { status: 'preview', timezone: 'UTC' });
  const named = await ok('schedule_preview', {
    cadence: phrase('tomorrow at 9:30'),
    timezone: 'Pacific/Auckland',
  });
  test.match(named.data, { next: [{ local: '2026-11-22 09:30:00' }] }, 'it is tomorrow there already');
});

t.test('clocks that change are told of, in both languages', async (test) => {
  const { as, ann, database } = await setUpTools(test, '2027-03-27T12:00:00Z');
  const { data, say } = await as(ann).ok('schedule_create', {
    ...{ cadence: { kind: 'once', value: '2027-03-28 02:30' }, text: 'x' },
  });
  test.match(data.next, [
    { utc: '2027-03-28T01:00:00.000Z', local: '2027-03-28 03:00:00', note: /02:30 does not exist/ },
  ]);
  test.match(say, /Sun 28 Mar 2027, 03:00 \(Europe\/Berlin\) \(the clocks change then\)/);
  const twice = await as(ann).ok('schedule_preview', {
    cadence: { kind: 'once', value: '2027-10-31 02:30' },
  });
  test.match(twice.data.next, [{ note: /happens twice/ }]);
  await database.rows("update chime.users set locale = 'ru-RU'");
  const russian = await as(ann).ok('schedule_preview', {
    cadence: { kind: 'once', value: '2027-03-28 02:30' },
  });
  test.match(
    russian.say,
    /^Сработает так: .*вс 28 мар\. 2027 г\., 03:00 \(Europe\/Berlin\) \(в это время переводят часы\)/,
  );
});

t.test('what the database refuses has code, what and hint', async (test) => {
  const { as, ann } = await setUpTools(test);
  const { refused } = as(ann);
  for (const [cadence, code, more] of [
    [{ kind: 'cron', value: '61 * * * *' }, 'CH001', {}],
    [{ kind: 'cron', value: '0 0 30 2 *' }, 'CH002', {}],
    [{ kind: 'rrule', value: 'FREQ=NEVER' }, 'CH001', {}],
    [{ kind: 'interval', value: 'soon' }, 'CH007', {}],
    [{ kind: 'interval', value: '0 seconds' }, 'CH001', {}],
    [{ kind: 'once', value: 'tomorrow' }, 'CH001', {}],
    [phrase('tomorrow at 9:30'), 'CH003', { timezone: 'Mars/Base' }],
    [{ kind: 'cron', value: '0 9 * * *' }, 'CH003', { timezone: 'Mars/Base' }],
  ] as const) {
    for (const tool of ['schedule_preview', 'schedule_create']) {
      const text = tool === 'schedule_create' ? { text: 'x' } : {};
      const error = await refused(tool, { cadence, ...more, ...text });
      test.equal(error.code, code, `${tool} ${cadence.value}: ${error.what}`);
      test.ok(error.what.length > 10);
      test.match(error.say, /^That cannot be done: .{10}/);
    }
  }
});
