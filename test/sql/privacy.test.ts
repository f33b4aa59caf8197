// What is known of a person: all of it is theirs to take along, and all of it goes when they want to be forgotten.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { contentWithout, fill, tablesWith } from '../support/belongings.ts';
import { createDatabase } from '../support/database.ts';
import { upkeepOf } from '../support/history.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { until } from '../support/until.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const admin = await person(database, defaultTenant, 'admin', 'admin');
  await attemptsOf(database).register(['noop', 'remind', 'check_in']);
  await database.rows(
    `select chime_private.register_channels('[{"id": "telegram", "is_ordered": true, "is_repeatable": false, "is_open": false,
       "limits": [{"by": "^(.*)$", "most": 20, "per_ms": 1000}, {"by": null, "most": 30, "per_ms": 1000}], "retry_waits": []}]')`,
  );
  // The tenant's own, which answers the events of all.
  await database.rows(
    `select chime.create_event_handler(event => 'thing.*', task => 'noop', payload => '{"copy": "{{payload.text}}"}'),
       chime.create_event_handler(event => 'chime.*', task => 'noop', payload => '{"copy": "{{payload}}"}')`,
  );
  const ann = await fill(database, admin, 'annqx');
  const bob = await fill(database, admin, 'bobqx');
  return { database, admin, ann, bob };
}

t.test('a person with everything is forgotten, and nobody else', async (test) => {
  const { database, ann, bob } = await setUp(test);
  const before = await tablesWith(database, 'annqx');
  for (const table of [
    ...[
      'users',
      'schedules',
      'schedule_revisions',
      'runs',
      'run_logs',
      'run_attempts',
      'events',
      'event_handlers',
    ],
    ...['follow_ups', 'channel_mappings', 'api_tokens', 'webhooks', 'meetings', 'calendar_feeds'],
  ])
    test.ok(before[`chime.${table}`], `there is something in ${table}`);
  for (const table of [
    'conversations',
    'updates',
    'replies',
    'channel_sessions',
    'schedule_words',
    'sends',
    'send_pauses',
  ])
    test.ok(before[`chime_private.${table}`], `there is something in ${table}`);
  const owned = (user: string) =>
    database.row(
      `select (select count(*)::integer from chime.deliveries where owner_id = $1) as deliveries,
         (select count(*)::integer from chime.check_ins where user_id = $1) as check_ins,
         (select count(*)::integer from chime_private.schedule_authors where person_id = $1) as authors,
         (select count(*)::integer from chime_private.event_waits w join chime.event_handlers h on h.id = w.handler_id where h.owner_id = $1) as waits`,
      [user],
    );
  test.ok(Object.values(await owned(ann.identity.userId)).every((count) => Number(count) > 0));
  const others = await owned(bob.identity.userId);
  const bobs = await tablesWith(database, 'bobqx');
  const bobsExport = () =>
    database.value<object>("select chime.export_person($1) - 'exported_at'", [bob.identity.userId]);
  const bobHas = await bobsExport();
  const rest = await contentWithout(database, ['annqx', ann.identity.userId, 'bobqx']);

  const counts = await as<{ counts: Record<string, number> }>(
    database,
    ann.identity,
    'select chime.forget_person() as counts',
  );
  test.match(counts, [
    {
      counts: {
        ...{ schedules: 7, runs: 6, follow_ups: 2, check_ins: 1, events: 2, event_handlers: 2 },
        ...{
          meetings: 1,
          calendar_feeds: 1,
          api_tokens: 1,
          webhooks: 1,
          channel_mappings: 4,
          conversations: 3,
        },
      },
    },
  ]);
  test.ok((counts[0]?.counts.deliveries ?? 0) > 0);
  test.strictSame(await tablesWith(database, 'annqx'), {}, 'no table says anything of her');
  test.ok(Object.values(await owned(ann.identity.userId)).every((count) => count === 0));
  test.match(
    await tablesWith(database, ann.identity.userId),
    { 'chime.users': 1 },
    'but that there was somebody',
  );
  test.hasStrict(await database.row("select * from chime.users where subject like 'forgotten:%'"), {
    ...{
      id: ann.identity.userId,
      status: 'forgotten',
      name: null,
      locale: null,
      timezone: null,
      place: null,
    },
    ...{ quiet_from: null, preferred_message_time: null, onboarded_at: null, preferred_channels: [] },
    context: { facts: [], situations: [] },
  });

  test.strictSame(await owned(bob.identity.userId), others);
  test.strictSame(await tablesWith(database, 'bobqx'), bobs, "another person's data is untouched");
  test.strictSame(await bobsExport(), bobHas);
  const now = await contentWithout(database, ['annqx', ann.identity.userId, 'bobqx', 'forgotten']);
  for (const table of [
    'chime.tasks',
    'chime.tenants',
    'chime.tenant_settings',
    'chime.run_hours',
    'chime_private.workers',
  ])
    test.equal(now[table], rest[table], table);
  test.strictSame(
    await database.rows(
      `select u.run_id from chime_private.unfinished_runs u where not exists (select from chime.runs r where r.id = u.run_id)
       union all select s.run_id from chime_private.slot_runs s where not exists (select from chime.runs r where r.id = s.run_id)
       union all select s.run_id from chime_private.unsuccessful_runs s where not exists (select from chime.runs r where r.id = s.run_id)`,
    ),
    [],
    'nothing hangs in the air',
  );
  await database.rows('select * from chime_private.tick()');
  test.strictSame(await tablesWith(database, 'annqx'), {}, 'nothing comes of it later');
});

