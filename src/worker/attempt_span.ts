// An attempt as a span of OpenTelemetry, where the application has that set up; else it only has a name in its trace.
import type { Span } from '@opentelemetry/api';
import type { StartedRun } from '../db/calls.ts';
import { version } from '../package.ts';
import { actAs, formatTraceparent, otel, traceOf } from '../trace.ts';

/** How an attempt ended, for its span. */
export interface AttemptEnd {
  /** How it ended. */
  outcome: string;
  /** What became of its run; undefined where that was not recorded. */
  status?: string | undefined;
  error?: string | null;
  stack?: string | null;
}

export class AttemptSpan {
  /** What its handler passes on, as W3C Trace Context says it. */
  readonly traceparent: string;
  readonly #runId: string;
  readonly #span: Span | undefined;
  #endTime: Date | undefined;

  constructor(run: StartedRun) {
    this.#runId = run.id;
    const { traceId, spanId, flags } = traceOf(run);
    if (otel !== undefined) {
      const parent = otel.trace.setSpanContext(otel.ROOT_CONTEXT, {
        ...{ traceId, spanId, traceFlags: flags, isRemote: true },
      });
      const kind = otel.SpanKind.CONSUMER;
      const attributes = attributesOf(run);
      this.#span = otel.trace
        .getTracer('pgchime', version)
        .startSpan(`run ${run.task}`, { kind, attributes, root: false }, parent);
    }
    // Where nobody has set up a tracer, this is the span of the run.
    const context = this.#span?.spanContext() ?? { traceId, spanId, traceFlags: flags };
    this.traceparent = formatTraceparent(context.traceId, context.spanId, context.traceFlags);
  }

  /** Calls the handler: what it traces is below this span. */
  run<T>(handler: () => T): T {
    const work = () => actAs({ id: this.#runId, traceparent: this.traceparent }, handler);
    if (otel === undefined || this.#span === undefined) return work();
    return otel.context.with(otel.trace.setSpan(otel.context.active(), this.#span), work);
  }

  /** The handler has ended: what follows is only its record. */
  stop(): void {
    this.#endTime ??= new Date();
  }

  end({ outcome, status, error, stack }: AttemptEnd): void {
    const span = this.#span;
    if (otel === undefined || span === undefined) return;
    span.setAttribute('chime.outcome', outcome);
    if (status !== undefined) span.setAttribute('chime.status', status);
    if (error !== undefined && error !== null) {
      span.recordException(stack ? { message: error, stack } : error, this.#endTime);
      span.setStatus({ code: otel.SpanStatusCode.ERROR, message: error });
    }
    span.end(this.#endTime);
  }
}

function attributesOf(run: StartedRun): Record<string, string | number> {
  return {
    'chime.run.id': run.id,
    'chime.attempt': run.attempt,
    'chime.task': run.task,
    'chime.trigger': run.trigger,
    'chime.scheduled_for': run.scheduled_for.toISOString(),
    ...(run.schedule_id !== null && { 'chime.schedule.id': run.schedule_id }),
    ...(run.schedule_key !== null && { 'chime.schedule.key': run.schedule_key }),
    ...(run.schedule_name !== null && { 'chime.schedule.name': run.schedule_name }),
    ...(run.event_id !== null && { 'chime.event.id': run.event_id }),
  };
}
