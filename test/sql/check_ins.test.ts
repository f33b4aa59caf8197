// Daily check-ins: who gets one, when, and why not.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';

interface CheckIn {
  day: string;
  skip_reason: string | null;
  mapping: string | null;
}

/** Ann in Berlin, who gets her check-in at 09:00, and a Telegram chat of hers. */
async function setUp(
  test: Test,
  { zone = 'Europe/Berlin', at = '09:00', now: start = '2026-11-20T00:00:00Z' } = {},
) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, start);
  const user = async (subject: string) => {
    const { user_id: id } = await database.row<{ user_id: string }>(
      "select user_id from chime_private.sign_in('default', $1, 'user', $1)",
      [subject],
    );
    return id;
  };
  const ann = await user('ann');
  const set = (columns: string, ...values: unknown[]) =>
    database.rows(`update chime.users set ${columns} where id = $1`, [ann, ...values]);
  await database.rows('select chime.set_preferences(timezone => $2, user_id => $1)', [ann, zone]);
  await database.rows('select chime.complete_onboarding($1)', [ann]);
  await database.rows('select chime.set_check_in($2, user_id => $1)', [ann, at]);
  const map = async (context: string, heard: string | null = null) => {
    const { id } = await database.row<{ id: string }>(
      "select id from chime.map_channel('telegram', $2, $1)",
      [ann, context],
    );
    await database.rows('update chime.channel_mappings set heard_at = $2 where id = $1', [id, heard]);
    return id;
  };
  const tick = () => database.rows('select * from chime_private.tick()');
  return {
    ...{ database, now, ann, set, map, tick },
    /** Moves the clock there, fires what is due, and answers the check-ins that there are. */
    async at(instant: string): Promise<CheckIn[]> {
      await now.set(instant);
      await tick();
      return database.rows<CheckIn>(
        'select day::text, skip_reason, channel_mapping_id as mapping from chime.check_ins order by scheduled_for, created_at',
      );
    },
    runs: () =>
      database.rows<{ at: string; status: string; skip_reason: string | null; mapping: string | null }>(
        `select to_char(scheduled_for at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as at, status, skip_reason, channel_mapping_id as mapping
         from chime.runs order by scheduled_for`,
      ),
    schedule: () =>
      database.rows<{ cron: string; timezone: string; status: string }>(
        'select cron, timezone, status from chime.schedules where deleted_at is null',
      ),
  };
}

t.test('it comes at the time of the person, once a day', async (test) => {
  const { at, runs, map } = await setUp(test);
  const chat = await map('100');
  test.strictSame(await at('2026-11-20T07:59:59Z'), []);
  test.strictSame(await at('2026-11-20T08:00:00Z'), [
    { day: '2026-11-20', skip_reason: null, mapping: chat },
  ]);
  test.strictSame(await runs(), [
    { at: '2026-11-20 08:00', status: 'queued', skip_reason: null, mapping: chat },
  ]);
  test.equal((await at('2026-11-21T08:00:00Z')).length, 2);
});

t.test('the schedule follows the person in the same transaction', async (test) => {
  const { schedule, set, database, ann } = await setUp(test);
  test.strictSame(await schedule(), [{ cron: '0 9 * * *', timezone: 'Europe/Berlin', status: 'active' }]);
  await set("preferred_message_time = '07:30', timezone = 'Asia/Tokyo', check_in_days = '{7,1}'");
  test.strictSame(await schedule(), [{ cron: '30 7 * * 1,7', timezone: 'Asia/Tokyo', status: 'active' }]);
  await database.rows('select chime.block_user($1)', [ann]);
  test.match(await schedule(), [{ status: 'paused' }]);
  await database.rows('select chime.unblock_user($1)', [ann]);
  test.match(await schedule(), [{ status: 'active' }]);
  await set('onboarded_at = null');
  test.match(await schedule(), [{ status: 'paused' }]);
  await set("onboarded_at = '2026-11-20T00:00:00Z'");
  test.match(await schedule(), [{ status: 'active' }]);
  await set('preferred_message_time = null');
  test.strictSame(await schedule(), []);
  await set("preferred_message_time = '08:00'");
  await database.rows('select chime.delete_schedule(id) from chime.schedules where deleted_at is null');
  test.equal(
    await database.value('select preferred_message_time from chime.users'),
    null,
    'who deletes it wants none',
  );
});

