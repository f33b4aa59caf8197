// The OpenAPI document: valid, complete, and true of what the server answers; and the page that shows it.
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t from 'tap';
import { registerChannels } from '../../src/db/delivery_calls.ts';
import { type CallOptions, makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { defaultTenant, person } from '../support/identities.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('send_message', now(), now()), ('noop', now(), now())",
);
const { call } = await startApi(t, database);
const { json: document } = await call('GET', '/api/openapi.json');
const token = await makeJwt({ role: 'admin' });

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: { name: string; in: string; description?: string; schema: object }[];
  requestBody?: { required?: boolean };
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }> }>;
}

const operations = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
  ([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
);

t.test('it is valid', async (test) => {
  const result = await new Validator().validate(document);
  test.strictSame(result.errors, undefined);
  test.ok(result.valid);
  test.equal(document.openapi, '3.1.0');
  test.equal(
    new Set(operations.map(({ operationId }) => operationId)).size,
    operations.length,
    'each operation has an id of its own',
  );
});

t.test('everything is described', async (test) => {
  const missing: string[] = [];
  const require = (what: string, text: unknown) => {
    if (typeof text !== 'string' || text.length < 5 || text === 'Default Response') missing.push(what);
  };
  for (const { operationId, summary, description, parameters = [], responses, tags } of operations) {
    require(`${operationId}: summary`, summary);
    require(`${operationId}: description`, description);
    if (tags?.length !== 1) missing.push(`${operationId}: tag`);
    for (const { name, description: text } of parameters) require(`${operationId}: ${name}`, text);
    for (const [status, response] of Object.entries(responses))
      require(`${operationId}: ${status}`, response.description);
  }
  const walk = (where: string, schema: Record<string, unknown>) => {
    for (const [name, property] of Object.entries(
      (schema.properties ?? {}) as Record<string, Record<string, unknown>>,
    )) {
      if (property.$ref === undefined) require(`${where}.${name}`, property.description);
      walk(`${where}.${name}`, property);
    }
    if (schema.items !== undefined) walk(`${where}[]`, schema.items as Record<string, unknown>);
  };
  for (const [name, schema] of Object.entries(
    document.components.schemas as Record<string, Record<string, unknown>>,
  )) {
    require(name, schema.description);
    walk(name, schema);
  }
  for (const { name, description } of document.tags) require(name, description);
  test.strictSame(missing, []);
});

t.test('the contract', async (test) => {
  test.strictSame(
    operations.map(({ method, path }) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`).sort(),
    [
      ...[
        'DELETE /tasks/{id}',
        'GET /events',
        'GET /inbox',
        'GET /runs',
        'GET /runs/{id}',
        'GET /runs/{id}/deliveries',
        'GET /runs/{id}/logs',
        'GET /runs/{id}/output',
      ],
      ...[
        'GET /tasks',
        'GET /tasks/{id}',
        'GET /tasks/{id}/runs',
        'POST /events/{name}',
        'POST /inbox/read',
        'POST /runs/{id}/cancel',
      ],
      ...[
        'POST /runs/{id}/retry',
        'POST /tasks',
        'POST /tasks/{id}/cancel',
        'POST /tasks/{id}/pause',
        'POST /tasks/{id}/resume',
      ],
      ...['POST /tasks/{id}/run', 'PUT /tasks/{id}'],
    ],
  );
  const fields =
    'name description task_type payload scheduled_at repeat_interval cron_expression is_active created_at updated_at'.split(
      ' ',
    );
  for (const schema of ['Task', 'ScheduledTask', 'RepeatedTask']) {
    for (const field of fields)
      test.ok(document.components.schemas[schema].properties[field], `${schema}.${field}`);
  }
  test.strictSame(
    Object.fromEntries(
      operations
        .filter(({ requestBody }) => requestBody)
        .map(({ operationId, requestBody }) => [operationId, requestBody?.required]),
    ),
    {
      createTask: true,
      replaceTask: true,
      pauseTask: false,
      cancelTask: false,
      runTask: false,
      cancelRun: false,
      retryRun: false,
      raiseEvent: false,
      readInbox: false,
    },
  );
});

t.test('what the server answers is what it says', async (test) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'document', ...document });
  const pointer = (...parts: string[]) =>
    parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  const checked = new Map<string, Set<string>>();
  /** Sends a request of an operation, and holds the answer against the document. */
  const check = async (
    operationId: string,
    id: string,
    status: number,
    options: CallOptions & { query?: string } = {},
  ) => {
    const operation = operations.find((each) => each.operationId === operationId);
    if (operation === undefined) throw new Error(operationId);
    const { path, method } = operation;
    const address = path.replace('{id}', id).replace('{name}', 'order.created');
    const reply = await call(method.toUpperCase(), `${address}${options.query ?? ''}`, {
      as: token,
      ...options,
    });
    test.equal(reply.status, status, `${operationId} ${status}: ${reply.text.slice(0, 200)}`);
    const [type] = String(reply.headers['content-type'] ?? '').split(';');
    const declared = operation.responses[String(status)];
    test.ok(declared, `${operationId} says that it may answer ${status}`);
    const declaredType = Object.keys(declared?.content ?? {}).find((each) => each.split(';')[0] === type);
    test.equal(
      declaredType === undefined,
      reply.text === '' && status === 204,
      `${operationId} ${status}: ${type}`,
    );
    if (reply.json !== undefined && declaredType !== undefined) {
      const validate = ajv.compile({
        $ref: `document#/${pointer('paths', path, method, 'responses', String(status), 'content', declaredType, 'schema')}`,
      });
      test.ok(validate(reply.json), `${operationId} ${status}: ${ajv.errorsText(validate.errors)}`);
      const extra = unknownFields(reply.json, declared?.content?.[declaredType]?.schema ?? {});
      test.strictSame(extra, [], `${operationId} ${status} has nothing that is not described`);
    }
    checked.set(operationId, (checked.get(operationId) ?? new Set()).add(String(status)));
    return reply.json;
  };
  /** Fields of a value that its schema does not have. */
  const unknownFields = (value: unknown, given: object, where = ''): string[] => {
    const schema = resolve(given);
    if (Array.isArray(value))
      return value.flatMap((each) => unknownFields(each, schema.items ?? {}, `${where}[]`));
    if (typeof value !== 'object' || value === null || schema.properties === undefined) return [];
    return Object.entries(value).flatMap(([name, each]) => {
      const property = schema.properties?.[name];
      return property === undefined
        ? [`${where}.${name}`]
        : unknownFields(each, property, `${where}.${name}`);
    });
  };
  const resolve = (schema: { $ref?: string; items?: object; properties?: Record<string, object> }) =>
    schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];

  await database.rows(
    `select chime.create_event_handler(event => 'order.*', task => 'send_message', payload => '{"text": "x"}')`,
  );
  const nothing = '00000000-0000-7000-8000-000000000000';
  const body = {
    task_type: 'repeated',
    cron_expression: '0 9 * * *',
    payload: { text: 'x' },
    key: 'k',
    tags: ['a'],
  };
  const ann = await makeJwt({ sub: 'ann' });
  const { scheduleOf, end, sendAll } = deliveriesOf(database);
  await registerChannels(database.pool, [channelOf('web')]);
  const delivered = await end(await scheduleOf(await person(database, defaultTenant, 'ann')));
  await sendAll(['web']);
  const task = await check('createTask', '', 201, { body });
  await check('createTask', '', 200, { body: { ...body, name: 'n' } });
  await check('createTask', '', 400, { body: { ...body, cron_expression: '0 25 * * *' } });
  await check('createTask', '', 413, { body: 'x'.repeat(3_000_000) });
  await check('createTask', '', 415, { body: 'x', headers: { 'content-type': 'text/plain' } });
  await check('createTask', '', 401, { body, as: 'x' });
  await check('createTask', '', 403, { body, as: await makeJwt({ role: 'reporter', sub: 'r' }) });
  await check('getTask', task.id, 200);
  await check('getTask', nothing, 404);
  await check('replaceTask', task.id, 200, {
    body: { task_type: 'scheduled', scheduled_at: '2090-01-01T09:00', payload: { text: 'x' } },
  });
  await check('replaceTask', task.id, 412, { body, headers: { 'if-match': '"77"' } });
  await check('replaceTask', task.id, 409, { body: { ...body, revision: 77 } });
  await check('pauseTask', task.id, 200, { body: { reason: 'r', until: '2090-01-01T00:00:00Z' } });
  await check('resumeTask', task.id, 200);
  const run = await check('runTask', task.id, 201);
  await check('getRun', run.id, 200);
  await check('listRunDeliveries', delivered, 200);
  await check('listInbox', '', 200, { as: ann });
  await check('listInbox', '', 400, { as: ann, query: '?unread=perhaps' });
  await check('readInbox', '', 200, { as: ann });
  await check('getRunOutput', run.id, 200);
  await check('cancelRun', run.id, 200, { body: { reason: 'r' } });
  const again = await check('retryRun', run.id, 201);
  await database.rows(
    `with started as (update chime.runs set status = 'running', attempt = 1, started_at = chime.now(), worker_id = gen_random_uuid() where id = $1 returning id, tenant_id)
     insert into chime.run_logs (run_id, seq, tenant_id, attempt, level, message, data, logged_at) select id, 1, tenant_id, 1, 'warn', 'm', '[1]', chime.now() from started`,
    [again.id],
  );
  await database.rows(
    "update chime.runs set status = 'retrying', worker_id = null, retry_at = chime.now() + interval '1 hour' where id = $1",
    [again.id],
  );
  await check('getRunLogs', again.id, 200);
  await check('retryRun', again.id, 200);
  await check('retryRun', run.id, 409);
  await check('raiseEvent', '', 201, { body: { id: 1 } });
  for (const list of ['listTasks', 'listRuns', 'listEvents']) await check(list, '', 200);
  await check('listTaskRuns', task.id, 200);
  await check('listRuns', '', 400, { query: '?page=0' });
  await check('cancelTask', task.id, 200);
  await check('deleteTask', task.id, 204);
  for (const { operationId, responses } of operations) {
    const good = Object.keys(responses).filter((status) => status.startsWith('2'));
    test.strictSame(
      good.filter((status) => !checked.get(operationId)?.has(status)),
      [],
      `${operationId} was tried`,
    );
  }
});

t.test('the page to try it on comes from here alone', async (test) => {
  const page = await call('GET', '/api/docs');
  test.match([page.status, page.headers['content-type']], [200, /^text\/html/]);
  const policy = String(page.headers['content-security-policy']);
  test.notMatch(policy, /https?:|unsafe-eval|upgrade-insecure-requests|script-src[^;]*unsafe-inline/);
  test.notMatch(page.text, /(src|href)="(https?:)?\/\//, 'nothing is loaded from elsewhere');
  test.notMatch(
    page.text,
    /<script>|<script [^>]*>\s*[^<\s]|\son\w+=/,
    'no script is in the page, which the policy would refuse',
  );
  const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, address]) => new URL(address ?? '', 'http://x/api/docs/').pathname,
  );
  test.ok(assets.length >= 4, assets.join(' '));
  for (const address of assets) test.equal((await call('GET', address)).status, 200, address);
  const initializer = await call('GET', '/api/docs/static/swagger-initializer.js');
  test.match(initializer.text, /"validatorUrl":null/, 'nor is the document sent elsewhere');
  test.strictSame((await call('GET', '/api/docs/json')).json, document);
});
