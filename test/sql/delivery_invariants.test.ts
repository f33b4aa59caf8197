// What no statement can do to a delivery, whoever sends it.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
const { map, scheduleTo, scheduleOf, end, register, claim, report, sendAll, list } = deliveriesOf(database);
await register(channelOf('telegram'), channelOf('web'));
const schedule = await scheduleTo(await map('telegram', '42'));

async function delivery(
  state: 'pending' | 'sending' | 'sent' | 'failed' | 'unknown' | 'skipped',
): Promise<string> {
  const run = await end(schedule, state === 'skipped' ? { output: '', reason: 'nothing' } : { output: 'x' });
  const [row] = await list(run);
  if (state !== 'pending' && state !== 'skipped') {
    const { messages } = await claim(['telegram']);
    const mine = messages.filter((m) => m.run.id === run);
    if (state === 'sent') await report(mine, { outcome: 'sent', externalId: '1' });
    if (state === 'failed') await report(mine, { outcome: 'refused', reason: 'no' });
    if (state === 'unknown') await report(mine, { outcome: 'unknown', reason: 'cut' });
  }
  return row?.id as string;
}

/** Puts every open message out of the way. */
const clear = async () => {
  await database.rows(
    "update chime.deliveries set status = 'skipped', skip_reason = 'cleared', finished_at = chime.now(), due_at = null where status = 'pending'",
  );
  await database.rows(
    "update chime.deliveries set status = 'unknown', failure_reason = 'cleared', finished_at = chime.now(), sender_id = null, claimed_until = null where status = 'sending'",
  );
};

const change = (id: string, set: string) =>
  database.error(`update chime.deliveries set ${set} where id = $1`, [id]);

t.test('sent only with the id that the channel has given', async (test) => {
  const id = await delivery('sending');
  const sent = "status = 'sent', sender_id = null, claimed_until = null, finished_at = now()";
  test.match(await change(id, sent), { constraint: 'deliveries_sent_with_proof' });
  await clear();
  const proved = await delivery('sent');
  test.match(await change(proved, 'external_id = null'), { constraint: 'deliveries_sent_with_proof' });
  test.match(await change(proved, "external_id = 'another'"), { code: 'CH022' });
});

t.test('one for each run, mapping and part', async (test) => {
  const id = await delivery('skipped');
  test.match(
    await database.error(
      `insert into chime.deliveries select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).* from chime.deliveries d where id = $1`,
      [id],
    ),
    { code: '23505', constraint: 'deliveries_run_id_channel_mapping_id_part_key' },
  );
});

t.test('only steps that there are', async (test) => {
  const fields: Record<string, string> = {
    pending:
      'finished_at = null, skip_reason = null, external_id = null, sender_id = null, claimed_until = null',
    sending:
      'finished_at = null, skip_reason = null, external_id = null, sender_id = gen_random_uuid(), claimed_until = now()',
    sent: "finished_at = now(), skip_reason = null, external_id = coalesce(external_id, '9'), sender_id = null, claimed_until = null",
    failed:
      "finished_at = now(), skip_reason = null, external_id = null, failure_reason = 'x', sender_id = null, claimed_until = null",
    unknown:
      "finished_at = now(), skip_reason = null, external_id = null, failure_reason = 'x', sender_id = null, claimed_until = null",
    skipped:
      "finished_at = now(), skip_reason = 'x', external_id = null, sender_id = null, claimed_until = null",
  };
  const legal: Record<string, string[]> = {
    pending: ['sending', 'skipped'],
    sending: ['sent', 'failed', 'unknown', 'pending'],
    unknown: ['sent', 'pending'],
    failed: ['pending'],
    skipped: ['pending'],
    sent: [],
  };
  for (const from of Object.keys(legal) as Parameters<typeof delivery>[0][]) {
    await clear();
    const id = await delivery(from);
    for (const to of Object.keys(fields)) {
      if (to === from) continue;
      const client = await database.pool.connect();
      try {
        await client.query('begin');
        const outcome = await client
          .query(`update chime.deliveries set status = '${to}', ${fields[to]} where id = $1`, [id])
          .then(
            () => 'taken',
            (error: { code?: string }) => error.code,
          );
        test.equal(outcome, legal[from]?.includes(to) ? 'taken' : 'CH022', `${from} -> ${to}`);
      } finally {
        await client.query('rollback');
        client.release();
      }
    }
  }
});