t.test('whoever works for them at that moment leaves nothing', async (test) => {
  const { database, ann } = await setUp(test);
  const { finish } = attemptsOf(database);
  const { id, attempt, worker } = ann.running;
  const listener = await database.connect(test);
  const told: string[] = [];
  listener.on('notification', ({ payload }) => told.push(payload ?? ''));
  await listener.query('listen chime_worker');
  await database.rows('select chime.forget_person($1)', [ann.identity.userId]);
  await until(async () => told.includes(worker));
  const cancelled = () =>
    database.value('select count(*)::integer from chime_private.cancelled_runs($1) where run_id = $2', [
      worker,
      id,
    ]);
  test.equal(await cancelled(), 1, 'its worker is told to end the run');
  await database.rows(
    "select chime_private.write_logs(array[$1::uuid], array[$2::integer], '{9}', '{info}', '{annqx}', '{null}', array[chime.now()])",
    [id, attempt],
  );
  test.strictSame(
    await finish([{ id, attempt, output: 'annqx', result: JSON.stringify({ text: 'annqx' }) }]),
    [],
  );
  test.strictSame(await finish([{ id, attempt, outcome: 'failed', error: 'annqx', output: 'annqx' }]), []);
  test.ok(ann.sending.length > 0);
  test.strictSame(
    await database.value('select chime_private.finish_deliveries($1)', [
      JSON.stringify(
        ann.sending.map((sent) => ({ ...sent, outcome: 'sent', external_id: 'annqx', parts: 2 })),
      ),
    ]),
    [],
  );
  test.strictSame(await tablesWith(database, 'annqx'), {});
  test.equal(await database.value('select count(*)::integer from chime.runs where id = $1', [id]), 0);
  await database.rows("update chime_private.forgotten_runs set until = '-infinity'");
  await upkeepOf(database).maintain();
  test.equal(await cancelled(), 0, 'not for ever');
});

t.test('who comes back is somebody new; nobody else may write for who is gone', async (test) => {
  const { database, ann, admin } = await setUp(test);
  const { userId } = ann.identity;
  await database.rows('select chime.forget_person($1)', [userId]);
  for (const sql of [
    "select chime.create_schedule(task => 'noop', cron => '0 9 * * *')",
    "select chime.create_event_handler(event => 'x', task => 'noop')",
    "select chime.create_webhook('https://example.com/')",
    "select chime.set_preferences(locale => 'ru')",
    "select chime.remember('annqx')",
  ])
    await test.rejects(as(database, ann.identity, sql), { code: 'CH041' }, sql);
  await test.rejects(as(database, admin, "select chime.map_channel('telegram', 'annqx', $1)", [userId]), {
    code: 'CH041',
  });
  await test.rejects(as(database, admin, 'select chime.unblock_user($1)', [userId]), { code: 'CH013' });
  const again = await database.row<{ user_id: string; draft: unknown; mapping_status: string }>(
    "select * from chime_private.hear('telegram', 'annqx', false, 'annqx', 'Ann', 'en')",
  );
  test.not(again.user_id, userId);
  test.match(again, { draft: null, mapping_status: 'active' });
  test.strictSame(
    await database.rows(
      "select count(*)::integer as users from chime.users where subject = 'telegram:annqx'",
    ),
    [{ users: 1 }],
  );
  await database.rows(
    "insert into chime.events (id, tenant_id, owner_id, name, payload, handler_count, depth, actor, created_at) values (gen_random_uuid(), $1, $2, 'x', '{}', 0, 0, 'x', chime.now())",
    [defaultTenant, userId],
  );
  await upkeepOf(database).maintain();
  test.equal(
    await database.value('select count(*)::integer from chime.events where owner_id = $1', [userId]),
    0,
    'what got in at the last moment goes with the next pass',
  );
});

