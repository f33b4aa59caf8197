// Two tenants with people in them, each of whom has left something in every table: what each made bears its name.
import { asIdentity, type Identity } from '../../src/api/identity.ts';
import { attemptsOf } from './attempts.ts';
import type { TestDatabase } from './database.ts';
import { defaultTenant, person } from './identities.ts';

export interface Left {
  schedule: string;
  queued: string;
  failed: string;
  handler: string;
  mapping: string;
  webhook: string;
  followUp: string;
  checkIn: string;
  meeting: string;
  /** One that is in the inbox, and one that failed. */
  deliveries: [sent: string, failed: string];
  user: string;
  token: string;
  feed: string;
}

/** What somebody has; that of an administrator is the tenant's own. */
export interface Maker {
  identity: Identity;
  left: Left;
}

async function leave(
  database: TestDatabase,
  identity: Identity,
  admin: Identity,
  worker: string,
): Promise<Left> {
  const { start, finish } = attemptsOf(database);
  const { name: mark, tenantId } = identity;
  // What an administrator makes is its own only where a user is named.
  const maker = identity === admin ? { ...identity, userId: null } : identity;
  const call = (who: Identity, sql: string, values: unknown[]): Promise<string> =>
    asIdentity(database.pool, who, 'rest', async (client) => {
      const { rows } = await client.query<{ id: string }>(sql, values);
      return rows[0]?.id as string;
    });
  const schedule = await call(
    maker,
    `select id from chime.create_schedule(task => $1, key => $1, name => $1, every => '1 hour', tags => '{common}', overlap => 'allow', max_retries => 0)`,
    [mark],
  );
  const run = () => call(maker, 'select id from chime.run_now($1)', [schedule]);
  const failed = await run();
  const [started] = await start(worker, [failed]);
  await database.rows(
    "select chime_private.write_logs(array[$1::uuid], '{1}', '{1}', '{info}', array[$2], '{null}', array[chime.now()])",
    [failed, mark],
  );
  await finish([
    { id: failed, attempt: started?.attempt ?? 0, outcome: 'failed', error: mark, output: mark },
  ]);
  const handler = await call(
    maker,
    "select id from chime.create_event_handler(event => $1 || '.never', task => $1, key => $1, name => $1)",
    [mark],
  );
  await call(maker, "select id from chime.trigger_event($1 || '.happened')", [mark]);
  const token = await call(admin, 'select id from chime.create_api_token($1, $2::chime.access_role, $3)', [
    mark,
    maker.userId === null ? 'admin' : 'user',
    maker.userId,
  ]);
  const feed = await call(admin, 'select id from chime.create_calendar_feed($1, $2)', [
    mark,
    identity.userId,
  ]);
  const values = [schedule, tenantId, maker.userId, mark];
  await database.rows(
    `insert into chime.late_ends (run_id, schedule_id, tenant_id, owner_id, task, status, fires, finished_at)
     values (gen_random_uuid(), $1, $2, $3, $4, 'succeeded', 0, chime.now())`,
    values,
  );
  await database.rows(
    'insert into chime.schedule_totals (schedule_id, tenant_id) values ($1, $2)',
    values.slice(0, 2),
  );
  await database.rows('insert into chime.run_hours (hour, tenant_id, task) values (chime.now(), $1, $2)', [
    tenantId,
    mark,
  ]);
  const followUp = await database.row<{ id: string }>(
    `insert into chime.follow_ups (id, tenant_id, owner_id, schedule_id, person_id, task, message_template, reason, created_at)
     values (gen_random_uuid(), $2, $3, $1, coalesce($3, (select u.id from chime.users u where u.tenant_id = $2 limit 1)), 'remind', $4, $4, chime.now()) returning id`,
    values,
  );
  const checkIn = await database.value<string>(
    `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, created_at)
     values (gen_random_uuid(), $2, $3, $1, gen_random_uuid(), '2026-01-01', chime.now(), chime.now()) returning id`,
    [schedule, tenantId, identity.userId],
  );
  // A meeting is always a person's; what stands for the tenant is that of its administrator.
  const meeting = await database.row<{ id: string }>(
    `with meeting as (
       insert into chime.meetings (id, tenant_id, owner_id, title, starts_at, ends_at, timezone, reminders, created_at, updated_at)
       values (gen_random_uuid(), $2, $3, $4, '2099-01-01T12:00Z', '2099-01-01T13:00Z', 'UTC', '{}', chime.now(), chime.now()) returning *
     ), reminder as (
       insert into chime.meeting_reminders (id, tenant_id, owner_id, meeting_id, before, remind_at, schedule_id, created_at)
       select gen_random_uuid(), tenant_id, owner_id, id, '1 hour', starts_at - interval '1 hour', $1, chime.now() from meeting
     ) select id from meeting`,
    [schedule, tenantId, identity.userId, mark],
  );
  const webhook = await call(maker, 'select id from chime.create_webhook($1, description => $2)', [
    'https://example.com/',
    mark,
  ]);
  const { mapping } = await database.row<{ mapping: string }>(
    `insert into chime.channel_mappings (id, tenant_id, user_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
     values (gen_random_uuid(), $1, $2, 'web', $3, chime.now(), chime.now(), chime.now()) returning id as mapping`,
    [tenantId, maker.userId, mark],
  );
  await database.rows(
    'update chime.channel_mappings set session_id = $3 where tenant_id = $1 and user_id is not distinct from $2',
    [tenantId, maker.userId, mark],
  );
  const [sent, lost] = await database.rows<{ id: string }>(
    `insert into chime.deliveries (id, tenant_id, owner_id, run_id, schedule_id, channel_mapping_id, channel_id, part, status, external_id, failure_reason, output_hash, created_at, finished_at)
     select gen_random_uuid(), $1, $2, $3, $4, $5, 'web', part, case part when 1 then 'sent' else 'failed' end::chime.delivery_status,
       case part when 1 then 'x' end, 'x', '', chime.now(), chime.now()
     from generate_series(1, 2) part returning id`,
    [tenantId, maker.userId, failed, schedule, mapping],
  );
  // Only now, or the run above would have had deliveries of its own.
  await database.rows('update chime.schedules set channel_mapping_id = $2 where id = $1', [
    schedule,
    mapping,
  ]);
  const queued = await run();
  // Only now, for what has a purpose is looked at when it runs.
  await database.rows("update chime.schedules set purpose = 'follow_up' where id = $1", [schedule]);
  return {
    schedule,
    failed,
    queued,
    handler,
    mapping,
    webhook,
    followUp: followUp.id,
    checkIn,
    meeting: meeting.id,
    deliveries: [sent?.id as string, lost?.id as string],
    user: identity.userId as string,
    token,
    feed,
  };
}

/** Ann and Bob of tenant_a, Zoe of tenant_b, and the tenants themselves. */
export async function makeTenants(database: TestDatabase): Promise<Record<string, Maker>> {
  await database.rows("update chime.tenants set name = 'tenant_a'");
  const other = await database.value<string>("select id from chime.create_tenant('tenant_b')");
  const makers: Record<string, Maker> = {};
  const worker = await attemptsOf(database).register(['tenant_a', 'ann', 'bob', 'tenant_b', 'zoe']);
  for (const [tenant, names] of [
    [defaultTenant, ['tenant_a', 'ann', 'bob']],
    [other, ['tenant_b', 'zoe']],
  ] as const) {
    const admin = await person(database, tenant, names[0], 'admin');
    for (const name of names) {
      const identity = name === admin.name ? admin : await person(database, tenant, name);
      makers[name] = { identity, left: await leave(database, identity, admin, worker) };
    }
    await asIdentity(database.pool, admin, 'rest', async (client) => {
      await client.query('select chime.set_calendar($1, $2)', [admin.name, ['2026-12-25']]);
      await client.query('select chime.set_concurrency_limit($1, 2)', [admin.name]);
    });
  }
  return makers;
}