t.test('what a state needs, and what it excludes', async (test) => {
  await clear();
  const id = await delivery('pending');
  test.match(await change(id, 'sender_id = gen_random_uuid()'), { constraint: 'deliveries_claimed' });
  test.match(await change(id, "skip_reason = 'x'"), { constraint: 'deliveries_skip_has_reason' });
  test.match(await change(id, 'finished_at = now()'), { constraint: 'deliveries_final_is_finished' });
  test.match(await change(id, 'read_at = now()'), { constraint: 'deliveries_read_if_sent' });
  await clear();
  const failed = await delivery('failed');
  test.match(await change(failed, 'failure_reason = null'), { constraint: 'deliveries_failure_has_reason' });
  test.match(await change(failed, 'due_at = now()'), { constraint: 'deliveries_due_if_pending' });
});

t.test('what is delivered, and to whom, never changes; no number goes back', async (test) => {
  await clear();
  const id = await delivery('sent');
  const other = '00000000-0000-4000-8000-000000000000';
  for (const set of [
    `id = '${other}'`,
    `tenant_id = '${other}'`,
    `owner_id = '${other}'`,
    `run_id = '${other}'`,
    `schedule_id = '${other}'`,
    'part = 1 + part',
    "created_at = '2000-01-01'",
    'attempt = 0',
  ])
    test.match(await change(id, set), { code: set.startsWith('part') ? /CH022|23514/ : /CH022|23503/ }, set);
  test.match(await database.error("update chime.channel_mappings set channel_id = 'web'"), { code: 'CH022' });
});

t.test('the tenant of a delivery is that of its mapping', async (test) => {
  const tenant = await database.value<string>("select (chime.create_tenant('other')).id");
  test.match(
    await database.error(
      `insert into chime.deliveries select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(), 'part', 2, 'part_count', 2, 'tenant_id', $1::text))).* from chime.deliveries d limit 1`,
      [tenant],
    ),
    { code: '23503' },
  );
});

t.test('walls: users see their own, and change nothing but by functions', async (test) => {
  await clear();
  const ann = await person(database, defaultTenant, 'ann');
  const bob = await person(database, defaultTenant, 'bob');
  const boss = await person(database, defaultTenant, 'boss', 'admin');
  await end(await scheduleOf(ann));
  await sendAll(['web']);
  const count = async (who: typeof ann, table: string) =>
    (await as(database, who, `select id from ${table}`)).length;
  for (const table of ['chime.deliveries', 'chime.inbox', 'chime.channel_mappings'])
    test.strictSame([await count(ann, table), await count(bob, table)], [1, 0], table);
  test.ok((await count(boss, 'chime.deliveries')) > 1);
  const [row] = await as<{ id: string }>(database, ann, 'select id from chime.deliveries');
  await test.rejects(as(database, bob, 'select chime.retry_delivery($1)', [row?.id]), { code: 'CH019' });
  await test.rejects(
    as(database, bob, 'select chime.block_mapping(id) from chime.get_session_channel($1)', ['x']),
    { code: 'CH018' },
  );
  const [place] = await as<{ id: string }>(database, ann, 'select id from chime.channel_mappings');
  await test.rejects(as(database, bob, 'select chime.block_mapping($1)', [place?.id]), { code: 'CH018' });
  await test.rejects(as(database, ann, "update chime.deliveries set status = 'pending'"), { code: '42501' });
  await test.rejects(as(database, boss, 'select * from chime_private.webhook_secrets'), { code: '42501' });
  const unread = () => as(database, ann, 'select id, is_read, text from chime.inbox where not is_read');
  test.match(await unread(), [{ text: 'done' }]);
  test.strictSame(await as(database, bob, 'select chime.mark_inbox_read($1) as n', [[row?.id]]), [{ n: 0 }]);
  test.strictSame(await as(database, ann, 'select chime.mark_inbox_read() as n'), [{ n: 1 }]);
  test.strictSame(await as(database, ann, 'select chime.mark_inbox_read() as n'), [{ n: 0 }]);
  test.strictSame(await unread(), []);
});

t.test('deliveries go with the runs that they tell of', async (test) => {
  const run = await end(schedule);
  await database.rows('select chime_private.remove_runs(array[$1::uuid])', [run]);
  test.strictSame(await list(run), []);
  const kept = await delivery('sent');
  const at = 'select chime_private.forget_records(chime.now() + $1::interval)';
  await database.rows(at, ['29 days']);
  const count = () => database.value('select count(*)::integer from chime.deliveries where id = $1', [kept]);
  test.equal(await count(), 1);
  await database.rows(at, ['31 days']);
  test.equal(await count(), 0, 'with the weeks that are dropped as a whole');
});
