// How long follow-ups and check-ins are kept: by the settings of their tenant, from their end on, and nothing that is not over.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { upkeepOf } from '../support/history.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test, at = '2026-03-02 00:00Z') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  const short = shorthand(database);
  await short.tick();
  const other = await database.value<string>("select id from chime.create_tenant('other')");
  const people = {
    ann: await person(database, defaultTenant, 'ann'),
    zoe: await person(database, other, 'zoe'),
  };
  type Name = keyof typeof people;
  /** A follow-up of somebody, said at a time; answers its schedule. */
  const followUp = async (who: Name, reason: string, time: string) => {
    const [row] = await as<{ schedule_id: string }>(
      database,
      people[who],
      'select schedule_id from chime.schedule_follow_up($1, $2, $2)',
      [time, reason],
    );
    return row?.schedule_id as string;
  };
  const settle = async () => {
    while ((await short.tick()).fired > 0);
    await short.finishAll();
    await database.rows(
      `update chime.deliveries set status = 'sending', sender_id = gen_random_uuid(), claimed_until = chime.now(), due_at = null where status = 'pending';
       update chime.deliveries set status = 'failed', failure_reason = 'x', finished_at = chime.now(), sender_id = null, claimed_until = null where status = 'sending'`,
    );
  };
  return {
    ...{ database, now, people, followUp, settle, ...short, ...upkeepOf(database), ...attemptsOf(database) },
    cancel: (who: Name, schedule: string) =>
      as(database, people[who], 'select chime.delete_schedule($1)', [schedule]),
    /** What follow-ups there are, and which of their schedules. */
    kept: () =>
      database.value<string>(
        "select coalesce(string_agg(f.reason, ' ' order by f.reason), '') from chime.follow_ups f join chime.schedules s on s.id = f.schedule_id",
      ),
    schedules: () =>
      database.value<string>(
        "select coalesce(string_agg(s.name, ' ' order by s.name), '') from chime.schedules s",
      ),
  };
}

t.test('executed, cancelled and pending ones, of two tenants', async (test) => {
  const { database, now, people, followUp, cancel, settle, maintain, kept, schedules } = await setUp(test);
  await as(
    database,
    { ...people.zoe, role: 'admin' },
    "select chime.set_tenant_settings(keep_executed => '5 days', keep_cancelled => '60 days')",
  );
  for (const who of ['ann', 'zoe'] as const) {
    await followUp(who, `${who}-executed`, '2026-03-02T01:00:00Z');
    await cancel(who, await followUp(who, `${who}-cancelled`, '2026-05-01T01:00:00Z'));
    await followUp(who, `${who}-pending`, '2027-03-02T01:00:00Z');
  }
  await now.set('2026-03-02 01:00Z');
  await settle();
  await maintain();
  const all = 'ann-cancelled ann-executed ann-pending zoe-cancelled zoe-executed zoe-pending';
  test.equal(await kept(), all);
  await now.set('2026-03-07 00:59Z');
  await maintain();
  test.equal(await kept(), all, 'until its time is over');
  await now.set('2026-03-07 01:01Z');
  await maintain();
  test.equal(await kept(), 'ann-cancelled ann-executed ann-pending zoe-cancelled zoe-pending');
  test.match(await schedules(), /zoe-executed/, 'its schedule is there as long as its run');
  test.ok(
    await database.value(
      "select deleted_at = '2026-03-02 01:00Z' from chime.schedules where name = 'zoe-executed'",
    ),
    'as one that was deleted when it was done',
  );
  await now.set('2026-03-09 00:01Z');
  await maintain();
  test.equal(await kept(), 'ann-executed ann-pending zoe-cancelled zoe-pending');
  test.notMatch(await schedules(), /ann-cancelled/, 'without a run its schedule goes with it');
  await now.set('2026-04-13 00:00Z');
  await maintain();
  test.equal(
    await kept(),
    'ann-pending zoe-cancelled zoe-pending',
    'though its schedule was deleted, as long as its tenant says',
  );
  test.equal(await schedules(), 'ann-pending zoe-cancelled zoe-pending');
  await now.set('2026-05-02 00:01Z');
  await maintain();
  test.equal(await kept(), 'ann-pending zoe-pending');
  test.strictSame(
    await database.rows(
      'select schedule_id from chime.schedule_totals where schedule_id not in (select id from chime.schedules)',
    ),
    [],
  );
});

t.test('what is not over stays', async (test) => {
  const { database, now, people, followUp, settle, tick, maintain, kept, finishAll } = await setUp(test);
  await followUp('ann', 'queued', '2026-03-02T01:00:00Z');
  const goesOn = await followUp('ann', 'goes-on', '2026-03-02T01:00:00Z');
  await as(database, people.ann, 'select chime.update_schedule($1, $2)', [
    goesOn,
    { cron: '0 1 * * *', at: null },
  ]);
  await now.set('2026-03-02 01:00Z');
  await tick();
  await now.set('2026-05-20 00:00Z');
  await maintain();
  test.equal(await kept(), 'goes-on queued', 'a run that waits, a schedule that fires');
  await finishAll();
  await database.rows(
    `insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, status, output_hash, created_at)
     select gen_random_uuid(), r.tenant_id, r.owner_id, r.id, r.schedule_id, m.id, 'web', 99, 'pending', '', chime.now()
     from chime.runs r join chime.schedules s on s.id = r.schedule_id, chime_private.ensure_mapping(r.tenant_id, 'web', 'x', r.owner_id) m where s.name = 'queued'`,
  );
  await maintain();
  test.equal(await kept(), 'goes-on queued', 'a message that is not sent');
  await settle();
  await maintain();
  test.equal(await kept(), 'goes-on');
});

