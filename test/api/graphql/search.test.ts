// Searches: what they find, and that they find it by indexes.
import t from 'tap';
import { createDatabase } from '../../support/database.ts';
import { startGraphql } from '../../support/graphql.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now()), ('mail', now(), now())",
);
const { ask } = await startGraphql(t, database);

/** Five thousand schedules, the first with ten thousand runs, and forty thousand of others. */
async function fill(): Promise<void> {
  const { id } = await database.row<{ id: string }>(
    "select id from chime.create_schedule(task => 'noop', cron => '0 9 1 1 *', name => 'Template', key => 'template')",
  );
  await database.rows(
    `insert into chime.schedules
     select (jsonb_populate_record(s, jsonb_build_object('id', chime_private.new_id(chime.now() + n * interval '1 millisecond'), 'key', 'k' || n,
       'name', case when n = 4000 then 'Weekly_cache cleanup' else 'Schedule ' || n end,
       'task', case when n % 100 = 0 then 'mail' else 'noop' end, 'tags', case when n % 500 = 0 then '["rare"]'::jsonb else '[]' end,
       'next_run_at', '2030-01-01T00:00:00Z'::timestamptz + n * interval '1 hour', 'next_due_at', '2030-01-01T00:00:00Z'::timestamptz + n * interval '1 hour'))).*
     from chime.schedules s, generate_series(1, 5000) n where s.id = $1`,
    [id],
  );
  await database.rows(
    `insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at, status, attempt,
       started_at, finished_at, error, created_at)
     select chime_private.run_id(case when n % 5 = 0 then $1::uuid else s.ids[1 + n % 1000] end, f.at),
       '00000000-0000-0000-0000-000000000001', case when n % 5 = 0 then $1::uuid else s.ids[1 + n % 1000] end, 1, 'noop', '{}', 'schedule', f.at, f.at,
       case when n % 1000 = 0 then 'failed' else 'succeeded' end::chime.run_status, 1, f.at, f.at + interval '1 second',
       case when n % 1000 = 0 then 'Connection refused by mail server' end, f.at
     from generate_series(1, 50000) n,
       lateral (select date_trunc('minute', now()) - n * interval '1 minute' as at) f,
       (select array_agg(id order by id) as ids from chime.schedules) s`,
    [id],
  );
  await database.rows(
    `insert into chime.runs (id, tenant_id, schedule_id, schedule_revision, task, payload, trigger, scheduled_for, due_at, status, created_at)
     select chime_private.new_id(now()), '00000000-0000-0000-0000-000000000001', $1, 1, 'noop', '{}', 'manual', now(), now(), 'queued', now()`,
    [id],
  );
  // One in a thousand delivers to a channel, and there are mappings of another that nothing delivers to.
  await database.rows(
    `insert into chime.channel_mappings (id, tenant_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
     select chime_private.new_id(now()), '00000000-0000-0000-0000-000000000001', case when n <= 2 then 'telegram' else 'webhook' end, n::text, now(), now(), now()
     from generate_series(1, 3000) n`,
  );
  await database.rows(
    `update chime.schedules s set channel_mapping_id = m.id from chime.channel_mappings m
     where m.channel_id = 'telegram' and s.name = any (case m.channel_context_id when '1' then '{Schedule 1000,Schedule 3000}'::text[] else '{Schedule 2000}' end)`,
  );
  await database.rows(
    'vacuum analyze chime.channel_mappings, chime.schedules, chime.runs, chime_private.unfinished_runs, chime_private.unsuccessful_runs, chime_private.schedule_words',
  );
}
await fill();
const template = await database.value<string>("select id from chime.schedules where key = 'template'");

const runs = async (args: string, fields = 'id') => {
  const { data, errors } = await ask(
    `query { searchRuns(${args}) { nodes { ${fields} } pageInfo { endCursor hasNextPage } } }`,
  );
  t.equal(errors, undefined);
  return data.searchRuns;
};
const schedules = async (args: string) => {
  const { data, errors } = await ask(
    `query { searchSchedules(${args}) { nodes { id name task } pageInfo { endCursor } } }`,
  );
  t.equal(errors, undefined);
  return data.searchSchedules;
};

