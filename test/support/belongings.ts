// A person who has left something in every table that there is, each time with a mark of theirs in all that they can write.
import { asIdentity, type Identity } from '../../src/api/identity.ts';
import { attemptsOf } from './attempts.ts';
import type { TestDatabase } from './database.ts';
import { as, defaultTenant } from './identities.ts';

export interface Belongings {
  identity: Identity & { userId: string };
  mapping: string;
  schedule: string;
  running: { id: string; attempt: number; worker: string };
  /** Deliveries of theirs that a sender has taken. */
  sending: { id: string; attempt: number }[];
}

/** Tables in which a mark of somebody is, with how many rows. */
export async function tablesWith(database: TestDatabase, mark: string): Promise<Record<string, number>> {
  const tables = await database.rows<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace::regnamespace::text in ('chime', 'chime_private', 'graphile_worker') and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`,
  );
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const count = await database.value<number>(
      `select count(*)::integer from ${name} t where t::text like '%' || $1 || '%'`,
      [mark],
    );
    if (count > 0) found[name] = count;
  }
  return found;
}

/** What is in all tables, but for rows in which one of these is. */
export async function contentWithout(
  database: TestDatabase,
  marks: string[],
): Promise<Record<string, string>> {
  const tables = await database.rows<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
     where c.relnamespace::regnamespace::text in ('chime', 'chime_private') and c.relkind in ('r', 'p') and not c.relispartition`,
  );
  const content: Record<string, string> = {};
  for (const { name } of tables) {
    content[name] = await database.value<string>(
      `select coalesce(string_agg(t::text, E'\n' order by t::text), '') from ${name} t where not t::text like any (select '%' || m || '%' from unnest($1::text[]) m)`,
      [marks],
    );
  }
  return content;
}