t.test('for the person, and for administrators', async (test) => {
  const { database, ann, bob, admin } = await setUp(test);
  for (const call of ['export_person', 'forget_person']) {
    await test.rejects(as(database, bob.identity, `select chime.${call}($1)`, [ann.identity.userId]), {
      code: 'CH015',
    });
    const other = await database.value<string>('select id from chime.create_tenant($1)', [call]);
    const stranger = await person(database, other, 'boss', 'admin');
    await test.rejects(as(database, stranger, `select chime.${call}($1)`, [ann.identity.userId]), {
      code: 'CH015',
    });
    await test.rejects(database.rows(`select chime.${call}()`), { code: 'CH015' });
  }
  await as(database, admin, 'select chime.forget_person($1)', [bob.identity.userId]);
  test.strictSame(await tablesWith(database, 'bobqx'), {});
  test.match(
    await as(database, admin, 'select chime.forget_person($1) as counts', [bob.identity.userId]),
    [{ counts: { schedules: 0, runs: 0 } }],
    'again does no harm',
  );
});

t.test('export: all of it, without secrets', async (test) => {
  const { database, ann } = await setUp(test);
  const [row] = await as<{ all: Record<string, Record<string, unknown>[]> }>(
    database,
    ann.identity,
    'select chime.export_person() as all',
  );
  const all = row?.all ?? {};
  test.match(all.person, {
    subject: 'telegram:annqx',
    place: 'annqx',
    timezone: 'Europe/Berlin',
    context: { facts: [{ text: 'annqx' }] },
  });
  for (const [section, least] of Object.entries({
    ...{
      schedules: 4,
      schedule_revisions: 5,
      runs: 6,
      deliveries: 2,
      follow_ups: 2,
      check_ins: 1,
      events: 1,
    },
    ...{
      event_handlers: 2,
      channel_mappings: 3,
      webhooks: 1,
      api_tokens: 1,
      conversations: 3,
      schedules_of_groups: 1,
    },
  }))
    test.ok((all[section]?.length ?? 0) >= least, `${section}: ${all[section]?.length}`);
  test.ok(
    all.schedules?.some(
      (each) => each.rule_in_words === 'every hour' || /hour/.test(String(each.rule_in_words)),
    ),
  );
  test.ok(all.runs?.some((run) => run.output === 'annqx' && (run.logs as unknown[]).length === 1));
  test.ok(all.runs?.some((run) => (run.attempts as unknown[]).length === 1));
  test.notMatch(JSON.stringify(all), /"hash"|bobqx|"tenant_id"/);
});

t.test('ten thousand runs', async (test) => {
  const { database, ann, bob } = await setUp(test);
  await database.rows(
    `insert into chime.runs (id, tenant_id, owner_id, schedule_id, task, payload, trigger, scheduled_for, due_at, status, attempt, started_at, finished_at, output, created_at)
     select chime_private.new_id(chime.now() - n * interval '1 minute'), $1, $2, $3, 'noop', '{}', 'manual', chime.now(), chime.now(), 'succeeded', 1, chime.now(), chime.now(),
       repeat('annqx ', 100), chime.now()
     from generate_series(1, 10000) n`,
    [defaultTenant, ann.identity.userId, ann.schedule],
  );
  test.ok(
    (await database.value<number>("select jsonb_array_length(chime.export_person($1) -> 'runs')", [
      ann.identity.userId,
    ])) > 10_000,
  );
  const { counts } = await database.row<{ counts: { runs: number } }>(
    'select chime.forget_person($1) as counts',
    [ann.identity.userId],
  );
  test.ok(counts.runs > 10_000);
  test.equal(
    await database.value('select count(*)::integer from chime.runs where owner_id = $1', [
      ann.identity.userId,
    ]),
    0,
  );
  test.ok(
    (await database.value<number>('select count(*)::integer from chime.runs where owner_id = $1', [
      bob.identity.userId,
    ])) > 0,
  );
});

