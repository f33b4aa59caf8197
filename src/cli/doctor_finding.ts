// What a check of `chime doctor` answers.
import type pg from 'pg';

/** What was looked at: fine, worth knowing, or wrong. */
export interface Finding {
  check: string;
  status: 'ok' | 'warning' | 'problem';
  message: string;
  hint?: string;
}

export type Verdict = Omit<Finding, 'check'>;
export const ok = (message: string): Verdict => ({ status: 'ok', message });
export const warning = (message: string, hint: string): Verdict => ({ status: 'warning', message, hint });
export const problem = (message: string, hint: string): Verdict => ({ status: 'problem', message, hint });

/** The one value of a query. */
export async function value<T>(client: pg.Client, sql: string): Promise<T> {
  const { rows } = await client.query<{ value: T }>(`select (${sql}) as value`);
  return rows[0]?.value as T;
}
