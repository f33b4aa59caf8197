// A request and all that it leads to belong to one trace, and the log finds them by it.
import { setImmediate } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import t from 'tap';
import { WebSocket } from 'ws';
import { readTraceparent } from '../../src/api/request_trace.ts';
import { makeJwt, startApi } from '../support/api.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { call, url, lines } = await startApi(t, database);
const as = await makeJwt({ sub: 'ada', role: 'admin' });
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
await database.rows(
  "select chime_private.register_worker(gen_random_uuid(), 'w', 'p', '[{\"name\": \"noop\"}]')",
);
const schedule = await database.value<string>(
  "select id from chime.create_schedule(task => 'noop', every => '1 hour')",
);
await database.rows("select chime.create_event_handler(event => 'order.made', task => 'noop')");

const traceOf = (run: string) =>
  database.value('select chime.runs_trace_id(r) from chime.runs r where id = $1', [run]);
/** The line of a request, which is written once it is answered. */
async function logOf(headers: Record<string, unknown>, all = lines) {
  for (;;) {
    const line = all.find(
      ({ msg, request_id }) => msg === 'request' && request_id === headers['x-request-id'],
    );
    if (line !== undefined) return line;
    await setImmediate();
  }
}

t.test('what is a traceparent, and what is none', async (test) => {
  test.strictSame(readTraceparent(traceparent), { traceparent, traceId, given: true });
  test.strictSame(
    readTraceparent(`cc-${traceId}-b7ad6b7169203331-01-what-comes`)?.traceparent,
    `00-${traceId}-b7ad6b7169203331-01`,
  );
  for (const wrong of [
    ...[
      '',
      'x',
      `ff-${traceId}-b7ad6b7169203331-01`,
      `${traceparent}-more`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    ],
    ...[
      `00-${traceId}-${'0'.repeat(16)}-01`,
      traceparent.toUpperCase(),
      `${traceparent}, ${traceparent}`,
      ` ${traceparent}`,
    ],
  ]) {
    test.equal(readTraceparent(wrong), undefined, wrong);
    // As the database reads it.
    test.equal(await database.value('select chime_private.read_traceparent($1)', [wrong]), null, wrong);
  }
});

t.test('REST: the trace that comes with a request, else one of its own', async (test) => {
  const run = `/api/v1/tasks/${schedule}/run`;
  const body = { allow_overlap: true };
  const given = await call('POST', run, { as, body, headers: { traceparent } });
  test.equal(given.headers.traceresponse, traceparent);
  test.equal(await traceOf(given.json.id), traceId);
  test.match(await logOf(given.headers), {
    trace_id: traceId,
    request_id: String,
    identity: 'ada',
    route: '/api/v1/tasks/:id/run',
    status: 201,
  });

  const own = await call('POST', run, { as, body, headers: { traceparent: 'nonsense' } });
  const begun = readTraceparent(own.headers.traceresponse);
  test.type(begun?.traceId, 'string');
  test.not(begun?.traceId, traceId);
  test.equal(await traceOf(own.json.id), begun?.traceId);
  test.equal((await logOf(own.headers)).trace_id, begun?.traceId);
  const next = await call('GET', '/api/v1/tasks', { as });
  test.not(next.headers.traceresponse, own.headers.traceresponse);

  const event = await call('POST', '/api/v1/events/order.made', { as, body: {}, headers: { traceparent } });
  test.equal(await traceOf(event.json.runs[0].id), traceId, 'through an event');
  const nobody = await call('GET', '/api/v1/tasks', { headers: { traceparent } });
  test.match(
    [nobody.status, nobody.headers.traceresponse, (await logOf(nobody.headers)).trace_id],
    [401, traceparent, traceId],
  );
});

t.test('GraphQL likewise; of a socket, the one that it came with', async (test) => {
  const query = `mutation { runNow(input: { scheduleId: "${schedule}", allowOverlap: true }) { run { id traceId } } }`;
  const runIn = async (headers: Record<string, string>) => {
    const reply = await call('POST', '/graphql', { as, body: { query }, headers });
    return { ...reply, run: reply.json.data.runNow.run };
  };
  const given = await runIn({ traceparent });
  test.same([given.run.traceId, given.headers.traceresponse], [traceId, traceparent]);
  test.equal((await logOf(given.headers)).trace_id, traceId);
  const own = await runIn({});
  test.equal(own.run.traceId, readTraceparent(own.headers.traceresponse)?.traceId);

  for (const headers of [{ traceparent }, {}]) {
    class Socket extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers });
      }
    }
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: Socket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${as}` },
    });
    const { value } = await client.iterate({ query }).next();
    const { run } = (value as { data: { runNow: { run: { id: string; traceId: string } } } }).data.runNow;
    test.equal(run.traceId, 'traceparent' in headers ? traceId : run.id.replaceAll('-', ''));
    await client.dispose();
  }
});

t.test('what fails here is logged where nobody debugs', async (test) => {
  const broken = await createDatabase(test);
  const api = await startApi(test, broken);
  await broken.rows('alter table chime.schedules rename column tags to labels');
  const failed = await api.call('GET', '/api/v1/tasks', { as, headers: { traceparent } });
  test.equal(failed.status, 500);
  test.match(await logOf(failed.headers, api.lines), {
    level: 'info',
    status: 500,
    trace_id: traceId,
    ms: Number,
  });
  test.match(await api.logged(/a request failed/), {
    level: 'error',
    trace_id: traceId,
    request_id: failed.headers['x-request-id'],
  });
  const fine = await api.call('GET', '/healthz');
  test.match(await logOf(fine.headers, api.lines), { level: 'debug', status: 200 });
  await api.server.stop();
});
