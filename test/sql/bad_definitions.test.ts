// What has to be refused when a schedule or a calendar is written, beyond a wrong rule: by us, in few words, whatever its size.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { entries } from '../support/refusals.ts';

const database = await createDatabase();
await MovableNow.install(database, '2026-03-01 12:00:00Z');
await database.rows("select chime.set_calendar('holidays', array['2026-12-25'])");
const id = await database.value<string>(
  "select id from chime.create_schedule(task => 'noop', cron => '@daily')",
);
const big = 10_000_000;
const creating = (fields: string) => `select chime.create_schedule(task => 'noop', ${fields})`;
const updating = (patch: string) => `select chime.update_schedule('${id}', ${patch})`;

/** Each is refused with this code, a message and a hint that are short, and a detail that is. */
async function refused(test: Test, code: string, sql: string, values: unknown[] = [], label = sql) {
  const error = await database.error(sql, values);
  test.match(error, { code, message: /^.{10,400}$/s }, label);
  test.ok(
    (error.hint ?? '').length < 600 && (error.detail ?? '').length < 400,
    'nothing is repeated at length',
  );
}

t.test('dates at infinity', async (test) => {
  const rules = [
    "cron => '@daily'",
    "every => '1 day'",
    "at => '2040-01-01 00:00'",
    "rrule => 'FREQ=DAILY'",
    `rules => '[{"every": "1 day"}]'`,
  ];
  const instants = ['infinity', '-infinity', '294276-12-31Z', '1969-12-31Z', '2030-01-01Z BC'];
  for (const rule of rules) {
    for (const instant of instants) {
      for (const name of ['anchor', 'starts_at', 'ends_at']) {
        const sql = creating(`${rule}, ${name} => '${instant}'`);
        const error = await database.error(sql);
        test.match(error, { code: 'CH007', message: `${name} is out of range.`, hint: /1970/ }, sql);
      }
    }
  }
  for (const field of ['anchor', 'starts_at', 'ends_at']) {
    for (const instant of instants) {
      const error = await database.error('select chime.update_schedule($1, $2)', [
        id,
        JSON.stringify({ [field]: instant }),
      ]);
      test.match(error, { code: 'CH007', message: `${field} is out of range.` }, `${field} ${instant}`);
    }
  }
  for (const at of instants) await refused(test, 'CH007', creating(`at => timestamptz '${at}'`));
  await refused(
    test,
    'CH007',
    'select chime.update_schedule($1, \'{"rules": [{"every": "1 day", "anchor": "infinity"}]}\')',
    [id],
  );
});

t.test('intervals of nothing, below nothing, without end', async (test) => {
  for (const every of ['0', '-1 day', '1 day -1 hour', '101 years', '2147483647 days']) {
    await refused(test, 'CH001', "select chime.create_schedule(task => 'noop', every => $1::interval)", [
      every,
    ]);
    await refused(test, 'CH001', 'select chime.update_schedule($1, $2)', [id, JSON.stringify({ every })]);
  }
  // Not before Postgres 17 is an interval without end one; before that, it cannot be read.
  for (const every of ['0', '-1 day', 'infinity', '-infinity', '1e400 days', 'P1Y2M3DT4H5M6S7']) {
    const rules = JSON.stringify([{ every }]);
    await refused(test, 'CH001', "select chime.create_schedule(task => 'noop', rules => $1)", [rules]);
  }
  for (const field of ['jitter', 'catch_up_window', 'every']) {
    const error = await database.error('select chime.update_schedule($1, $2)', [
      id,
      JSON.stringify({ [field]: 'infinity' }),
    ]);
    test.match(error, { code: /^CH00[17]$/ }, field);
  }
});

t.test('ten megabytes of anything', async (test) => {
  const fields: [string, string, string?][] = [
    ['cron', 'CH001'],
    ['rrule', 'CH001'],
    ['at', 'CH001'],
    ['timezone', 'CH003', "cron => '@daily'"],
    ['name', 'CH007', "cron => '@daily'"],
    ['key', 'CH007', "cron => '@daily'"],
    ['description', 'CH007', "cron => '@daily'"],
    ['repeat_interval', 'CH007', "starts_at => '2030-01-01Z'"],
  ];
  for (const [field, code, beside = ''] of fields) {
    const rest = beside === '' ? '' : `, ${beside}`;
    await refused(test, code, creating(`${field} => repeat('x', ${big})${rest}`));
    await refused(test, 'CH007', updating(`jsonb_build_object('${field}', repeat('x', ${big}))`));
  }
  await refused(test, 'CH005', `select chime.create_schedule(task => repeat('x', ${big}), cron => '@daily')`);
  for (const field of ['every', 'starts_at', 'jitter', 'dst_gap', 'only_on', 'max_runs']) {
    for (const size of [1000, 900_000, big]) {
      await refused(test, 'CH007', updating(`jsonb_build_object('${field}', repeat('x', ${size}))`));
    }
  }
  await refused(test, 'CH007', updating(`jsonb_build_object(repeat('x', ${big}), 1)`));
  for (const rule of ['cron', 'every', 'at', 'rrule', 'anchor']) {
    for (const size of [1000, 900_000, big]) {
      await refused(
        test,
        'CH001',
        creating(`rules => jsonb_build_array(jsonb_build_object('every', '1 day')
        || jsonb_build_object('${rule}', repeat('x', ${size})))`),
      );
    }
  }
  for (const list of ['only_on', 'never_on']) {
    await refused(
      test,
      'CH007',
      `select chime.preview(cron => '@daily', ${list} => array[repeat('x', ${big})])`,
    );
  }
});

