// What the database refuses, whoever writes: each constraint and trigger with a write that would break it.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const now = await MovableNow.install(database, '2026-03-01 12:00:00Z');
const { create, tick } = shorthand(database);

const scheduleId = await create("cron => '*/10 * * * *'");
await now.set('2026-03-01 12:10:00Z');
await tick();
const runId = await database.value<string>('select id from chime.runs');

/** Tries a write in a transaction that is always rolled back, after statements that must succeed. */
async function refusal(
  sql: string,
  before = 'select',
): Promise<{ code?: string; constraint?: string; message: string }> {
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query(before);
    await client.query(sql);
    return { message: 'was accepted' };
  } catch (error) {
    return error as Error;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const running = `update chime.runs set status = 'running', attempt = 1, started_at = now(), worker_id = gen_random_uuid() where id = '${runId}'`;
const insertRun = (columns: Record<string, string>) => {
  const all: Record<string, string> = {
    id: 'gen_random_uuid()',
    tenant_id: "'00000000-0000-0000-0000-000000000001'",
    schedule_id: `'${scheduleId}'`,
    task: "'noop'",
    payload: "'{}'",
    trigger: "'schedule'",
    scheduled_for: 'now()',
    due_at: 'now()',
    status: "'queued'",
    created_at: 'now()',
    ...columns,
  };
  return `insert into chime.runs (${Object.keys(all).join(', ')}) values (${Object.values(all).join(', ')})`;
};

t.test('runs', async (test) => {
  const cases: [string, string, { code: string | RegExp; constraint?: string }, string?][] = [
    ['one run of a fire', insertRun({ id: `'${runId}'` }), { code: '23505' }],
    [
      'the tenant of its schedule',
      insertRun({ tenant_id: "'00000000-0000-0000-0000-000000000009'" }),
      { code: '23503', constraint: 'runs_tenant_id_schedule_id_fkey' },
    ],
    [
      'a fire has a schedule',
      insertRun({ schedule_id: 'null' }),
      { code: '23514', constraint: 'runs_schedule_named' },
    ],
    [
      'running has a worker',
      insertRun({ status: "'running'", attempt: '1', started_at: 'now()' }),
      { code: '23514', constraint: 'runs_running_has_worker' },
    ],
    [
      'queued has none',
      insertRun({ worker_id: 'gen_random_uuid()' }),
      { code: '23514', constraint: 'runs_running_has_worker' },
    ],
    [
      'final is finished',
      insertRun({ status: "'cancelled'" }),
      { code: '23514', constraint: 'runs_final_is_finished' },
    ],
    [
      'queued is not',
      insertRun({ finished_at: 'now()' }),
      { code: '23514', constraint: 'runs_final_is_finished' },
    ],
    [
      'succeeded was started',
      insertRun({ status: "'succeeded'", finished_at: 'now()' }),
      { code: '23514', constraint: 'runs_started_before_work' },
    ],
    [
      'skipped says why',
      insertRun({ status: "'skipped'", finished_at: 'now()', covers_count: '1' }),
      { code: '23514', constraint: 'runs_skip_has_reason' },
    ],
    [
      'and how many',
      insertRun({ status: "'skipped'", finished_at: 'now()', skip_reason: "'missed'" }),
      { code: '23514', constraint: 'runs_skip_has_reason' },
    ],
    [
      'nothing else has a skip reason',
      insertRun({ skip_reason: "'missed'" }),
      { code: '23514', constraint: 'runs_skip_has_reason' },
    ],
    [
      'retrying says when',
      `update chime.runs set status = 'retrying', worker_id = null where id = '${runId}'`,
      { code: '23514', constraint: 'runs_retrying_has_time' },
      running,
    ],
    [
      'nothing else is retried',
      insertRun({ retry_at: 'now()' }),
      { code: '23514', constraint: 'runs_retrying_has_time' },
    ],
    [
      'nor ever',
      `update chime.runs set status = 'retrying', worker_id = null, retry_at = 'infinity' where id = '${runId}'`,
      { code: '23514', constraint: 'runs_retry_at_check' },
      running,
    ],
    [
      'a retry follows an attempt',
      insertRun({ retry_count: '1' }),
      { code: '23514', constraint: 'runs_retries_counted' },
    ],
    [
      'a start is an attempt',
      insertRun({ status: "'running'", started_at: 'now()', worker_id: 'gen_random_uuid()' }),
      { code: '23514', constraint: 'runs_attempt_counted' },
    ],
    [
      'a deadline is that of an attempt',
      insertRun({ deadline_at: 'now()' }),
      { code: '23514', constraint: 'runs_deadline_of_attempt' },
    ],
    [
      'and comes after its start',
      `update chime.runs set deadline_at = started_at where id = '${runId}'`,
      { code: '23514', constraint: 'runs_deadline_of_attempt' },
      running,
    ],
    [
      'success has no error',
      `update chime.runs set status = 'succeeded', finished_at = now(), worker_id = null, error = 'x' where id = '${runId}'`,
      { code: '23514', constraint: 'runs_error_of_failure' },
      running,
    ],
    [
      'queued to succeeded is no step',
      `update chime.runs set status = 'succeeded', finished_at = now(), started_at = now(), attempt = 1 where id = '${runId}'`,
      { code: 'CH022' },
    ],
    [
      'what is final stays so',
      `update chime.runs set status = 'queued', finished_at = null where id = '${runId}'`,
      { code: 'CH022' },
      `update chime.runs set status = 'cancelled', finished_at = now() where id = '${runId}'`,
    ],
    [
      'attempts never go back',
      `update chime.runs set attempt = 0, started_at = null, status = 'queued', worker_id = null where id = '${runId}'`,
      { code: 'CH022' },
      running,
    ],
    [
      'the tenant never changes',
      `update chime.runs set tenant_id = gen_random_uuid() where id = '${runId}'`,
      { code: /^(CH022|23503)$/ },
    ],
    [
      'nor the nominal time',
      `update chime.runs set scheduled_for = now() where id = '${runId}'`,
      { code: 'CH022' },
    ],
    ['nor the id', `update chime.runs set id = gen_random_uuid() where id = '${runId}'`, { code: 'CH022' }],
    ['nor the trigger', `update chime.runs set trigger = 'manual' where id = '${runId}'`, { code: 'CH022' }],
  ];
  for (const [name, sql, expected, before] of cases) test.match(await refusal(sql, before), expected, name);
});

t.test('legal steps are accepted', async (test) => {
  const steps = [
    running,
    `update chime.runs set status = 'queued', worker_id = null where id = '${runId}'`,
    `update chime.runs set status = 'running', attempt = 2, worker_id = gen_random_uuid() where id = '${runId}'`,
    `update chime.runs set status = 'retrying', worker_id = null, retry_at = now(), retry_count = 1 where id = '${runId}'`,
    `update chime.runs set status = 'queued', retry_at = null where id = '${runId}'`,
    `update chime.runs set status = 'running', attempt = 3, worker_id = gen_random_uuid() where id = '${runId}'`,
    `update chime.runs set status = 'failed', worker_id = null, finished_at = now(), error = 'x' where id = '${runId}'`,
  ];
  test.match(await refusal('select', steps.join('; ')), { message: 'was accepted' });
});

t.test('schedules', async (test) => {
  const change = (set: string) => `update chime.schedules set ${set} where id = '${scheduleId}'`;
  const cases: [string, string, { code: string | RegExp; constraint?: string }][] = [
    [
      'one rule',
      change("every = '1 hour', anchor = now()"),
      { code: '23514', constraint: 'schedules_one_rule' },
    ],
    [
      'an anchor belongs to an interval',
      change('anchor = now()'),
      { code: '23514', constraint: 'schedules_anchor_of_interval' },
    ],
    [
      'starts before it ends',
      change("starts_at = '2027-01-01', ends_at = '2026-01-01'"),
      { code: '23514', constraint: 'schedules_bounds' },
    ],
    [
      'active has a next fire',
      change('next_run_at = null, next_due_at = null'),
      { code: '23514', constraint: 'schedules_active_has_next' },
    ],
    [
      'completed has none',
      change("status = 'completed'"),
      { code: '23514', constraint: 'schedules_active_has_next' },
    ],
    [
      'deleted has none',
      change('deleted_at = now()'),
      { code: '23514', constraint: 'schedules_active_has_next' },
    ],
    [
      'due not before nominal',
      change("next_due_at = next_run_at - interval '1 second'"),
      { code: '23514', constraint: 'schedules_due_after_nominal' },
    ],
    [
      'next after what is accounted for',
      change('accounted_until = next_run_at'),
      { code: '23514', constraint: 'schedules_next_not_accounted' },
    ],
    [
      'paused says since when',
      change("status = 'paused', next_run_at = null, next_due_at = null"),
      { code: '23514', constraint: 'schedules_paused_shape' },
    ],
    [
      'only paused is paused until',
      change('paused_until = now()'),
      { code: '23514', constraint: 'schedules_paused_shape' },
    ],
    ['a zone that exists', change("timezone = '+25'"), { code: '23503' }],
    ['never at infinity', change("next_run_at = 'infinity', next_due_at = 'infinity'"), { code: '23514' }],
    ['the tenant never changes', change('tenant_id = gen_random_uuid()'), { code: /^(CH022|23503)$/ }],
    [
      'nor the id',
      "update chime.schedules set id = gen_random_uuid() where key = 'one'",
      { code: /^(CH022|23503)$/ },
    ],
    [
      'one living schedule for a key',
      `insert into chime.schedules select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid()))).* from chime.schedules s where s.key = 'one'`,
      { code: '23505', constraint: 'schedules_key' },
    ],
  ];
  await create("cron => '@daily', key => 'one'");
  for (const [name, sql, expected] of cases) test.match(await refusal(sql), expected, name);
});

t.test('the derived id of a run', async (test) => {
  const id = (at: string) => database.value<string>('select chime_private.run_id($1, $2)', [scheduleId, at]);
  test.equal(await id('2026-03-01 12:10Z'), runId, 'is the id of the run of that fire');
  test.not(await id('2026-03-01 12:10:01Z'), runId);
  test.ok((await id('2026-03-01 12:10Z')) < (await id('2026-03-01 12:10:00.001Z')), 'ids sort by time');
  test.equal(
    await database.value('select tableoid::regclass::text from chime.runs where id = $1', [runId]),
    'chime_private.runs_2026w09',
    'it lies in its week',
  );
});