t.test('what tells that somebody was written to stays for days', async (test) => {
  const { database, now, people, followUp, settle, maintain, kept } = await setUp(test);
  await as(
    database,
    { ...people.ann, role: 'admin' },
    "select chime.set_tenant_settings(keep_executed => '1 hour', keep_cancelled => '1 hour')",
  );
  await followUp('ann', 'executed', '2026-03-02T01:00:00Z');
  await now.set('2026-03-02 01:00Z');
  await settle();
  await database.rows(
    `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, skip_reason, created_at)
     select gen_random_uuid(), $1, $2, gen_random_uuid(), gen_random_uuid(), '2026-03-02', chime.now(), r, chime.now() from unnest('{null,late}'::text[]) r`,
    [defaultTenant, people.ann.userId],
  );
  const checkIns = () =>
    database.value(
      "select string_agg(coalesce(skip_reason, 'sent'), ' ' order by skip_reason) from chime.check_ins",
    );
  await now.set('2026-03-05 00:59Z');
  await maintain();
  test.equal(await kept(), 'executed');
  test.equal(await checkIns(), 'sent', 'who was not written to does not matter');
  await now.set('2026-03-05 01:01Z');
  await maintain();
  test.equal(await kept(), '');
  test.equal(await checkIns(), null);
});

t.test('check-ins by their tenant, and not while one is under way', async (test) => {
  const { database, now, people, maintain } = await setUp(test, '2026-03-20 00:00Z');
  await as(
    database,
    { ...people.zoe, role: 'admin' },
    "select chime.set_tenant_settings(keep_executed => '40 days', keep_cancelled => '1 day')",
  );
  for (const { tenantId, userId, name } of Object.values(people)) {
    await database.rows(
      `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, skip_reason, created_at)
       select md5($3 || d || coalesce(r, ''))::uuid, $1, $2, gen_random_uuid(), md5($3 || d || coalesce(r, ''))::uuid, date '2026-03-20' - d, chime.now() - make_interval(days => d), r,
         chime.now() - make_interval(days => d)
       from generate_series(0, 50) d, unnest('{null,late}'::text[]) r`,
      [tenantId, userId, name],
    );
  }
  await database.rows(
    `insert into chime.runs (id, tenant_id, owner_id, task, payload, trigger, scheduled_for, due_at, status, created_at)
     values (md5('ann45')::uuid, $1, $2, 'noop', '{}', 'manual', chime.now(), chime.now(), 'queued', chime.now())`,
    [defaultTenant, people.ann.userId],
  );
  await now.advance('1 minute');
  await maintain();
  test.strictSame(
    await database.rows(
      `select u.subject, c.skip_reason, count(*)::integer, max(date '2026-03-20' - c.day) as oldest from chime.check_ins c join chime.users u on u.id = c.user_id
       group by 1, 2 order by 1, 2 nulls first`,
    ),
    [
      { subject: 'ann', skip_reason: null, count: 31, oldest: 45 },
      { subject: 'ann', skip_reason: 'late', count: 7, oldest: 6 },
      { subject: 'zoe', skip_reason: null, count: 40, oldest: 39 },
      { subject: 'zoe', skip_reason: 'late', count: 1, oldest: 0 },
    ],
  );
});

t.test('in bites', async (test) => {
  const { database, now, people, maintain } = await setUp(test);
  await database.rows(`select chime.set_tenant_settings(follow_up_limit => 1000)`);
  await as(
    database,
    people.ann,
    `select chime.delete_schedule((chime.schedule_follow_up('2026-05-01T01:00:00Z', 'x', 'x')).schedule_id) from generate_series(1, 450)`,
  );
  await now.set('2026-03-10 00:00Z');
  const bite = () => database.value<number>('select chime_private.forget_people_records(chime.now(), 200)');
  test.strictSame([await bite(), await bite()], [200, 200]);
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 50);
  const held = await database.connect(test);
  await held.query('begin');
  await held.query('select from chime.schedules order by id limit 1 for update');
  test.equal(await bite(), 49, 'what somebody is at is left for the next time');
  await held.query('rollback');
  await maintain();
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 0);
});

t.test('meetings, with their reminders', async (test) => {
  const { database, now, people, settle, maintain, schedules } = await setUp(test);
  const book = (title: string, at: string) =>
    as<{ id: string }>(database, people.ann, 'select id from chime.book_meeting($1, $2)', [title, at]);
  await book('past', '2026-03-03T10:00:00Z');
  await book('ahead', '2027-03-03T10:00:00Z');
  const [off] = await book('off', '2027-03-03T10:00:00Z');
  await as(database, people.ann, 'select chime.cancel_meeting($1)', [off?.id]);
  const titles = () =>
    database.value<string>("select string_agg(m.title, ' ' order by m.title) from chime.meetings m");
  for (const time of ['2026-03-02 10:00Z', '2026-03-03 09:00Z']) {
    await now.set(time);
    await settle();
  }
  await now.set('2026-03-08 23:59Z');
  await maintain();
  test.equal(await titles(), 'ahead off past');
  await now.set('2026-03-09 00:01Z');
  await maintain();
  test.equal(await titles(), 'ahead past', 'cancelled a week ago');
  test.notMatch(await schedules(), /off/);
  await now.set('2026-04-02 10:59Z');
  await maintain();
  test.equal(await titles(), 'ahead past');
  await now.set('2026-04-02 11:01Z');
  await maintain();
  test.equal(await titles(), 'ahead', 'over for thirty days');
  await now.set('2026-04-10 11:01Z');
  await maintain();
  test.equal(await schedules(), 'ahead ahead', 'and the runs of its reminders');
});