t.test('schedules are found by the beginnings of their words, in any order', async (t) => {
  for (const text of ['weekly', 'CACHE week', 'clean cache', 'k4000', 'weekly_cache']) {
    t.same(
      (await schedules(`text: "${text}"`)).nodes.map(({ name }: { name: string }) => name),
      ['Weekly_cache cleanup'],
      text,
    );
  }
  t.same((await schedules('text: "ache"')).nodes, [], 'not by what is inside a word');
  for (const text of ["'", '& | !', '\\\\', '(:*', 'a:b', '%'])
    await schedules(`text: ${JSON.stringify(text)}`);
});

t.test('what is given must all hold', async (t) => {
  const { nodes } = await schedules(
    'task: "mail", tag: "rare", status: [ACTIVE], nextRunBefore: "2030-02-20T00:00:00Z"',
  );
  t.same(
    nodes.map(({ name }: { name: string }) => name),
    ['Schedule 500', 'Schedule 1000'],
  );
  t.same((await schedules('status: [PAUSED, CANCELLED]')).nodes, []);
  t.same(
    (await schedules('nextRunAfter: "2030-07-28T00:00:00Z", orderBy: [NEXT_RUN_AT_ASC], first: 1')).nodes[0]
      .name,
    'Schedule 4993',
  );
});

t.test('schedules are found by where they deliver to', async (t) => {
  const names = async (args: string) =>
    (await schedules(args)).nodes.map(({ name }: { name: string }) => name);
  t.same(await names('channelId: "telegram"'), ['Schedule 1000', 'Schedule 2000', 'Schedule 3000']);
  t.same(await names('channelId: "webhook"'), [], 'mappings alone are none');
  const mapping = await database.value<string>(
    "select id from chime.channel_mappings where channel_id = 'telegram' and channel_context_id = '1'",
  );
  t.same(await names(`channelMappingId: "${mapping}"`), ['Schedule 1000', 'Schedule 3000']);
  t.same(await names(`channelMappingId: "${mapping}", channelId: "webhook"`), []);
  t.same(await names(`channelMappingId: "${mapping}", tag: "rare"`), ['Schedule 1000', 'Schedule 3000']);
});

t.test('pages go on where the last one ended, whatever comes in between', async (t) => {
  const seen: string[] = [];
  let after = '';
  for (let page = 0; page < 4; page++) {
    const { nodes, pageInfo } = await runs(`scheduleId: "${template}", first: 10${after}`);
    seen.push(...nodes.map(({ id }: { id: string }) => id));
    after = `, after: "${pageInfo.endCursor}"`;
    await database.rows('select chime.run_now($1, allow_overlap => true)', [template]);
  }
  t.equal(new Set(seen).size, 40);
  t.same(seen, [...seen].sort().reverse(), 'the newest first');
});

