// /tasks by the fixed contract: what is written, what is read, and what is said about what cannot be.
import t from 'tap';
import { makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { call: anyone } = await startApi(t, database);
const token = await makeJwt({ sub: 'ada', role: 'admin' });
const call: typeof anyone = (method, path, options = {}) => anyone(method, path, { as: token, ...options });
const post = (body: object) => call('POST', '/api/v1/tasks', { body });
const put = (id: string, body: object, headers = {}) => call('PUT', `/api/v1/tasks/${id}`, { body, headers });
const payload = { text: 'hello' };
const repeated = { task_type: 'repeated', cron_expression: '0 9 * * 1-5', payload };
const once = { task_type: 'scheduled', scheduled_at: '2090-01-01T09:00:00Z', payload };

t.test('a task from its creation to its end', async (test) => {
  const created = await post({
    ...repeated,
    name: 'Report',
    description: 'For all',
    tags: ['a', 'b'],
    timezone: 'Europe/Berlin',
    key: 'r',
  });
  test.equal(created.status, 201);
  const { id } = created.json;
  test.equal(created.headers.location, `/api/v1/tasks/${id}`);
  test.equal(created.headers.etag, '"1"');
  test.equal(created.headers['cache-control'], 'no-store');
  test.match(created.json, {
    ...{
      name: 'Report',
      description: 'For all',
      task_type: 'repeated',
      task: 'send_message',
      payload,
      key: 'r',
    },
    ...{
      scheduled_at: null,
      repeat_interval: 'custom',
      cron_expression: '0 9 * * 1-5',
      timezone: 'Europe/Berlin',
    },
    ...{
      tags: ['a', 'b'],
      is_active: true,
      status: 'active',
      rule: '0 9 * * 1-5',
      revision: 1,
      last_run_id: null,
    },
    ...{ next_run_at: /^\d{4}-\d\d-\d\dT0[78]:00:00\.000Z$/, created_at: /Z$/, updated_at: /Z$/ },
  });
  test.strictSame((await call('GET', `/api/v1/tasks/${id}`)).json, created.json);

  const paused = await call('POST', `/api/v1/tasks/${id}/pause`, {
    body: { reason: 'not now', until: '2090-01-01T00:00:00Z' },
  });
  test.match(paused.json, {
    is_active: false,
    status: 'paused',
    status_reason: 'not now',
    next_run_at: null,
  });
  test.match((await call('POST', `/api/v1/tasks/${id}/resume`)).json, { is_active: true, status: 'active' });
  test.match((await call('POST', `/api/v1/tasks/${id}/pause`)).json, {
    status: 'paused',
    status_reason: null,
  });
  test.match((await call('POST', `/api/v1/tasks/${id}/cancel`, { body: { reason: 'over' } })).json, {
    status: 'cancelled',
    status_reason: 'over',
  });
  const again = await call('POST', `/api/v1/tasks/${id}/resume`);
  test.match([again.status, again.json.code, again.json.title], [409, 'CH013', 'Illegal state']);
  test.equal((await call('DELETE', `/api/v1/tasks/${id}`)).status, 204);
  test.match((await call('GET', `/api/v1/tasks/${id}`)).json, { status: 404, code: 'CH010' });
  test.equal((await call('DELETE', `/api/v1/tasks/${id}`)).status, 404);
});

t.test('every kind of rule', async (test) => {
  const start = '2090-03-01T08:00:00.000Z';
  const cases: [object, object][] = [
    [
      once,
      {
        task_type: 'scheduled',
        scheduled_at: '2090-01-01T09:00:00Z',
        repeat_interval: null,
        cron_expression: null,
        next_run_at: '2090-01-01T09:00:00.000Z',
      },
    ],
    [
      { ...once, scheduled_at: '2090-01-01T09:00+02:00' },
      { scheduled_at: '2090-01-01T09:00:00+02:00', next_run_at: '2090-01-01T07:00:00.000Z' },
    ],
    [
      {
        ...once,
        scheduled_at: '2090-07-01 09:00',
        timezone: 'Europe/Berlin',
        repeat_interval: null,
        cron_expression: null,
      },
      { scheduled_at: '2090-07-01T09:00:00', next_run_at: '2090-07-01T07:00:00.000Z' },
    ],
    ...(['daily', 'weekly', 'monthly'] as const).map((repeat_interval): [object, object] => [
      { task_type: 'repeated', repeat_interval, scheduled_at: '2090-03-01T09:00:00+01:00', payload },
      {
        task_type: 'repeated',
        repeat_interval,
        scheduled_at: start,
        cron_expression: null,
        next_run_at: start,
      },
    ]),
    [
      { ...repeated, repeat_interval: 'custom', scheduled_at: start },
      { repeat_interval: 'custom', scheduled_at: start, next_run_at: '2090-03-01T09:00:00.000Z' },
    ],
    [
      { ...repeated, repeat_interval: null },
      { repeat_interval: 'custom', cron_expression: '0 9 * * 1-5' },
    ],
  ];
  for (const [body, expected] of cases) {
    const { status, json } = await post(body);
    test.match([status, json], [201, expected], JSON.stringify(body));
    const same = await put(json.id, json);
    test.match(
      [same.status, same.json],
      [200, { ...json, updated_at: String }],
      'what was read can be sent back, and changes nothing',
    );
  }
});

t.test('one that another surface made', async (test) => {
  const make = (rule: string) =>
    database.value<string>(
      `select id from chime.create_schedule(task => 'send_message', payload => '{"text": "x"}', ${rule}, overlap => 'allow')`,
    );
  const made: [string, object][] = [
    ["every => '90 minutes'", { rule: '01:30:00', scheduled_at: null }],
    ["rrule => 'FREQ=MONTHLY;BYDAY=1MO'", { rule: 'FREQ=MONTHLY;BYDAY=1MO' }],
    [`rules => '[{"cron": "0 9 * * *"}, {"cron": "0 18 * * *"}]'`, { rule: /0 18/ }],
  ];
  for (const [rule, expected] of made) {
    const id = await make(rule);
    const { json } = await call('GET', `/api/v1/tasks/${id}`);
    test.match(
      json,
      { task_type: 'repeated', repeat_interval: 'custom', cron_expression: null, ...expected },
      rule,
    );
    const renamed = await put(id, { ...json, name: 'renamed' });
    test.match(
      renamed.json,
      { name: 'renamed', rule: json.rule, next_run_at: json.next_run_at },
      'its rule is kept',
    );
    const replaced = await put(id, { ...json, revision: null, cron_expression: '0 0 * * *' });
    test.match(replaced.json, { rule: '0 0 * * *', cron_expression: '0 0 * * *' }, 'or replaced');
    test.equal(
      await database.value('select overlap from chime.schedules where id = $1', [id]),
      'allow',
      'what the contract does not name stays',
    );
  }
  const daily = await make("every => '1 day', anchor => '2026-01-01 09:00Z'");
  test.match((await call('GET', `/api/v1/tasks/${daily}`)).json, {
    repeat_interval: 'daily',
    scheduled_at: '2026-01-01T09:00:00.000Z',
  });
});

t.test('changing one', async (test) => {
  const { json: first } = await post({
    ...repeated,
    name: 'A',
    description: 'B',
    tags: ['x'],
    key: 'changing',
  });
  const changed = await put(first.id, once);
  test.match(
    changed.json,
    {
      name: 'send_message',
      description: null,
      tags: [],
      key: null,
      task_type: 'scheduled',
      revision: 2,
      is_active: true,
    },
    'what is left out has its default',
  );
  test.equal(changed.headers.etag, '"2"');
  const stale = await put(first.id, repeated, { 'if-match': '"1"' });
  test.match([stale.status, stale.json], [412, { code: 'CH012', status: 412, details: { revision: 2 } }]);
  test.match((await put(first.id, repeated, { 'if-match': '"no"' })).status, 412);
  const inBody = await put(first.id, { ...repeated, revision: 1 });
  test.match(
    [inBody.status, inBody.json],
    [409, { code: 'CH012', title: 'Revision conflict', details: { revision: 2 } }],
  );
  test.match(
    (await call('GET', `/api/v1/tasks/${first.id}`)).json,
    { revision: 2, task_type: 'scheduled' },
    'nothing was changed',
  );
  test.match((await put(first.id, repeated, { 'if-match': '"2"' })).json, {
    revision: 3,
    rule: '0 9 * * 1-5',
  });
  test.match(
    (await put(first.id, { ...repeated, revision: 3, is_active: false }, { 'if-match': '*' })).json,
    { revision: 3, status: 'paused' },
  );
  test.match((await put(first.id, { ...repeated, is_active: false })).json, { status: 'paused' });
  test.match(
    (
      await put(first.id, {
        task_type: 'repeated',
        repeat_interval: 'daily',
        scheduled_at: '2090-01-01T00:00:00Z',
        payload,
      })
    ).json,
    {
      ...{
        status: 'active',
        repeat_interval: 'daily',
        cron_expression: null,
        next_run_at: '2090-01-01T00:00:00.000Z',
      },
    },
  );
  const missing = await put(first.id, {
    task_type: 'scheduled',
    scheduled_at: '2000-01-01T00:00:00Z',
    payload,
  });
  test.match([missing.status, missing.json.code], [400, 'CH004'], 'a time that is over');
  test.match(
    (await call('GET', `/api/v1/tasks/${first.id}`)).json,
    { repeat_interval: 'daily' },
    'and all of it was undone',
  );
});

t.test('creating it again with its key changes it', async (test) => {
  const first = await post({ ...repeated, key: 'again' });
  const second = await post({ ...repeated, key: 'again', cron_expression: '0 10 * * *' });
  test.match(
    [first.status, second.status, second.json.id, second.json.revision],
    [201, 200, first.json.id, 2],
  );
  const sleeping = await post({ ...repeated, is_active: false });
  test.match([sleeping.status, sleeping.json.status, sleeping.json.next_run_at], [201, 'paused', null]);
});

t.test('lists', async (test) => {
  const { call: others } = await startApi(test, database);
  const bob = await makeJwt({ sub: 'bob' });
  const as: typeof call = (method, path, options = {}) => others(method, path, { as: bob, ...options });
  for (let index = 1; index <= 5; index++) {
    await as('POST', '/api/v1/tasks', {
      body: {
        ...repeated,
        name: `repeated ${index}`,
        tags: index > 3 ? ['late'] : [],
        is_active: index !== 1,
      },
    });
  }
  await as('POST', '/api/v1/tasks', { body: { ...once, name: 'once' } });
  const list = async (query: string) => {
    const { json } = await as('GET', `/api/v1/tasks${query}`);
    return [json.items.map(({ name }: { name: string }) => name), json.total, json.page, json.size];
  };
  const all = ['once', 'repeated 5', 'repeated 4', 'repeated 3', 'repeated 2', 'repeated 1'];
  test.strictSame(await list(''), [all, 6, 1, 20]);
  test.strictSame(await list('?size=4'), [all.slice(0, 4), 6, 1, 4]);
  test.strictSame(await list('?size=4&page=2'), [all.slice(4), 6, 2, 4]);
  test.strictSame(await list('?size=4&page=3'), [[], 6, 3, 4]);
  test.strictSame(await list('?task_type=scheduled'), [['once'], 1, 1, 20]);
  test.strictSame(await list('?task_type=repeated&is_active=false'), [['repeated 1'], 1, 1, 20]);
  test.strictSame(await list('?is_active=true&size=1'), [['once'], 5, 1, 1]);
  test.strictSame(await list('?tag=late'), [['repeated 5', 'repeated 4'], 2, 1, 20]);
  test.strictSame(await list(`?tag=${encodeURIComponent("x'; drop table chime.runs; --")}`), [[], 0, 1, 20]);
  for (const query of [
    'page=0',
    'page=x',
    'size=101',
    'size=-1',
    'page=1&page=2',
    'is_active=yes',
    'task_type=all',
    'tasktype=repeated',
    'page=200&size=100',
  ]) {
    const { status, json } = await as('GET', `/api/v1/tasks?${query}`);
    test.match([status, json.code, json.errors.length], [400, 'CH007', 1], query);
    test.equal(json.errors[0].path, query.startsWith('page=200') ? 'page' : query.split('=')[0], query);
  }
});

t.test('what is wrong is said, and where', async (test) => {
  const cases: [object, string, string | undefined, RegExp][] = [
    [{ ...repeated, cron_expression: '0 25 * * *' }, 'CH001', 'cron_expression', /25/],
    [{ ...repeated, cron_expression: '0 0 30 2 *' }, 'CH002', 'cron_expression', /never fire/],
    [{ ...repeated, timezone: 'Mars/Olympus' }, 'CH003', undefined, /Mars\/Olympus/],
    [{ ...once, scheduled_at: '2020-01-01T00:00:00Z' }, 'CH004', undefined, /in the past/],
    [{ ...once, scheduled_at: '2090-02-30T00:00:00Z' }, 'CH001', undefined, /not a time of the calendar/],
    [{ ...repeated, task: 'No Task' }, 'CH005', undefined, /not a task name/],
    [{ ...repeated, payload: { text: 'x'.repeat(1048577) } }, 'CH006', 'payload', /at most 1 MB/],
    [{ ...repeated, name: 'x'.repeat(201) }, 'CH007', 'name', /1 to 200/],
    [{ ...repeated, name: 'a\u0000b' }, 'CH007', undefined, /cannot store/],
    [{ ...repeated, tags: ['x'.repeat(51)] }, 'CH007', 'tags', /50/],
    [{ task_type: 'repeated', payload }, 'CH001', 'cron_expression', /missing/],
    [{ task_type: 'repeated', repeat_interval: 'custom', payload }, 'CH001', 'cron_expression', /missing/],
    [{ task_type: 'repeated', repeat_interval: 'daily', payload }, 'CH007', 'scheduled_at', /missing/],
    [
      { ...repeated, repeat_interval: 'daily', scheduled_at: '2090-01-01T00:00:00Z' },
      'CH007',
      'cron_expression',
      /one rule/,
    ],
    [{ ...repeated, repeat_interval: 'yearly' }, 'CH007', 'repeat_interval', /daily/],
    [{ ...repeated, scheduled_at: '2090-01-01 00:00' }, 'CH007', 'scheduled_at', /ISO/],
    [{ task_type: 'scheduled', payload }, 'CH007', 'scheduled_at', /expected string/],
    [{ ...once, scheduled_at: 'tomorrow' }, 'CH007', 'scheduled_at', /must be like/],
    [{ ...once, repeat_interval: 'daily' }, 'CH007', 'repeat_interval', /null/],
    [{ payload }, 'CH007', 'task_type', /scheduled/],
    [{ ...repeated, is_active: 'yes' }, 'CH007', 'is_active', /boolean/],
    [{ ...repeated, tenant_id: 'x', owner: 1 }, 'CH007', 'tenant_id', /no such field/],
    [[], 'CH007', 'body', /object/],
  ];
  const before = await database.value('select count(*) from chime.schedules');
  for (const [body, code, path, message] of cases) {
    const { status, json, headers } = await post(body);
    const what = JSON.stringify(body).slice(0, 150);
    test.match([status, json.code], [400, code], what);
    test.match(json.detail, message, what);
    test.equal(json.errors?.[0].path, path, what);
    test.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    test.match(json, {
      type: /^urn:pgchime:problem:[a-z-]+$/,
      title: String,
      instance: /^urn:uuid:[0-9a-f-]{36}$/,
    });
    test.equal(`urn:uuid:${headers['x-request-id']}`, json.instance);
  }
  test.match(
    (await post({ ...repeated, cron_expression: '0 25 * * *' })).json.details,
    { position: Number },
    'with the position in the expression',
  );
  test.equal(await database.value('select count(*) from chime.schedules'), before, 'nothing was written');
});
