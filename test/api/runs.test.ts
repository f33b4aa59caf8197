// /runs and /events: what became of tasks, and what programs say to have happened.
import t from 'tap';
import { makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { call: anyone } = await startApi(t, database);
const token = await makeJwt({ sub: 'ada', role: 'admin' });
const call: typeof anyone = (method, path, options = {}) => anyone(method, path, { as: token, ...options });
const body = {
  task_type: 'repeated',
  cron_expression: '0 9 * * *',
  payload: { text: 'hello' },
  name: 'greet',
};
const { json: task } = await call('POST', '/api/v1/tasks', { body });

/** Ends a run as a worker would. */
const end = (id: string, status: string, output: string | null = null, error: string | null = null) =>
  database
    .rows(
      `with started as (update chime.runs set status = 'running', attempt = 1, started_at = chime.now(), worker_id = gen_random_uuid() where id = $1 returning 1)
     select from started`,
      [id],
    )
    .then(() =>
      database.rows(
        `update chime.runs set status = $2::chime.run_status, finished_at = chime.now(), worker_id = null, output = $3, output_summary = left($3, 500), error = $4 where id = $1`,
        [id, status, output, error],
      ),
    );
const start = async (options = {}) =>
  (await call('POST', `/api/v1/tasks/${task.id}/run`, { body: { allow_overlap: true }, ...options })).json;

t.test('running a task, and reading the run', async (test) => {
  const made = await call('POST', `/api/v1/tasks/${task.id}/run`);
  test.equal(made.status, 201);
  const { id } = made.json;
  test.equal(made.headers.location, `/api/v1/runs/${id}`);
  test.match(made.json, {
    task_id: task.id,
    task_name: 'greet',
    task: 'send_message',
    trigger: 'manual',
    status: 'queued',
    attempt: 0,
  });
  const overlapping = await call('POST', `/api/v1/tasks/${task.id}/run`);
  test.match([overlapping.status, overlapping.json.code], [409, 'CH013']);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const other = await start({
    body: { allow_overlap: true, payload: { text: 'other' } },
    headers: { traceparent },
  });
  test.match((await call('GET', `/api/v1/runs/${other.id}`)).json, {
    ...{
      payload: { text: 'other' },
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      parent_span_id: 'b7ad6b7169203331',
    },
    ...{ result: null, error_stack: null },
  });

  test.strictSame((await call('GET', `/api/v1/runs/${id}/output`)).text, '', 'nothing yet');
  const output = `Привет 👋\n${'x'.repeat(100_000)}<script>`;
  await end(id, 'succeeded', output);
  await database.rows(
    `insert into chime.run_logs (run_id, seq, tenant_id, attempt, level, message, data, logged_at)
     select $1, n, tenant_id, 1, 'info', 'line ' || n, case n when 2 then '{"a": 1}'::jsonb end, chime.now() from chime.runs, generate_series(1, 5) n where id = $1`,
    [id],
  );
  const { json } = await call('GET', `/api/v1/runs/${id}`);
  test.match(json, {
    status: 'succeeded',
    attempt: 1,
    finished_at: /Z$/,
    duration_ms: Number,
    lateness_ms: Number,
  });
  test.equal([...json.output_summary].length, 500);
  const read = await call('GET', `/api/v1/runs/${id}/output`);
  test.equal(read.text, output, 'all of it');
  test.match(read.headers, {
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
  const logs = await call('GET', `/api/v1/runs/${id}/logs?after_seq=1&size=2`);
  test.match(logs.json.items, [
    { seq: 2, attempt: 1, level: 'info', message: 'line 2', data: { a: 1 }, logged_at: /Z$/ },
    { seq: 3, data: null },
  ]);
  test.equal(logs.json.items.length, 2);
  await end(other.id, 'succeeded');
});

t.test('cancelling, and running again', async (test) => {
  const { id } = await start();
  const cancelled = await call('POST', `/api/v1/runs/${id}/cancel`, { body: { reason: 'not needed' } });
  test.match(
    [cancelled.status, cancelled.json],
    [200, { id, status: 'cancelled', cancel_reason: 'not needed', cancel_requested_at: /Z$/ }],
  );
  const again = await call('POST', `/api/v1/runs/${id}/retry`);
  test.match([again.status, again.json.retry_of, again.json.status], [201, id, 'queued']);
  test.equal(again.headers.location, `/api/v1/runs/${again.json.id}`);
  const twice = await call('POST', `/api/v1/runs/${id}/retry`);
  test.match([twice.status, twice.json.code, twice.json.details], [409, 'CH013', { run_id: again.json.id }]);
  await end(again.json.id, 'succeeded');
  test.match((await call('POST', `/api/v1/runs/${again.json.id}/cancel`)).json, {
    status: 409,
    code: 'CH013',
    details: { status: 'succeeded' },
  });
  test.match((await call('POST', `/api/v1/runs/${again.json.id}/retry`)).json, {
    status: 409,
    code: 'CH013',
  });
  const waiting = await start();
  await database.rows(
    `update chime.runs set status = 'running', attempt = 1, started_at = chime.now(), worker_id = gen_random_uuid() where id = $1`,
    [waiting.id],
  );
  await database.rows(
    `update chime.runs set status = 'retrying', worker_id = null, retry_at = chime.now() + interval '1 hour' where id = $1`,
    [waiting.id],
  );
  const sooner = await call('POST', `/api/v1/runs/${waiting.id}/retry`);
  test.match(
    [sooner.status, sooner.json.id, sooner.json.status],
    [200, waiting.id, 'retrying'],
    'one that waits is itself the answer',
  );
  await call('POST', `/api/v1/runs/${waiting.id}/cancel`);
});

t.test('lists', async (test) => {
  const { json: one } = await call('POST', '/api/v1/tasks', { body: { ...body, name: 'other' } });
  const made: string[] = [];
  for (const status of ['succeeded', 'failed', 'timed_out']) {
    const { json } = await call('POST', `/api/v1/tasks/${one.id}/run`);
    await end(json.id, status, null, status === 'succeeded' ? null : 'broken');
    made.unshift(json.id);
  }
  const ids = async (query: string, path = '/api/v1/runs') => {
    const { json } = await call('GET', `${path}?${query}`);
    return json.items.map(({ id }: { id: string }) => id);
  };
  test.strictSame(await ids(`task_id=${one.id}`), made);
  test.strictSame(await ids('', `/api/v1/tasks/${one.id}/runs`), made);
  test.strictSame(await ids('status=failed', `/api/v1/tasks/${one.id}/runs`), [made[1]]);
  test.strictSame(await ids(`task_id=${one.id}&size=2&page=2`), [made[2]]);
  test.strictSame((await ids('status=failed'))[0], made[1]);
  const middle = (await call('GET', `/api/v1/runs/${made[1]}`)).json.scheduled_for;
  test.strictSame(await ids(`task_id=${one.id}&scheduled_before=${middle}`), [made[2]]);
  test.strictSame(await ids(`task_id=${one.id}&scheduled_after=${middle}`), made.slice(0, 2));
  test.strictSame(await ids('scheduled_before=1900-01-01T00:00:00Z'), []);
  test.strictSame(await ids('scheduled_after=9998-01-01T00:00:00Z'), []);
  const { json: page } = await call('GET', '/api/v1/runs?size=1');
  test.equal(page.total, await database.value('select count(*)::integer from chime.runs'));
  test.match([page.items.length, page.total_capped], [1, false]);
  for (const query of [
    'status=done',
    'task_id=7',
    'scheduled_after=yesterday',
    'scheduled_after=2026-01-01',
    'page=101&size=100',
  ]) {
    const { status, json } = await call('GET', `/api/v1/runs?${query}`);
    test.match([status, json.errors[0].path], [400, query.split('=')[0]], query);
  }
});

t.test('a total is counted no further than pages go', async (test) => {
  const { json: busy } = await call('POST', '/api/v1/tasks', { body: { ...body, name: 'busy' } });
  await database.rows(
    `insert into chime.runs (id, tenant_id, schedule_id, task, payload, trigger, scheduled_for, due_at, status, skip_reason, covers_count, finished_at, created_at)
     select chime_private.new_id(a.t), tenant_id, id, task, payload, 'schedule', a.t, a.t, 'skipped', 'missed', 1, a.t, a.t
     from chime.schedules, generate_series(1, 10001) n, lateral (select chime.now() - n * interval '1 minute') a(t) where id = $1`,
    [busy.id],
  );
  const { json } = await call('GET', `/api/v1/runs?task_id=${busy.id}&size=100&page=100`);
  test.match([json.items.length, json.total, json.total_capped], [100, 10_000, true]);
  const { json: past } = await call('GET', `/api/v1/runs?task_id=${busy.id}&size=100&page=102`);
  test.match([past.status, past.code, past.errors[0].path], [400, 'CH007', 'page']);
});

t.test('events', async (test) => {
  await database.rows(
    `select chime.create_event_handler(event => 'order.*', task => 'send_message', payload => '{"text": "{{payload.id}}"}', key => 'h')`,
  );
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const raised = await call('POST', '/api/v1/events/order.created', {
    body: { id: 7 },
    headers: { traceparent },
  });
  test.equal(raised.status, 201);
  const { event, runs } = raised.json;
  test.match(event, {
    name: 'order.created',
    payload: { id: 7 },
    handler_count: 1,
    depth: 0,
    actor: 'ada',
    cause_run_id: null,
    created_at: /Z$/,
  });
  test.match(runs, [{ task: 'send_message', trigger: 'event', event_id: event.id, status: 'queued' }]);
  test.match((await call('GET', `/api/v1/runs/${runs[0].id}`)).json, {
    payload: { text: '7' },
    trace_id: '0af7651916cd43dd8448eb211c80319c',
  });
  test.match((await call('POST', '/api/v1/events/else')).json, {
    event: { payload: {}, handler_count: 0 },
    runs: [],
  });
  const names = async (query: string) =>
    (await call('GET', `/api/v1/events?${query}`)).json.items.map(({ name }: { name: string }) => name);
  test.strictSame(await names(''), ['else', 'order.created']);
  test.strictSame(await names('name=order.created'), ['order.created']);
  test.strictSame(await names('name=order.*'), ['order.created']);
  test.strictSame(await names('name=*&size=1&page=2'), ['order.created']);
  test.strictSame(await names('name=order'), []);
  const cases: [string, unknown, string, string][] = [
    ['chime.schedule.late', {}, 'CH007', 'name'],
    ['no%20name', {}, 'CH007', 'name'],
    ['a..b', {}, 'CH007', 'name'],
    ['big', { text: 'x'.repeat(262_144) }, 'CH006', 'payload'],
    ['list', [], 'CH007', 'body'],
  ];
  for (const [name, payload, code, path] of cases) {
    const { status, json } = await call('POST', `/api/v1/events/${name}`, { body: payload });
    test.match([status, json.code, json.errors[0].path], [400, code, path], name);
  }
});
