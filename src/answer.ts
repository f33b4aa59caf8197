// What a handler may answer beside a value: that it wants another try, or later, or none, or that nobody need hear of it.

/** Recognised across copies of this package: a task file may load its own. */
const mark = Symbol.for('pgchime.answer');
const longestWait = 365 * 86_400_000;

/** How long to wait, in milliseconds, or until when. */
export type Wait = number | Date;

/** What `done` makes. */
export interface Done<T = unknown> {
  readonly [mark]: true;
  readonly kind: 'done';
  readonly value: T;
}

/** What `done`, `retry`, `snooze`, `cancel`, `giveUp` and `silent` make, for a handler to return. */
export type Answer =
  | Done
  | { readonly [mark]: true; readonly kind: 'retry'; readonly after?: Wait; readonly reason: string }
  | { readonly [mark]: true; readonly kind: 'snooze'; readonly until: Wait }
  | { readonly [mark]: true; readonly kind: 'cancel' | 'giveUp' | 'silent'; readonly reason: string };

export function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && (value as { [mark]?: unknown })[mark] === true;
}

/** The run has succeeded with this value: the same as returning it. */
export function done(): Done<undefined>;
export function done<T>(value: T): Done<T>;
export function done(value?: unknown): Done {
  return { [mark]: true, kind: 'done', value };
}

/**
 * The attempt has failed; it is tried again by the schedule's policy, while that allows another retry.
 * @param after when, in the place of the policy's delay
 */
export function retry(after?: Wait, reason = 'The task asked to be tried again.'): Exclude<Answer, Done> {
  return {
    [mark]: true,
    kind: 'retry',
    reason: textOf(reason),
    ...(after !== undefined && { after: checked(after) }),
  };
}

/** It is too early: the run waits, for a second at least, and that is no failure and spends no retry. */
export function snooze(until: Wait): Exclude<Answer, Done> {
  return { [mark]: true, kind: 'snooze', until: checked(until) };
}

/** Nobody needs this run any more: it is cancelled. */
export function cancel(reason: string): Exclude<Answer, Done> {
  return { [mark]: true, kind: 'cancel', reason: textOf(reason) };
}

/** The run has failed, and no retry can help. */
export function giveUp(reason: string): Exclude<Answer, Done> {
  return { [mark]: true, kind: 'giveUp', reason: textOf(reason) };
}

/** The run has succeeded, and there is nothing that anybody should be told. */
export function silent(reason: string): Exclude<Answer, Done> {
  return { [mark]: true, kind: 'silent', reason: textOf(reason) };
}

/**
 * How long a wait is, in milliseconds.
 * @param now what the database's clock shows
 */
export function waitMs(wait: Wait, now: number): number {
  return Math.min(longestWait, Math.max(0, wait instanceof Date ? wait.getTime() - now : wait));
}

function checked(wait: Wait): Wait {
  const isTime = wait instanceof Date ? Number.isFinite(wait.getTime()) : Number.isFinite(wait) && wait >= 0;
  if (!isTime) throw new TypeError('A wait is a number of milliseconds from 0 on, or a Date.');
  if (typeof wait === 'number' && wait > longestWait) throw new TypeError('A wait is 365 days at most.');
  return wait;
}

function textOf(reason: string): string {
  if (typeof reason !== 'string') throw new TypeError('A reason is text.');
  return reason;
}