t.test('runs are found by status, error, trigger and time', async (t) => {
  t.ok(
    (await runs('status: [QUEUED]', 'status')).nodes.every(
      ({ status }: { status: string }) => status === 'QUEUED',
    ),
  );
  t.equal((await runs('status: [FAILED], first: 100')).nodes.length, 50);
  t.equal((await runs('errorText: "mail SERVER", first: 100')).nodes.length, 50);
  t.same((await runs('errorText: "no such words"')).nodes, []);
  t.ok((await runs('trigger: [MANUAL]', 'trigger')).nodes.length >= 1);
  const [from, to] = await Promise.all(
    [20_000, 19_990].map((n) =>
      database.value<string>(
        `select to_json(date_trunc('minute', now()) - ${n} * interval '1 minute') #>> '{}'`,
      ),
    ),
  );
  const { nodes } = await runs(`scheduledAfter: "${from}", scheduledBefore: "${to}"`, 'scheduledAt');
  t.ok(nodes.length >= 8 && nodes.length <= 9, 'neither end is part of it');
});

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows of tables a search looks at for one page, planned with the values at hand, as the server has it planned. */
async function looked(call: string, order: string): Promise<number> {
  const client = await database.pool.connect();
  const rowsOf = (plan: Plan): number =>
    (plan['Relation Name'] === undefined
      ? 0
      : (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']) +
    (plan.Plans ?? []).reduce((sum, inner) => sum + rowsOf(inner), 0);
  try {
    await client.query('begin; set local role chime_admin; set local plan_cache_mode = force_custom_plan');
    const { rows } = await client.query(
      `explain (analyze, timing off, format json) select * from chime.${call} x order by ${order} limit 51`,
    );
    return rowsOf(rows[0]['QUERY PLAN'][0].Plan);
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

t.test('what is unread in an inbox is found without what was read', async (t) => {
  const user = await database.value<string>(
    `insert into chime.users (id, tenant_id, subject, created_at, updated_at)
     values (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'ann', now(), now()) returning id`,
  );
  await database.rows(
    `with mapping as (
       insert into chime.channel_mappings (id, tenant_id, user_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
       values (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', $1::uuid, 'web', $1::text, now(), now(), now()) returning id)
     insert into chime.deliveries (id, tenant_id, owner_id, run_id, channel_mapping_id, channel_id, status, external_id, read_at, output_hash, created_at, finished_at)
     select chime_private.new_id(r.due_at), r.tenant_id, $1::uuid, r.id, m.id, 'web', 'sent', 'x', case when r.status = 'succeeded' then now() end, '', now(), now()
     from chime.runs r, mapping m where r.status in ('succeeded', 'failed') and r.schedule_id = $2`,
    [user, template],
  );
  await database.rows('vacuum analyze chime.deliveries');
  const failed = await database.value<number>(
    'select count(*)::integer from chime.deliveries where read_at is null',
  );
  t.ok(failed > 40 && failed < 60);
  t.ok((await database.value<number>('select count(*)::integer from chime.deliveries')) > 9000);
  for (const call of [
    `search_inbox(owner_id => '${user}')`,
    `search_inbox(unread => true, owner_id => '${user}')`,
  ]) {
    const rows = await looked(call, 'x.id desc');
    t.ok(rows > 0 && rows <= 400, `${call}: ${rows} rows`);
  }
});

t.test('a page costs what it shows, and not what there is', async (t) => {
  const newest = 'x.id desc';
  const all = await database.value<number>('select count(*)::integer from chime.runs');
  t.ok(all > 50_000);
  const mapping = await database.value<string>(
    "select id from chime.channel_mappings where channel_id = 'telegram' and channel_context_id = '1'",
  );
  for (const [call, order, most] of [
    ['search_runs()', newest, 100],
    [`search_runs(schedule_id => '${template}')`, newest, 400],
    ["search_runs(status => '{queued,running,retrying}')", newest, 100],
    [`search_runs(schedule_id => '${template}', status => '{failed}')`, newest, 100],
    ["search_runs(status => '{failed,timed_out}', error_text => 'refused')", newest, 200],
    // No more than there is in the range; a page of so few is as quickly sorted.
    [`search_runs(scheduled_after => '${daysAgo(20)}', scheduled_before => '${daysAgo(19)}')`, newest, 1500],
    ["search_schedules(text => 'weekly cache')", 'x.id', 20],
    ["search_schedules(tag => 'rare')", 'x.id', 50],
    ["search_schedules(channel_id => 'telegram')", 'x.id', 20],
    [`search_schedules(channel_mapping_id => '${mapping}')`, 'x.id', 20],
    ["search_schedules(next_run_after => '2030-07-20')", 'x.next_due_at', 400],
  ] as const) {
    const rows = await looked(call, order);
    t.ok(rows <= most, `${call}: ${rows} rows`);
  }
  // What the comment on search_runs says: without any of these it reads the history from its end.
  t.ok((await looked("search_runs(task => 'mail')", newest)) >= all);
});
