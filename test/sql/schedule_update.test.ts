// Changing schedules: patches, revisions, and that no change ever fires the past.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');

const create = async (fields: string) =>
  (await database.row<{ id: string }>(`select id from chime.create_schedule(task => 'noop', ${fields})`)).id;
const update = (id: string, patch: object, revision: number | null = null) =>
  database.row('select * from chime.update_schedule($1, $2, $3)', [id, JSON.stringify(patch), revision]);
const refused = (id: string, patch: unknown, revision: number | null = null) =>
  database.error('select * from chime.update_schedule($1, $2, $3)', [id, JSON.stringify(patch), revision]);
const skipped = (id: string) =>
  database.rows(
    "select scheduled_for, skip_reason, covers_count, covers_until from chime.runs where schedule_id = $1 and status = 'skipped' order by id",
    [id],
  );

t.test('absent keeps, null clears', async (test) => {
  const id = await create(
    "cron => '@hourly', description => 'before', max_runs => 3, timezone => 'Asia/Tokyo'",
  );
  test.hasStrict(await update(id, { name: 'renamed' }), {
    name: 'renamed',
    description: 'before',
    max_runs: 3,
    revision: 2,
  });
  test.hasStrict(await update(id, { description: null, max_runs: null, timezone: null }), {
    name: 'renamed',
    description: null,
    max_runs: null,
    timezone: 'UTC',
    revision: 3,
  });
  test.hasStrict(
    await update(id, { name: 'renamed' }),
    { revision: 3 },
    'what changes nothing is no revision',
  );
});

t.test('how long an attempt may take', async (test) => {
  const id = await create("cron => '@hourly', timeout => '1 day'");
  const timeout = () => database.value('select timeout::text from chime.schedules where id = $1', [id]);
  test.hasStrict(await update(id, { timeout: '24 hours' }), { revision: 2 });
  test.equal(await timeout(), '24:00:00');
  test.hasStrict(await update(id, { timeout: null }), { revision: 3 });
  test.equal(await timeout(), '00:05:00');
});

t.test('how runs are tried again', async (test) => {
  const id = await create("cron => '@hourly', max_retries => 5, retry_delay => '2 hours'");
  const policy = 'max_retries, retry_delay::text, retry_backoff, retry_max_delay::text, revision';
  const after = async (patch: object) => {
    await update(id, patch);
    return database.row(`select ${policy} from chime.schedules where id = $1`, [id]);
  };
  const changed = { max_retries: 5, retry_delay: '24:00:00', retry_max_delay: '2 days' };
  test.hasStrict(await after({ ...changed, retry_backoff: 'linear' }), { ...changed, revision: 2 });
  test.hasStrict(await after({ retry_delay: '1 day' }), { revision: 3 }, 'another interval, to a reader');
  test.hasStrict(await after({ max_retries: null, retry_delay: null, retry_backoff: null }), {
    ...{ max_retries: 3, retry_delay: '00:01:00', retry_backoff: 'exponential', retry_max_delay: '2 days' },
    revision: 4,
  });
  test.hasStrict(await after({ retry_max_delay: null }), { retry_max_delay: '01:00:00' });
  test.match(await refused(id, { retry_delay: '61 minutes' }), {
    ...{ code: 'CH007', message: /^retry_max_delay/, detail: '{"field": "retry_max_delay"}' },
  });
});

t.test('a new rule takes the place of the old', async (test) => {
  const id = await create("cron => '@hourly'");
  test.hasStrict(await update(id, { every: '20 minutes' }), {
    cron: null,
    anchor: new Date('2026-03-01T12:00:00Z'),
    next_run_at: new Date('2026-03-01T12:20:00Z'),
  });
  test.hasStrict(await update(id, { at: '2026-03-02 09:00', timezone: 'Europe/Berlin' }), {
    every: null,
    anchor: null,
    next_run_at: new Date('2026-03-02T08:00:00Z'),
  });
  test.hasStrict(await update(id, { cron: '0 0 * * *' }), {
    at: null,
    next_run_at: new Date('2026-03-01T23:00:00Z'),
  });
});

t.test('an editor who saw an older revision is refused', async (test) => {
  const id = await create("cron => '@hourly'");
  await update(id, { name: 'second' }, 1);
  test.match(await refused(id, { name: 'third' }, 1), {
    code: 'CH012',
    message: /revision 2, not 1/,
    detail: '{"revision": 2}',
  });
});

