// Traces: what handlers and the requests that they make pass on, and the spans that OpenTelemetry is given.
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import t, { type Test } from 'tap';
import { retry } from '../../src/answer.ts';
import { actingFor, createChime } from '../../src/index.ts';
import type { TaskContext } from '../../src/task.ts';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';
import { startHttp } from '../support/http.ts';
import { queueRuns, startWorker, task } from '../support/worker.ts';

const database = await createDatabase();
const { answers, handler } = eventsOf(database);
const traced = (id: unknown) =>
  database.row<{ trace: string; span: string; parent: string | null }>(
    `select chime.runs_trace_id(r) as trace, chime.runs_span_id(r) as span, chime.runs_parent_span_id(r) as parent
     from chime.runs r where r.id = $1`,
    [id],
  );
const library = createChime({ connectionString: database.url });
t.teardown(() => library.close());

/** Sets up OpenTelemetry for one test, as an application would. */
function tracer(test: Test) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  test.teardown(() => {
    trace.disable();
    context.disable();
  });
  return { exporter, tracer: provider.getTracer('test') };
}

t.test('without OpenTelemetry', async (test) => {
  const seen: (string | undefined)[] = [];
  const { url } = await startHttp(test, (request, response) => {
    seen.push(request.headers.traceparent as string | undefined);
    response.end('ok');
  });
  let ctx: TaskContext | undefined;
  const { finished } = await startWorker(
    test,
    database,
    [
      task('plain', async (given) => {
        ctx = given;
        await given.fetch(url);
        await given.fetch(url, { headers: { TraceParent: 'my own' } });
      }),
    ],
    { allowPrivateHttp: '*' },
  );
  const [id] = await queueRuns(database, 'plain', [{}]);
  test.hasStrict(await finished(1), [{ status: 'succeeded' }]);
  const { trace: traceId, span } = await traced(id);
  test.equal(ctx?.traceparent, `00-${traceId}-${span}-01`);
  test.strictSame(seen, [ctx?.traceparent, 'my own']);
});

t.test('what a handler brings about belongs to its trace, and a loop comes to an end', async (test) => {
  const client = await database.connect(test);
  await client.query('create table public.rows_of_loop (n integer)');
  await client.query(
    "create trigger raise_events after insert on public.rows_of_loop for each row execute function chime.raise_row_event('looping')",
  );
  let count = 0;
  const { finished } = await startWorker(test, database, [
    task('loop', async () => {
      count++;
      await client.query('begin');
      await actingFor(client);
      await client.query('insert into public.rows_of_loop values (1)');
      await client.query('commit');
    }),
  ]);
  const id = await handler("task => 'loop', event => 'looping.inserted'");
  await client.query('insert into public.rows_of_loop values (0)');
  await finished(11);
  test.equal(count, 11);
  const depths = await database.rows('select depth, handler_count from chime.events order by depth');
  test.strictSame(
    depths,
    Array.from({ length: 12 }, (_value, depth) => ({ depth, handler_count: depth < 11 ? 1 : 0 })),
  );
  const runs = await answers(id);
  const traces = await Promise.all(runs.map((run) => traced(run.id)));
  test.equal(new Set(traces.map((each) => each.trace)).size, 1);
  test.equal(traces[0]?.trace, runs[0]?.id.replaceAll('-', ''), 'that of the first');
});

t.test('the library says for which run it is called', async (test) => {
  const { finished } = await startWorker(test, database, [
    task('caller', async () => {
      const event = await library.events.trigger('by.library');
      const run = await library.schedules.runNow('yearly');
      return { event, run: run.id };
    }),
    task('noop', () => undefined),
  ]);
  await handler("task => 'noop', event => 'by.library'");
  const yearly = { task: 'noop', cron: '0 0 1 1 *', overlap: 'allow', key: 'yearly' } as const;
  await library.schedules.create(yearly);
  const [id] = await queueRuns(database, 'caller', [{}]);
  await finished(3);
  const { result } = await database.row('select result from chime.runs where id = $1', [id]);
  const { trace: traceId, span } = await traced(id);
  test.hasStrict(result, { event: { causeRunId: id, depth: 0, traceparent: `00-${traceId}-${span}-01` } });
  test.hasStrict(await traced((result as { run: string }).run), { trace: traceId, parent: span });
  const outside = await library.events.trigger('by.library');
  test.hasStrict(outside, { causeRunId: null, traceparent: null });
  const given = await library.events.trigger('by.library', {}, { traceparent: `00-${traceId}-${span}-00` });
  test.equal(given.traceparent, `00-${traceId}-${span}-00`);
});