t.test('lists of calendars', async (test) => {
  const lists = entries(`
    '{}'  array[null]  array['']  array['holidays', null]  array['Holidays']  array(select 'holidays' from generate_series(1, 21))
    array[array['holidays'], array['holidays']]  array(select 'n' || n from generate_series(1, 100000) n)`);
  for (const list of lists) {
    for (const field of ['only_on', 'never_on']) {
      await refused(test, 'CH007', creating(`cron => '@daily', ${field} => ${list}`));
      await refused(
        test,
        'CH007',
        updating(`jsonb_build_object('${field}', ${list === "'{}'" ? "'[]'::jsonb" : list})`),
      );
    }
  }
});

t.test('calendars', async (test) => {
  const dates = entries(`
    infinity  -infinity  2030-01-01/infinity  5874897-12-31  0000-01-01  2030-02-29  2030-13-01  2030-01-01/  /2030-01-01
    2030-01-02/2030-01-01  2030-01-01/2030-01-02/2030-01-03  now  tomorrow  20300101  2030-1-1  ٢٠٣٠-٠١-٠١  2030-01-01 BC  null`);
  for (const date of ['', ' ', null, ...dates]) {
    await refused(
      test,
      'CH007',
      "select chime.set_calendar('c', array['2030-01-01', $1])",
      [date],
      `${date}`,
    );
  }
  const sizes: [string, string][] = [
    [`'c', array[repeat('9', ${big})]`, 'CH007'],
    [`'c', array(select '2030-01-01' from generate_series(1, 5001))`, 'CH007'],
    [`repeat('x', ${big}), array['2030-01-01']`, 'CH007'],
    [`'', array['2030-01-01']`, 'CH007'],
    [`null, array['2030-01-01']`, 'CH007'],
    [`'c', array['2030-01-01'], repeat('x', ${big})`, 'CH003'],
    [`'c', array['2030-01-01'], '+25'`, 'CH003'],
  ];
  for (const [given, code] of sizes) await refused(test, code, `select chime.set_calendar(${given})`);
  await refused(test, 'CH007', `select chime.delete_calendar(repeat('x', ${big}))`);
  test.ok(
    await database.value(
      "select chime.set_calendar('many', array(select (date '2030-01-01' + 2 * n)::text from generate_series(1, 5000) n))",
    ),
  );
  const error = await database.error("select chime.preview(cron => '@daily', never_on => array['many'])");
  test.match(error, {
    code: 'CH007',
    message: /leave out 5000 separate stretches of time; 500 are the most/,
  });
});

t.test('payloads that could not be read again', async (test) => {
  const payloads: [string, RegExp][] = [
    [`to_jsonb(repeat('x', ${big}))`, /at most 1 MB/],
    [`to_jsonb(repeat(U&'\\0001', 400000))`, /at most 1 MB/],
    [`('[' || repeat('1,', 200000) || '1]')::jsonb`, /at most 1 MB/],
    // As text, these would be gigabytes.
    [`('[' || repeat('1e131000,', 50000) || '1]')::jsonb`, /number of more than 400 digits/],
    [`('{"a": {"b": [' || repeat('0e-16000,', 50000) || '1]}}')::jsonb`, /number of more than 400 digits/],
    [`jsonb '{"n": -1e131000}'`, /number of more than 400 digits/],
    [`(repeat('[', 1000) || repeat(']', 1000))::jsonb`, /nested more than 100 levels/],
  ];
  for (const [payload, message] of payloads) {
    const wanted = { code: 'CH006', message, hint: /./ };
    test.match(await database.error(creating(`cron => '@daily', payload => ${payload}`)), wanted, payload);
    test.match(await database.error(`select chime.run_now('${id}', ${payload})`), wanted);
    test.match(await database.error(updating(`jsonb_build_object('payload', ${payload})`)), wanted);
  }
  for (const payload of [
    `to_jsonb(repeat('x', 1000000))`,
    `'{"n": 1e308, "m": [[[0.000001]]]}'`,
    `(repeat('[', 100) || repeat(']', 100))::jsonb`,
    'null',
  ]) {
    test.ok(
      await database.value(
        `select id from chime.create_schedule(task => 'noop', cron => '@daily', payload => ${payload})`,
      ),
      payload,
    );
  }
});
