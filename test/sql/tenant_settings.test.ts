// How a tenant wants things to be where nothing else is said: what can be set, by whom, and what follows it.
import t from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';

const values = `to_jsonb(s) - '{tenant_id,updated_at}'::text[]`;
const defaults = {
  timezone: 'UTC',
  max_retries: 3,
  retry_delay: '00:01:00',
  retry_backoff: 'exponential',
  quiet_from: null,
  quiet_until: null,
  check_in_window: '00:30:00',
  check_in_silence: null,
  meeting_reminders: ['24:00:00', '01:00:00'],
  follow_up_limit: 20,
  keep_executed: '30 days',
  keep_cancelled: '7 days',
};

t.test('read, changed and reset', async (test) => {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-11-20T12:00:00Z');
  const set = (args: string) =>
    database.value<Record<string, unknown>>(`select ${values} from chime.set_tenant_settings(${args}) s`);
  const read = () => database.value(`select ${values} from chime.settings() s`);
  const changed = () => database.value('select chime.tenant_settings_changed(s) from chime.settings() s');
  const updatedAt = () => database.value<Date>('select updated_at from chime.settings()');

  test.strictSame(await read(), defaults);
  test.strictSame(await changed(), []);
  const before = await updatedAt();
  test.strictSame(await set(''), defaults);
  test.strictSame(await set("timezone => 'utc'"), defaults, 'names of zones are those that there are');
  test.strictSame(await updatedAt(), before, 'what changes nothing is no change');

  const all = {
    timezone: 'Europe/Berlin',
    max_retries: 0,
    retry_delay: '00:00:10',
    retry_backoff: 'linear',
    quiet_from: '22:00:00',
    quiet_until: '08:00:00',
    check_in_window: '01:00:00',
    check_in_silence: '02:00:00',
    meeting_reminders: ['2 days', '03:00:00', '00:05:00'],
    follow_up_limit: 5,
    keep_executed: '90 days',
    keep_cancelled: '1 day',
  };
  test.strictSame(
    await set(`timezone => 'europe/berlin', max_retries => 0, retry_delay => '10s', retry_backoff => 'linear', quiet_from => '22:00', quiet_until => '08:00',
      check_in_window => '1h', check_in_silence => '2h', meeting_reminders => '{5m,2d,3h}', follow_up_limit => 5, keep_executed => '90d', keep_cancelled => '1d'`),
    all,
  );
  test.strictSame(await updatedAt(), await now.read());
  test.strictSame(await changed(), Object.keys(all));
  test.strictSame(await set("quiet_from => '21:00'"), { ...all, quiet_from: '21:00:00' }, 'the others stay');

  test.strictSame(
    await set(
      "reset => '{quiet_from,quiet_until,check_in_silence,meetingReminders,retryDelayMs}', max_retries => 9",
    ),
    {
      ...all,
      ...{ quiet_from: null, quiet_until: null, check_in_silence: null },
      ...{ meeting_reminders: defaults.meeting_reminders, retry_delay: '00:01:00', max_retries: 9 },
    },
  );
  await set("keep_executed => '720 hours'");
  test.notOk(
    ((await changed()) as string[]).includes('keep_executed'),
    'by their value, however it is written',
  );
  test.strictSame(await set("meeting_reminders => '{}'").then((s) => s.meeting_reminders), []);
  await set(`reset => '{${Object.keys(defaults).join(',')}}'`);
  test.strictSame(await read(), defaults);
});

t.test('what cannot be is refused, with its name', async (test) => {
  const database = await createDatabase(test);
  const refused: Record<string, string[]> = {
    max_retries: ['max_retries => -1', 'max_retries => 101'],
    retry_delay: ["retry_delay => '-1 second'", "retry_delay => '366 days'", "retry_delay => 'infinity'"],
    quiet_until: [
      "quiet_from => '22:00'",
      "quiet_until => '22:00'",
      "quiet_from => '9:00', quiet_until => '9:00'",
    ],
    check_in_window: [
      "check_in_window => '59 seconds'",
      "check_in_window => '13 hours'",
      "check_in_window => 'infinity'",
    ],
    check_in_silence: [
      "check_in_silence => '0'",
      "check_in_silence => '8 days'",
      "check_in_silence => '-infinity'",
    ],
    meeting_reminders: [
      "meeting_reminders => '{1h,60m}'",
      "meeting_reminders => '{31d}'",
      "meeting_reminders => '{-1h}'",
      "meeting_reminders => '{0}'",
      "meeting_reminders => '{infinity}'",
      "meeting_reminders => '{1h,null}'",
      "meeting_reminders => '{{1h},{2h}}'",
      'meeting_reminders => array(select make_interval(hours => n) from generate_series(1, 11) n)',
    ],
    follow_up_limit: ['follow_up_limit => 0', 'follow_up_limit => 1001'],
    keep_executed: [
      "keep_executed => '59 minutes'",
      "keep_executed => '101 years'",
      "keep_executed => 'infinity'",
    ],
    keep_cancelled: ["keep_cancelled => '59 minutes'", "keep_cancelled => '101 years'"],
    reset: [
      "reset => '{tenant_id}'",
      "reset => '{nothing}'",
      "reset => '{null}'",
      "reset => '{max_retries}', max_retries => 1",
      "reset => array_fill('timezone'::text, '{51}')",
    ],
  };
  for (const [field, calls] of Object.entries(refused)) {
    for (const call of calls) {
      const error = await database.error(`select chime.set_tenant_settings(${call})`);
      test.match(error, { code: 'CH007' }, call);
      test.strictSame(JSON.parse(error.detail ?? '{}'), { field }, call);
    }
  }
  test.match(await database.error("select chime.set_tenant_settings(timezone => 'Europe/Berlyn')"), {
    code: 'CH003',
    hint: /Europe\/Berlin/,
  });
  test.strictSame(await database.value(`select ${values} from chime.settings() s`), defaults);
});