t.test('patches that make no sense', async (test) => {
  const id = await create("cron => '@hourly', key => 'patched'");
  await create("cron => '@hourly', key => 'taken'");
  const cases: [unknown, string, RegExp][] = [
    [{ status: 'paused' }, 'CH007', /no field "status"/],
    [{ cron: '* * *' }, 'CH001', /3 fields/],
    [{ cron: null }, 'CH001', /rule is missing/],
    [{ every: 'soon' }, 'CH007', /every: invalid input syntax for type interval/],
    [{ dst_gap: 'sideways' }, 'CH007', /dst_gap: invalid input value/],
    [{ max_runs: 'many' }, 'CH007', /max_runs/],
    [{ key: 'taken' }, 'CH007', /Another schedule has the key/],
    [{ cron: '@daily', every: '1 hour' }, 'CH001', /more than one rule/],
    [['name'], 'CH007', /must be a JSON object/],
  ];
  for (const [patch, code, message] of cases) {
    test.match(await refused(id, patch), { code, message }, JSON.stringify(patch));
  }
  test.hasStrict(
    await database.value('select revision from chime.schedules where id = $1', [id]),
    1,
    'nothing was changed',
  );
  test.match(await refused('00000000-0000-7000-8000-000000000000', {}), { code: 'CH010' });
});

t.test('an edit never fires the past, and accounts for it', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:35:00Z');
  test.hasStrict(await update(id, { cron: '*/7 * * * *' }), {
    next_run_at: new Date('2026-03-01T12:42:00Z'),
  });
  test.hasStrict(await skipped(id), [
    {
      scheduled_for: new Date('2026-03-01T12:10:00Z'),
      skip_reason: 'edited',
      covers_count: 3,
      covers_until: new Date('2026-03-01T12:30:00Z'),
    },
  ]);
});

t.test('a change that leaves the rule alone leaves what is due alone', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:10:30Z');
  test.hasStrict(await update(id, { name: 'other name' }), { next_run_at: new Date('2026-03-01T12:10:00Z') });
});

t.test('a completed schedule lives again with a new rule', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("at => '2026-03-01 12:30'");
  await now.set('2026-03-01 12:30:00Z');
  await database.rows('select * from chime_private.tick()');
  test.hasStrict(await database.row('select status, next_run_at from chime.schedules where id = $1', [id]), {
    status: 'completed',
    next_run_at: null,
  });
  test.match(await refused(id, { at: '2026-03-01 12:00' }), { code: 'CH004' });
  test.hasStrict(await update(id, { at: '2026-03-05 09:00' }), {
    status: 'active',
    next_run_at: new Date('2026-03-05T09:00:00Z'),
  });
});

t.test('max_runs may be lowered and raised', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("cron => '* * * * *', overlap => 'allow'");
  for (let minute = 1; minute <= 3; minute++) {
    await now.advance('1 minute');
    await database.rows('select * from chime_private.tick()');
  }
  test.hasStrict(await update(id, { max_runs: 2 }), { status: 'completed', run_count: 3, next_run_at: null });
  test.hasStrict(await update(id, { max_runs: 5 }), {
    status: 'active',
    next_run_at: new Date('2026-03-01T12:04:00Z'),
  });
});

t.test('max_runs may be taken away', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("cron => '* * * * *', overlap => 'allow', max_runs => 1");
  await now.advance('1 minute');
  await database.rows('select * from chime_private.tick()');
  test.hasStrict(await update(id, { name: 'still done' }), { status: 'completed' });
  test.hasStrict(await update(id, { max_runs: null }), {
    status: 'active',
    status_reason: null,
    next_run_at: new Date('2026-03-01T12:02:00Z'),
  });
  test.hasStrict(await update(id, { max_runs: 1 }), { status: 'completed' });
  test.hasStrict(await update(id, { max_runs: 2 }), {
    status: 'active',
    next_run_at: new Date('2026-03-01T12:02:00Z'),
  });
});

t.test('more max_runs do not revive a rule that has no more fires', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const ended = { status: 'completed', status_reason: 'The rule has no more fires.', next_run_at: null };
  const few = await create(
    "cron => '* * * * *', overlap => 'allow', max_runs => 5, ends_at => '2026-03-01 12:01Z'",
  );
  const both = await create(
    "cron => '* * * * *', overlap => 'allow', max_runs => 1, ends_at => '2026-03-01 12:01Z'",
  );
  await now.advance('1 minute');
  await database.rows('select * from chime_private.tick()');
  await now.advance('1 minute');
  for (const id of [few, both])
    for (const most of [9, null]) test.hasStrict(await update(id, { max_runs: most }), ended);
});