/** Makes somebody who has something of everything. `mark` is lower case letters that nothing else has. */
export async function fill(database: TestDatabase, admin: Identity, mark: string): Promise<Belongings> {
  const { start, finish, register } = attemptsOf(database);
  const { user_id: userId } = await database.row<{ user_id: string }>(
    "select user_id from chime_private.sign_in('default', 'telegram:' || $1, 'user', 'Name ' || $1, 'en', 'Europe/Berlin')",
    [mark],
  );
  const identity = {
    ...{ tenantId: defaultTenant, userId, role: 'user' as const, name: `Name ${mark}`, expiresAt: null },
  };
  const mine = (sql: string, values: unknown[] = []) => as<{ id: string }>(database, identity, sql, values);
  const id = async (rows: Promise<{ id: string }[]>) => (await rows)[0]?.id as string;
  const worker = await register(['noop', 'remind', 'check_in']);

  // Who they are.
  await mine("select chime.set_preferences(place => $1, preferred_channels => '{telegram}')", [mark]);
  await mine('select chime.remember($1), chime.remember($1, true)', [mark]);
  await mine("select chime.set_quiet_hours('22:00', '08:00'), chime.complete_onboarding()");
  await mine("select chime.set_check_in('09:00', '{1,2}', '1 hour')");
  await database.rows(
    `insert into chime.check_ins (id, tenant_id, user_id, schedule_id, run_id, day, scheduled_for, created_at)
     select gen_random_uuid(), s.tenant_id, s.owner_id, s.id, gen_random_uuid(), '2026-01-01', chime.now(), chime.now()
     from chime.schedules s where s.owner_id = $1 and s.purpose = 'check_in'`,
    [userId],
  );

  await mine(
    "select chime.book_meeting($1, '2999-01-01 10:00', location => $1, description => $1, key => $1)",
    [mark],
  );
  await mine('select chime.create_calendar_feed($1)', [mark]);

  // Where they are, and what they and the bot have said.
  const hear = (context: string, isGroup: boolean) =>
    database.row<{ mapping_id: string; conversation_id: string; user_id: string }>(
      "select * from chime_private.hear('telegram', $1, $2, $3, 'Name ' || $3, 'en')",
      [context, isGroup, mark],
    );
  const { mapping_id: mapping, conversation_id: conversation } = await hear(mark, false);
  await hear(`${mark}:7`, false);
  const draft = JSON.stringify({ awaits: 'what', found: mark });
  await database.rows('select chime_private.keep_draft($1, $2)', [conversation, draft]);
  await database.rows("select chime.set_session_channel($1, 'telegram', $1, $2)", [mark, userId]);
  const group = await hear('-100200', true);
  await database.rows('select chime_private.keep_draft($1, $2)', [group.conversation_id, draft]);
  const shared = await as<{ id: string }>(
    database,
    { ...identity, userId: group.user_id, name: `telegram:${mark}` },
    "select id from chime.create_schedule(task => 'noop', cron => '0 9 * * *', name => 'shared')",
  );
  await as(
    database,
    { ...identity, userId: group.user_id, name: `telegram:${mark}` },
    'select chime.pause_schedule($1)',
    [shared[0]?.id],
  );
  await database.rows('select chime_private.note_author($1, $2)', [shared[0]?.id, userId]);
  await database.rows(
    `select chime_private.store_updates(1, jsonb_build_array(
       jsonb_build_object('update_id', u, 'lane', $1::text, 'content', jsonb_build_object('text', $1::text)),
       jsonb_build_object('update_id', u + 1, 'lane', $1::text, 'content', jsonb_build_object('text', $1::text))))
     from (select coalesce(max(update_id), 0) + 1 as u from chime_private.updates) n`,
    [mark],
  );
  await database.rows(
    `select chime_private.finish_update(1, u, 'telegram', jsonb_build_array(
       jsonb_build_object('kind', 'message', 'context_id', $1::text, 'content', jsonb_build_object('html', $1::text)),
       jsonb_build_object('kind', 'answer', 'content', jsonb_build_object('text', $1::text))))
     from (select max(update_id) - 1 as u from chime_private.updates) n`,
    [mark],
  );
  await database.rows(
    'select chime_private.fail_update(1, u, $1) from (select max(update_id) as u from chime_private.updates) n',
    [mark],
  );

  // What they have planned, and what became of it.
  const schedule = await id(
    mine(
      `select id from chime.create_schedule(task => 'noop', key => $1, name => $1, description => $1, payload => jsonb_build_object('text', $1::text), every => '1 hour',
         tags => array[$1], concurrency_key => $1, overlap => 'allow', channel_mapping_id => $2)`,
      [mark, mapping],
    ),
  );
  await mine('select chime.pause_schedule($1, $2)', [schedule, mark]);
  await mine('select chime.resume_schedule($1)', [schedule]);
  await mine('select chime.update_schedule($1, $2)', [
    schedule,
    { description: `${mark} again`, concurrency_key: null },
  ]);
  const gone = await id(
    mine("select id from chime.create_schedule(task => 'noop', name => $1, at => '2999-01-01 09:00')", [
      mark,
    ]),
  );
  await mine('select chime.delete_schedule($1)', [gone]);
  const run = () => id(mine('select id from chime.run_now($1)', [schedule]));
  const begin = async () => {
    const [started] = await start(worker, [await run()]);
    return { id: started?.id as string, attempt: started?.attempt ?? 0, worker };
  };
  const log = ({ id: runId, attempt }: { id: string; attempt: number }) =>
    database.rows(
      "select chime_private.write_logs(array[$1::uuid], array[$2::integer], '{1}', '{info}', array[$3], array[jsonb_build_object('x', $3)], array[chime.now()])",
      [runId, attempt, mark],
    );
  const ended = async (ending: Parameters<typeof finish>[0][number] | object) => {
    const started = await begin();
    await log(started);
    await finish([{ id: started.id, attempt: started.attempt, output: mark, ...ending }]);
    return started.id;
  };
  await ended({ outcome: 'succeeded', result: { text: mark } });
  await ended({ outcome: 'failed', error: mark, stack: mark });
  await ended({ outcome: 'gave_up', error: mark, stack: mark });
  // Taken by a sender, and in their inbox.
  const sending = await database.rows<{ id: string; attempt: number }>(
    `update chime.deliveries set status = 'sending', attempt = 1, sender_id = gen_random_uuid(), claimed_until = chime.now() + interval '1 minute', due_at = null
     where owner_id = $1 and status = 'pending' returning id, attempt`,
    [userId],
  );
  await database.rows(
    `insert into chime_private.sends (delivery_id, attempt, channel_id, buckets) select $1, 1, 'telegram', array['1:' || $2]`,
    [sending[0]?.id, mark],
  );
  await database.rows(
    "insert into chime_private.send_pauses (channel_id, bucket, until) values ('telegram', '1:' || $1, 'infinity')",
    [mark],
  );
  await run();
  const running = await begin();
  await log(running);

  // What has happened to them, and who answers it.
  await mine(
    `select id from chime.create_event_handler(event => 'thing.*', task => 'noop', key => $1, name => $1, description => $1, payload => jsonb_build_object('x', $1::text))`,
    [mark],
  );
  await mine("select chime.create_event_handler(event => 'thing.*', task => 'noop', delay => '1 day')");
  await mine("select chime.trigger_event('thing.happened', jsonb_build_object('text', $1::text))", [mark]);
  await database.rows(
    "select chime_private.raise_event($1, null, 'chime.schedule.late', jsonb_build_object('schedules', jsonb_build_array(jsonb_build_object('schedule_id', $2::text, 'name', $3::text))))",
    [defaultTenant, schedule, mark],
  );

  // What others keep about them.
  await asIdentity(database.pool, admin, 'rest', async (client) => {
    await client.query(
      "select chime.schedule_follow_up('2999-01-01 09:00', 'Dear {{person}}', $1, person_id => $2, channel_mapping_id => $3)",
      [mark, userId, mapping],
    );
    await client.query("select chime.create_api_token($1, 'user', $2)", [mark, userId]);
  });
  await mine("select chime.schedule_follow_up('2999-01-01 09:00', $1, $1)", [mark]);
  await mine("select chime.create_webhook('https://example.com/' || $1, description => $1)", [mark]);
  return { identity, mapping, schedule, running, sending };
}