t.test('what the person has paused stays so', async (test) => {
  const { schedule, set, database } = await setUp(test);
  await database.rows('select chime.pause_schedule(id) from chime.schedules');
  await set("preferred_message_time = '08:00'");
  test.strictSame(await schedule(), [{ cron: '0 8 * * *', timezone: 'Europe/Berlin', status: 'paused' }]);
});

t.test('people without a time zone have that of their tenant', async (test) => {
  const { schedule, set, database } = await setUp(test);
  await set('timezone = null');
  test.match(await schedule(), [{ timezone: 'UTC' }]);
  await database.rows("update chime.tenant_settings set timezone = 'Asia/Tokyo'");
  test.match(await schedule(), [{ timezone: 'Asia/Tokyo' }]);
});

t.test(
  'late, but inside the window, it is sent; outside it is skipped, and that is on record',
  async (test) => {
    const { at, runs } = await setUp(test);
    test.match(await at('2026-11-20T08:30:00Z'), [{ day: '2026-11-20', skip_reason: null }]);
    test.match(await at('2026-11-21T08:30:01Z'), [{}, { day: '2026-11-21', skip_reason: 'late' }]);
    test.match(
      await at('2026-11-22T23:00:00Z'),
      [{}, {}, { day: '2026-11-22', skip_reason: 'late' }],
      'longer than it is looked for',
    );
    test.match(await runs(), [
      { status: 'queued' },
      { status: 'skipped', skip_reason: 'not_wanted' },
      { skip_reason: 'missed' },
    ]);
  },
);

t.test('not to who is blocked, not onboarded or cannot be reached', async (test) => {
  const { at, database, map } = await setUp(test);
  const [first, second] = [await map('1', '2026-11-01T00:00:00Z'), await map('2', '2026-11-02T00:00:00Z')];
  test.match(await at('2026-11-20T08:00:00Z'), [{ mapping: second }], 'where they wrote last');
  await database.rows('select chime.block_mapping($1)', [second]);
  test.match((await at('2026-11-21T08:00:00Z')).at(-1), { mapping: first, skip_reason: null });
  await database.rows('select chime.block_mapping($1)', [first]);
  test.match((await at('2026-11-22T08:00:00Z')).at(-1), { mapping: null, skip_reason: 'unreachable' });
  await database.rows('select chime.resume_mapping($1)', [first]);
  test.match(
    (await at('2026-11-23T08:00:00Z')).at(-1),
    { mapping: first, skip_reason: null },
    'they have come back',
  );
});

t.test('where there is no channel it goes to the inbox', async (test) => {
  const { at, runs } = await setUp(test);
  test.match(await at('2026-11-20T08:00:00Z'), [{ mapping: null, skip_reason: null }]);
  test.match(await runs(), [{ status: 'queued', mapping: null }]);
});

t.test('by the order that the person prefers', async (test) => {
  const { at, map, database, ann } = await setUp(test);
  await map('1', '2026-11-19T00:00:00Z');
  const { id: whatsapp } = await database.row<{ id: string }>(
    "select id from chime.map_channel('whatsapp', '49', $1)",
    [ann],
  );
  await database.rows(
    "select chime.set_preferences(preferred_channels => '{whatsapp,telegram}', user_id => $1)",
    [ann],
  );
  test.match(await at('2026-11-20T08:00:00Z'), [{ mapping: whatsapp }]);
});

