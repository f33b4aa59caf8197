// Tracing: the run that is being executed, known to all that its handler calls, and its place among the spans of the application.
// OpenTelemetry's API is used where the application has it; without it traces are passed on all the same.
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';

type Otel = typeof import('@opentelemetry/api');

export const otel: Otel | undefined = (() => {
  try {
    return createRequire(import.meta.url)('@opentelemetry/api') as Otel;
  } catch {
    return undefined;
  }
})();

/** The run that acts. */
export interface ActingRun {
  id: string;
  /** Of its attempt, as W3C Trace Context says it. */
  readonly traceparent: string;
}

// One for all copies of this package in the process: a task file may load its own.
const shared = globalThis as { [key: symbol]: AsyncLocalStorage<ActingRun> | undefined };
const name = Symbol.for('pgchime.acting');
shared[name] ??= new AsyncLocalStorage<ActingRun>();
const acting = shared[name];

/** Calls `work`; all that it calls acts for this run. */
export function actAs<T>(run: ActingRun, work: () => T): T {
  return acting.run(run, work);
}

/** The run for whose handler the caller works; undefined outside of handlers. */
export function actingRun(): ActingRun | undefined {
  return acting.getStore();
}

/** The trace context of the caller: that of the active span, else that of the run that acts. */
export function activeTraceparent(): string | undefined {
  const span = otel?.trace.getSpanContext(otel.context.active());
  if (span !== undefined && otel?.isSpanContextValid(span) === true)
    return formatTraceparent(span.traceId, span.spanId, span.traceFlags);
  return actingRun()?.traceparent;
}

export function formatTraceparent(traceId: string, spanId: string, flags: number): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** Where a run belongs in a trace: below what brought it about, else a trace of its own, whose id is that of the run. */
export function traceOf(run: { id: string; traceparent: string | null }) {
  const id = run.id.replaceAll('-', '');
  return {
    traceId: run.traceparent?.slice(3, 35) ?? id,
    spanId: id.slice(16),
    flags: run.traceparent === null ? 1 : Number.parseInt(run.traceparent.slice(53), 16),
  };
}