t.test('what somebody had before, and gave away', async (test) => {
  const { database, ann, bob, admin } = await setUp(test);
  const schedules = [ann, bob].map(({ schedule }) => schedule);
  const owners = [bob, ann].map(({ identity }) => identity.userId);
  for (const [index, schedule] of schedules.entries())
    await as(database, admin, 'select chime.update_schedule($1, $2)', [
      schedule,
      { owner_id: owners[index], channel_mapping_id: null },
    ]);
  const bobsRuns = () =>
    database.value('select count(*)::integer from chime.runs where owner_id = $1', [bob.identity.userId]);
  const had = await bobsRuns();
  await database.rows('select chime.forget_person($1)', [ann.identity.userId]);
  test.equal(await bobsRuns(), had, 'runs stay with whose they were');
  test.hasStrict(await database.row('select * from chime.schedules where id = $1', [schedules[1]]), {
    ...{ owner_id: null, name: 'noop', description: null, payload: {}, status: 'cancelled', tags: [] },
  });
  test.hasStrict(await database.row('select * from chime.schedules where id = $1', [schedules[0]]), {
    owner_id: bob.identity.userId,
  });
});

t.test('a message of the same person at the same moment', async (test) => {
  const { database, ann } = await setUp(test);
  const { userId } = ann.identity;
  const hear =
    "select user_id from chime_private.hear('telegram', 'annqx', false, 'annqx', 'Other name', 'en')";
  const [first, second] = [await database.connect(test), await database.connect(test)];
  // It was there before: forgetting waits for it, and takes along what it leads to.
  await first.query('begin');
  await first.query(hear);
  const forgotten = second.query('select chime.forget_person($1)', [userId]);
  await until(() => database.value('select exists (select from pg_locks where not granted)'));
  await first.query('commit');
  await forgotten;
  test.strictSame(await tablesWith(database, 'annqx'), {});

  // It comes while somebody is being forgotten: it waits, and is then of nobody.
  const { rows } = await first.query<{ user_id: string }>(hear);
  const next = rows[0]?.user_id as string;
  await second.query('begin');
  await second.query('select chime.forget_person($1)', [next]);
  const heard = first.query(hear).catch((error: unknown) => error);
  const inGroup = database.pool
    .query("select chime_private.hear('telegram', '-100200', true, 'annqx', 'Other name', 'en')")
    .catch((error: unknown) => error);
  await until(
    async () =>
      (await database.value<number>(
        'select count(distinct pid)::integer from pg_locks where not granted',
      )) === 2,
  );
  await second.query('commit');
  test.match(await heard, { code: 'CH041' });
  test.match(await inGroup, { code: 'CH041' });
  test.strictSame(await tablesWith(database, 'annqx'), {});
  const { rows: last } = await first.query<{ user_id: string }>(hear);
  test.not(last[0]?.user_id, next, 'said again it is of somebody new');
});

t.test('a schedule that they create at the same moment', async (test) => {
  const { database, ann } = await setUp(test);
  const [first, second] = [await database.connect(test), await database.connect(test)];
  await first.query('begin');
  await first.query('select chime.forget_person($1)', [ann.identity.userId]);
  await second.query(`select set_config('chime.user_id', $1, false)`, [ann.identity.userId]);
  const created = second
    .query("select chime.create_schedule(task => 'noop', cron => '0 9 * * *', name => 'annqx')")
    .catch((error: unknown) => error);
  await until(() => database.value('select exists (select from pg_locks where not granted)'));
  await first.query('commit');
  test.match(await created, { code: 'CH041' });
  test.strictSame(await tablesWith(database, 'annqx'), {});
});