t.test('not in quiet hours, their own or those of their tenant', async (test) => {
  const { at, database, ann } = await setUp(test);
  await database.rows("select chime.set_quiet_hours('22:00', '09:30', $1)", [ann]);
  test.match(await at('2026-11-20T08:00:00Z'), [{ skip_reason: 'quiet_hours' }]);
  await database.rows('select chime.set_quiet_hours(user_id => $1)', [ann]);
  await database.rows("update chime.tenant_settings set quiet_from = '08:00', quiet_until = '10:00'");
  test.match((await at('2026-11-21T08:00:00Z')).at(-1), { skip_reason: null }, 'they want none');
  await database.rows('update chime.users set own_quiet_hours = false');
  test.match((await at('2026-11-22T08:00:00Z')).at(-1), { skip_reason: 'quiet_hours' });
});

t.test('not where they have spoken a short time before', async (test) => {
  const { at, map, database } = await setUp(test);
  await map('1', '2026-11-20T05:30:00Z');
  test.match((await at('2026-11-20T08:00:00Z')).at(-1), { skip_reason: null }, 'nobody has asked for it');
  await database.rows("update chime.tenant_settings set check_in_silence = '3 hours'");
  await database.rows("update chime.channel_mappings set heard_at = '2026-11-21T05:30:00Z'");
  test.match((await at('2026-11-21T08:00:00Z')).at(-1), { skip_reason: 'spoke_recently' });
  await database.rows("update chime.users set check_in_silence = '0'");
  await database.rows("update chime.channel_mappings set heard_at = '2026-11-22T07:59:00Z'");
  test.match(
    (await at('2026-11-22T08:00:00Z')).at(-1),
    { skip_reason: null },
    'to this person it does not matter',
  );
  await database.rows("update chime.users set check_in_silence = '2 hours'");
  await database.rows("update chime.channel_mappings set heard_at = '2026-11-23T05:59:00Z'");
  test.match((await at('2026-11-23T08:00:00Z')).at(-1), { skip_reason: null }, 'longer ago');
});

t.test('one a day, whatever changes in it', async (test) => {
  const { at, set } = await setUp(test);
  test.equal((await at('2026-11-20T08:00:00Z')).length, 1);
  await set("preferred_message_time = '15:00'");
  test.match(await at('2026-11-20T14:00:00Z'), [{}, { day: '2026-11-20', skip_reason: 'messaged_today' }]);
  // At noon they are in New York, where it is early in the morning of the same day.
  await set("preferred_message_time = '09:00'");
  test.match((await at('2026-11-21T08:00:00Z')).at(-1), { day: '2026-11-21', skip_reason: null });
  await set("timezone = 'America/New_York'");
  test.match((await at('2026-11-21T14:00:00Z')).at(-1), { day: '2026-11-21', skip_reason: 'messaged_today' });
  test.match((await at('2026-11-22T14:00:00Z')).at(-1), { day: '2026-11-22', skip_reason: null });
  // And in Tokyo, seven hours after that, on a day that has begun before it was sent.
  await set("timezone = 'Asia/Tokyo'");
  test.match((await at('2026-11-23T00:00:00Z')).at(-1), { day: '2026-11-23', skip_reason: null });
  await set("timezone = 'America/Los_Angeles'");
  test.match(
    (await at('2026-11-23T17:00:00Z')).at(-1),
    { day: '2026-11-23', skip_reason: 'messaged_today' },
    'the same date again',
  );
});

t.test('one skipped is none: later that day there may be one', async (test) => {
  const { at, set, database, ann } = await setUp(test);
  await database.rows("select chime.set_quiet_hours('22:00', '09:30', $1)", [ann]);
  test.match(await at('2026-11-20T08:00:00Z'), [{ skip_reason: 'quiet_hours' }]);
  await set("preferred_message_time = '12:00'");
  test.match(await at('2026-11-20T11:00:00Z'), [{}, { day: '2026-11-20', skip_reason: null }]);
});