t.test('administrators change their own tenant; all of it may read', async (test) => {
  const database = await createDatabase(test);
  const other = await database.value<string>("select id from chime.create_tenant('other')");
  const ann = await person(database, defaultTenant, 'ann');
  const boss = await person(database, other, 'boss', 'admin');
  await test.rejects(as(database, ann, "select chime.set_tenant_settings(timezone => 'Asia/Tokyo')"), {
    code: 'CH042',
  });
  await as(database, boss, "select chime.set_tenant_settings(timezone => 'Asia/Tokyo')");
  const zone = (who: typeof ann) =>
    as(
      database,
      who,
      'select s.timezone, (select count(*)::integer from chime.tenant_settings) as seen from chime.settings() s',
    );
  test.strictSame(await zone(ann), [{ timezone: 'UTC', seen: 1 }]);
  test.strictSame(await zone(boss), [{ timezone: 'Asia/Tokyo', seen: 1 }]);
});

t.test('where nothing else is said', async (test) => {
  const database = await createDatabase(test);
  await MovableNow.install(database, '2026-11-20T12:00:00Z');
  await database.rows(
    "select chime.set_tenant_settings(timezone => 'Asia/Tokyo', max_retries => 1, retry_delay => '2 hours', retry_backoff => 'constant')",
  );
  const local = 'to_char(p.local_time, $$YYYY-MM-DD HH24:MI$$)';
  test.equal(
    await database.value(`select ${local} from chime.preview(cron => '0 9 * * *', count => 1) p`),
    '2026-11-21 09:00',
  );
  test.strictSame(
    await database.value("select scheduled_for from chime.preview(cron => '0 9 * * *', count => 1)"),
    new Date('2026-11-21T00:00:00Z'),
  );
  test.strictSame(
    await database.value(
      "select scheduled_for from chime.preview(cron => '0 9 * * *', count => 1, timezone => 'UTC')",
    ),
    new Date('2026-11-21T09:00:00Z'),
  );
  test.equal(
    await database.value(`select ${local} from chime.preview(at => '2026-11-21T00:00:00Z'::timestamptz) p`),
    '2026-11-21 09:00',
  );
  test.equal(
    await database.value("select chime.describe(cron => '0 9 * * *')"),
    'at 09:00 every day, Asia/Tokyo time',
  );
  test.strictSame(
    await database.value(
      "select scheduled_for from chime.simulate_rule('2026-11-21', '2026-11-21 12:00', cron => '0 9 * * *')",
    ),
    new Date('2026-11-21T00:00:00Z'),
  );
  await database.rows("select chime.create_schedule(task => 'noop', cron => '0 9 * * *')");
  test.hasStrict(
    await database.row(
      `select timezone, max_retries, retry_delay::text, retry_backoff, retry_max_delay::text from chime.schedules`,
    ),
    {
      ...{ timezone: 'Asia/Tokyo', max_retries: 1, retry_delay: '02:00:00' },
      ...{ retry_backoff: 'constant', retry_max_delay: '02:00:00' },
    },
  );
});

t.test('runs without a schedule go by it as it is when they fail', async (test) => {
  const database = await createDatabase(test);
  await MovableNow.install(database, '2026-11-20T12:00:00Z');
  const { attempt, register, start, run } = attemptsOf(database);
  await register();
  await database.rows("select chime.create_event_handler(event => 'x', task => 'noop')");
  const raise = async () => {
    const event = await database.value("select id from chime.trigger_event('x')");
    return database.value<string>('select id from chime.runs where event_id = $1', [event]);
  };
  const first = await raise();
  test.match(await attempt(first, { outcome: 'failed', error: 'x' }), { status: 'retrying', retries: 3 });
  test.equal(await database.value('select chime_private.retries_left($1)', [first]), 2);
  await database.rows(
    "select chime.set_tenant_settings(timezone => 'Asia/Tokyo', max_retries => 1, retry_delay => '2 hours', retry_backoff => 'linear')",
  );
  test.equal(await database.value('select chime_private.retries_left($1)', [first]), 0);
  const second = await raise();
  test.equal(await database.value('select chime_private.retries_left($1)', [second]), 1);
  const ended = await attempt(second, { outcome: 'failed', error: 'x' });
  test.match(ended, { status: 'retrying', retry: 1, retries: 1 });
  const hours = (ended.wait_ms ?? 0) / 3_600_000;
  test.ok(hours >= 2 && hours <= 2.2, `${hours} hours`);
  await database.rows('select chime.set_tenant_settings(max_retries => 0)');
  const third = await raise();
  test.match(await start(await register(), [third]), [
    { local_time: '2026-11-20 21:00:00', timezone: 'Asia/Tokyo' },
  ]);
  await database.rows(
    "select chime_private.finish_runs(array[$1::uuid], '{1}', '{failed}', '{null}', '{null}', '{x}', '{null}', '{null}', '{null}')",
    [third],
  );
  test.match(await run(third), { status: 'failed' });
});