t.test('a paused schedule stays paused', async (test) => {
  const id = await create("cron => '@hourly'");
  await database.rows('select chime.pause_schedule($1)', [id]);
  test.hasStrict(await update(id, { cron: '@daily' }), { status: 'paused', next_run_at: null, revision: 2 });
});

t.test('an edit during a pause accounts for the pause so far', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const id = await create("cron => '*/10 * * * *'");
  await now.set('2026-03-01 12:15:00Z');
  await database.rows('select chime.pause_schedule($1)', [id]);
  await now.set('2026-03-01 12:45:00Z');
  await update(id, { cron: '*/7 * * * *' });
  await now.set('2026-03-01 12:59:00Z');
  await database.rows('select chime.resume_schedule($1)', [id]);
  test.hasStrict(await skipped(id), [
    { scheduled_for: new Date('2026-03-01T12:10:00Z'), skip_reason: 'paused', covers_count: 1 },
    {
      scheduled_for: new Date('2026-03-01T12:20:00Z'),
      skip_reason: 'paused',
      covers_count: 3,
      covers_until: new Date('2026-03-01T12:40:00Z'),
    },
    {
      scheduled_for: new Date('2026-03-01T12:49:00Z'),
      skip_reason: 'paused',
      covers_count: 2,
      covers_until: new Date('2026-03-01T12:56:00Z'),
    },
  ]);
});

t.test('other dates of a calendar during a pause account for the pause so far', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  await database.rows(
    `insert into chime.calendars (id, tenant_id, name, dates, created_at, updated_at)
     values (gen_random_uuid(), chime.current_tenant(), 'feasts', '{[2026-03-04,2026-03-05)}', chime.now(), chime.now())`,
  );
  const id = await create("cron => '0 9 * * *'");
  await database.rows(`update chime.schedules s set never_on = '{feasts}' where id = $1`, [id]);
  await database.rows(
    'update chime.schedules s set excluded = chime_private.excluded_time(s) where id = $1',
    [id],
  );
  await database.rows('select chime.pause_schedule($1)', [id]);
  await now.set('2026-03-03 12:00:00Z');
  await database.rows("update chime.calendars set dates = '{[2026-03-02,2026-03-05)}' where name = 'feasts'");
  await database.rows(
    'select chime_private.apply_calendar(s, chime.now()) from chime.schedules s where s.id = $1',
    [id],
  );
  test.hasStrict(
    await skipped(id),
    [{ scheduled_for: new Date('2026-03-02T09:00:00Z'), skip_reason: 'paused', covers_count: 2 }],
    'by the dates that held until then',
  );
});

t.test('a rule that fails can be mended, cancelled and deleted', async (test) => {
  await now.set('2026-03-01 12:00:00Z');
  const ids = [];
  for (let number = 0; number < 3; number++) {
    const id = await create("cron => '*/10 * * * *', timezone => 'Asia/Tokyo'");
    await database.rows("update chime.schedules set rule.timezone = 'Asia/Gone' where id = $1", [id]);
    ids.push(id);
  }
  await now.set('2026-03-01 12:15:00Z');
  await database.rows('select chime_private.tick()');
  const [mended, cancelled, deleted] = ids as [string, string, string];
  test.hasStrict(await update(mended, { timezone: 'Asia/Seoul' }), {
    status: 'paused',
    timezone: 'Asia/Seoul',
  });
  test.hasStrict(await database.row('select * from chime.resume_schedule($1)', [mended]), {
    status: 'active',
  });
  test.hasStrict(await database.row('select * from chime.cancel_schedule($1)', [cancelled]), {
    status: 'cancelled',
  });
  test.hasStrict(await database.row('select * from chime.delete_schedule($1)', [deleted]), {
    status: 'cancelled',
  });
});

t.test('a cancelled one cannot be changed', async (test) => {
  const id = await create("cron => '@hourly'");
  await database.rows('select chime.cancel_schedule($1)', [id]);
  test.match(await refused(id, { name: 'x' }), { code: 'CH013', message: /cancelled/ });
});