t.test('a follow-up of that day counts', async (test) => {
  const { at, map, database } = await setUp(test);
  const chat = await map('1');
  await database.rows(
    "select chime.schedule_follow_up('2026-11-20 08:00', 'Hello', 'r', 'Europe/Berlin', $1)",
    [chat],
  );
  await at('2026-11-20T07:00:00Z');
  test.match((await at('2026-11-20T08:00:00Z')).at(-1), { skip_reason: 'messaged_today' });
  test.match((await at('2026-11-21T08:00:00Z')).at(-1), { skip_reason: null });
});

t.test('09:00 stays 09:00 over clock changes, and a time in a gap or a fold comes once', async (test) => {
  for (const [zone, at, days] of [
    ['Europe/Berlin', '09:00', ['2026-03-28 08:00', '2026-03-29 07:00', '2026-03-30 07:00']],
    ['Europe/Berlin', '02:30', ['2026-03-28 01:30', '2026-03-29 01:00', '2026-03-30 00:30']],
    ['Europe/Berlin', '02:30', ['2026-10-24 00:30', '2026-10-25 00:30', '2026-10-26 01:30']],
    ['America/New_York', '01:30', ['2026-10-31 05:30', '2026-11-01 05:30', '2026-11-02 06:30']],
    ['America/New_York', '02:15', ['2026-03-07 07:15', '2026-03-08 07:00', '2026-03-09 06:15']],
    ['Australia/Lord_Howe', '02:10', ['2026-10-02 15:40', '2026-10-03 15:30', '2026-10-04 15:10']],
    ['Pacific/Apia', '09:00', ['2028-02-27 20:00', '2028-02-28 20:00', '2028-02-29 20:00']],
  ] as const) {
    const first = days[0].slice(0, 10);
    const { database, now, tick, runs } = await setUp(test, { zone, at, now: `${first}T00:00:00Z` });
    for (let hour = 0; hour < 78; hour++) {
      await tick();
      await now.advance('1 hour');
      const [{ sent }] = (await database.rows('select count(*)::integer as sent from chime.check_ins')) as [
        { sent: number },
      ];
      if (sent === 3) break;
    }
    test.match(
      await runs(),
      days.map((each) => ({ at: each })),
      `${zone} ${at}`,
    );
    test.equal(
      await database.value(
        "select count(*)::integer from chime.check_ins where skip_reason is null or skip_reason = 'late'",
      ),
      3,
    );
  }
});

t.test('a restart between any two steps sends none twice', async (test) => {
  const { at, database, tick } = await setUp(test);
  await at('2026-11-20T08:00:00Z');
  await Promise.all(Array.from({ length: 5 }, tick));
  test.equal(await database.value('select count(*)::integer from chime.runs'), 1);
  await test.rejects(
    database.rows(
      `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, created_at)
       select gen_random_uuid(), tenant_id, user_id, schedule_id, gen_random_uuid(), day, scheduled_for, created_at from chime.check_ins`,
    ),
    { code: '23505' },
    'the database itself holds it',
  );
});

t.test('what the index holds counts, whatever was seen before', async (test) => {
  const { at, database, ann, runs } = await setUp(test);
  await database.rows(
    `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, created_at)
     select gen_random_uuid(), s.tenant_id, $1, s.id, gen_random_uuid(), '2026-11-20', chime.now(), '2026-01-01' from chime.schedules s`,
    [ann],
  );
  test.match((await at('2026-11-20T08:00:00Z')).at(-1), { day: '2026-11-20', skip_reason: 'messaged_today' });
  test.match(await runs(), [{ status: 'skipped' }]);
});

t.test('run by hand, it comes whatever there was, and counts for no day', async (test) => {
  const { at, database, runs } = await setUp(test);
  await at('2026-11-20T08:00:00Z');
  await database.rows('select chime.run_now(id, allow_overlap => true) from chime.schedules');
  test.equal((await runs()).length, 2);
  test.equal(await database.value('select count(*)::integer from chime.check_ins'), 1);
});

