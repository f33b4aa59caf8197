// On whose behalf a call is made: settings of its transaction by which the database knows the run that acts and the trace it belongs to.
import type { Queryable } from '../db/transaction.ts';
import { actingRun, activeTraceparent } from '../trace.ts';

export interface TraceOptions {
  /** The trace that the call belongs to, as W3C Trace Context says it; by default that of OpenTelemetry's active span. */
  traceparent?: string;
}

function settings({ traceparent }: TraceOptions): [string, string][] {
  const given = {
    'chime.run_id': actingRun()?.id,
    'chime.traceparent': traceparent ?? activeTraceparent(),
  };
  return Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/**
 * What a statement selects from to call a function in this way.
 * @param args its arguments: $1, $2 and so on with their types, in the order of `values`
 */
export function calling(
  name: string,
  args: string[],
  values: unknown[],
  alias: string,
  options: TraceOptions = {},
): { from: string; values: unknown[] } {
  const given = settings(options);
  if (given.length === 0) return { from: `${name}(${args.join(', ')}) ${alias}`, values };
  const set = given.map(
    ([setting], index) => `set_config('${setting}', $${values.length + index + 1}, true) is not null`,
  );
  const [first, ...rest] = args;
  // The call takes an argument from there, so that the settings are made before.
  const call = [`case when acting.known then ${first} end`, ...rest].join(', ');
  return {
    from: `(select ${set.join(' and ')} as known offset 0) acting cross join lateral ${name}(${call}) ${alias}`,
    values: [...values, ...given.map(([, value]) => value)],
  };
}

/**
 * Tells the database, for the transaction that this client is in, which run acts: call it inside a handler, after `begin`. Events
 * that rows raise then count as led to by the run, so that a loop ends, and belong to its trace.
 */
export async function actingFor(client: Queryable, options: TraceOptions = {}): Promise<void> {
  const given = settings(options);
  if (given.length === 0) return;
  const calls = given.map((_setting, index) => `set_config($${2 * index + 1}, $${2 * index + 2}, true)`);
  await client.query(`select ${calls.join(', ')}`, given.flat());
}
