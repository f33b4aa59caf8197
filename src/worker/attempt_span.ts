// An attempt as a span of OpenTelemetry, where the application has that set up; else it only has a name in its trace.
import type { ProxyTracerProvider, Span, Tracer } from '@opentelemetry/api';
import type { StartedRun } from '../db/calls.ts';
import { version } from '../package.ts';
import { type ActingRun, actAs, formatTraceparent, otel, traceOf } from '../trace.ts';

/** How an attempt ended, for its span. */
export interface AttemptEnd {
  /** How it ended. */
  outcome: string;
  /** What became of its run; undefined where that was not recorded. */
  status?: string | undefined;
  error?: string | null;
  stack?: string | null;
}

/** The tracer of the application; undefined where it has set up none, and nothing need be told to one. */
function tracer(): Tracer | undefined {
  const provider = otel?.trace.getTracerProvider() as Partial<ProxyTracerProvider> | undefined;
  return provider?.getDelegateTracer === undefined
    ? provider?.getTracer?.('pgchime', version)
    : provider.getDelegateTracer('pgchime', version);
}

export class AttemptSpan implements ActingRun {
  readonly id: string;
  readonly #run: StartedRun;
  readonly #span: Span | undefined;
  #endTime: Date | undefined;

  constructor(run: StartedRun) {
    this.id = run.id;
    this.#run = run;
    this.#span = this.#start(tracer());
  }

  #start(tracer: Tracer | undefined): Span | undefined {
    if (otel === undefined || tracer === undefined) return undefined;
    const { traceId, spanId, flags } = traceOf(this.#run);
    const parent = otel.trace.setSpanContext(otel.ROOT_CONTEXT, {
      ...{ traceId, spanId, traceFlags: flags, isRemote: true },
    });
    const kind = otel.SpanKind.CONSUMER;
    return tracer.startSpan(`run ${this.#run.task}`, { kind, attributes: attributesOf(this.#run) }, parent);
  }

  /** What its handler passes on, as W3C Trace Context says it. Where nobody has set up a tracer, it names the span of the run. */
  get traceparent(): string {
    const context = this.#span?.spanContext();
    if (context !== undefined) return formatTraceparent(context.traceId, context.spanId, context.traceFlags);
    const { traceId, spanId, flags } = traceOf(this.#run);
    return formatTraceparent(traceId, spanId, flags);
  }

  /** Calls the handler: what it traces is below this span. */
  run<T>(handler: () => T): T {
    const work = () => actAs(this, handler);
    if (otel === undefined || this.#span === undefined) return work();
    return otel.context.with(otel.trace.setSpan(otel.context.active(), this.#span), work);
  }

  /** The handler has ended: what follows is only its record. */
  stop(): void {
    if (this.#span !== undefined) this.#endTime ??= new Date();
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