t.test('what is refused', async (test) => {
  const { database, ann } = await setUp(test);
  const refused = (sql: string, code: string) =>
    test.rejects(database.rows(sql, sql.includes('$1') ? [ann] : []), { code }, sql);
  await refused("select chime.set_check_in('09:00:30', user_id => $1)", 'CH007');
  await refused("select chime.set_check_in('24:00', user_id => $1)", 'CH007');
  await refused("select chime.set_check_in('09:00', '{8}', user_id => $1)", 'CH007');
  await refused("select chime.set_check_in('09:00', '{}', user_id => $1)", 'CH007');
  await refused("select chime.set_check_in('09:00', null, '8 days', $1)", 'CH007');
  await refused("select chime.set_check_in('09:00', user_id => gen_random_uuid())", 'CH015');
  await refused('select chime.complete_onboarding(gen_random_uuid())', 'CH015');
  await refused("select chime.set_preferences(place => repeat('x', 101), user_id => $1)", 'CH007');
  await refused("select chime.set_preferences(preferred_channels => '{Telegram}', user_id => $1)", 'CH007');
});

t.test('what is remembered of a person', async (test) => {
  const { database, ann } = await setUp(test);
  const context = () =>
    database.value<{ facts: { text: string; at: string }[]; situations: { text: string }[] }>(
      'select context from chime.users',
    );
  const remember = (text: string, ongoing = false) =>
    database.rows('select chime.remember($2, $3, $1)', [ann, text, ongoing]);
  await remember(' Has a dog ');
  await remember('Looks for a flat', true);
  test.strictSame(await context(), {
    facts: [{ text: 'Has a dog', at: '2026-11-20T00:00:00.000000Z' }],
    situations: [{ text: 'Looks for a flat', at: '2026-11-20T00:00:00.000000Z' }],
  });
  for (let number = 0; number < 40; number++) await remember(`fact ${number}`);
  await remember('fact 20');
  const { facts } = await context();
  test.equal(facts.length, 30);
  test.equal(facts.at(-1)?.text, 'fact 20', 'what is learnt again is new');
  test.equal(facts.filter(({ text }) => text === 'fact 20').length, 1);
  for (let number = 0; number < 30; number++) await remember(`${number} ${'я'.repeat(490)}`);
  test.ok(JSON.stringify(await context()).length < 20_000);
  test.match((await context()).facts.at(-1)?.text, /^29 я/);
  await test.rejects(remember(' '), { code: 'CH007' });
  await test.rejects(remember('x'.repeat(501)), { code: 'CH007' });
  const set = (value: unknown) =>
    database.rows('select chime.set_context($2, $1)', [ann, JSON.stringify(value)]);
  await set({ facts: [{ text: 'A', at: '2026-11-20T00:00:00Z' }] });
  test.strictSame(await context(), { facts: [{ text: 'A', at: '2026-11-20T00:00:00Z' }], situations: [] });
  for (const wrong of [
    [],
    { other: [] },
    { facts: {} },
    { facts: ['A'] },
    { facts: [{ text: 'A' }] },
    { facts: [{ text: 'A', at: 'soon' }] },
    { facts: [{ text: '', at: '2026-11-20T00:00:00Z' }] },
    { facts: Array.from({ length: 31 }, () => ({ text: 'A', at: '2026-11-20T00:00:00Z' })) },
  ])
    await test.rejects(set(wrong), { code: 'CH007' }, JSON.stringify(wrong));
});

t.test('a new tenant has settings', async (test) => {
  const { database } = await setUp(test);
  await database.rows("select chime.create_tenant('acme')");
  test.equal(await database.value('select count(*)::integer from chime.tenant_settings'), 2);
});