t.test('attempts are spans', async (test) => {
  const { exporter } = tracer(test);
  const { finished } = await startWorker(test, database, [
    task('good', (ctx) => {
      trace.getTracer('handler').startSpan('inside').end();
      return ctx.traceparent;
    }),
    task('bad', () => {
      throw new Error('broken');
    }),
    task('again', () => retry(86_400_000, 'not yet')),
  ]);
  const [good] = await queueRuns(database, 'good', [{}]);
  const [bad] = await queueRuns(database, 'bad', [{}]);
  const { id: schedule } = await library.schedules.create({
    task: 'again',
    cron: '0 0 1 1 *',
    name: 'Again',
  });
  const again = await library.schedules.runNow(schedule);
  await finished(3);
  const span = (name: string) => exporter.getFinishedSpans().find((each) => each.name === name);
  const { trace: traceId, span: spanId } = await traced(good);
  const run = span('run good');
  test.equal(run?.spanContext().traceId, traceId);
  test.equal(run?.parentSpanContext?.spanId, spanId, 'below the run');
  test.hasStrict(run?.attributes, {
    ...{ 'chime.run.id': good, 'chime.task': 'good', 'chime.attempt': 1, 'chime.trigger': 'manual' },
    ...{ 'chime.schedule.key': 'queue:good', 'chime.outcome': 'succeeded', 'chime.status': 'succeeded' },
  });
  test.equal(
    span('inside')?.parentSpanContext?.spanId,
    run?.spanContext().spanId,
    'spans of the handler are below it',
  );
  const { output } = await database.row('select output from chime.runs where id = $1', [good]);
  test.equal(output, `00-${traceId}-${run?.spanContext().spanId}-01`);
  const failed = span('run bad');
  test.hasStrict(failed?.status, { code: SpanStatusCode.ERROR, message: 'broken' });
  test.hasStrict(failed?.attributes, {
    'chime.run.id': bad,
    'chime.outcome': 'failed',
    'chime.status': 'failed',
  });
  test.match(failed?.events, [{ name: 'exception', attributes: { 'exception.message': 'broken' } }]);
  test.hasStrict(span('run again')?.attributes, {
    ...{ 'chime.run.id': again.id, 'chime.schedule.name': 'Again' },
    ...{ 'chime.outcome': 'failed', 'chime.status': 'retrying' },
  });
});

t.test('a run that is run again by hand belongs to the trace of whoever wanted that', async (test) => {
  const bad = await database.value("select id from chime.runs where task = 'bad'");
  const { traceId, spanId } = await library.runs.get(bad as string);
  const again = await library.runs.retry(bad as string, { traceparent: `00-${traceId}-${spanId}-01` });
  test.hasStrict(await traced(again.id), { trace: traceId, parent: spanId });
});

t.test('a span of the application is the parent', async (test) => {
  const { exporter, tracer: application } = tracer(test);
  const { url } = await startHttp(test, (request, response) =>
    response.end(String(request.headers.traceparent)),
  );
  const { finished } = await startWorker(
    test,
    database,
    [
      task('below', async (ctx) =>
        application.startActiveSpan('within', async (within) => {
          const { body } = await ctx.fetch(url);
          within.end();
          return Buffer.from(body).toString();
        }),
      ),
    ],
    { allowPrivateHttp: '*' },
  );
  await library.schedules.create({ task: 'below', cron: '0 0 1 1 *', key: 'below' });
  const id = await application.startActiveSpan('request', async (request) => {
    const { id: runId } = await library.schedules.runNow('below');
    request.end();
    return runId;
  });
  await finished(1);
  const span = (name: string) =>
    exporter
      .getFinishedSpans()
      .find((each) => each.name === name)
      ?.spanContext();
  const request = span('request');
  test.hasStrict(await traced(id), { trace: request?.traceId, parent: request?.spanId });
  test.equal(span('run below')?.traceId, request?.traceId);
  const { output } = await database.row('select output from chime.runs where id = $1', [id]);
  test.equal(
    output,
    `00-${request?.traceId}-${span('within')?.spanId}-01`,
    'requests are below the innermost span',
  );
});
