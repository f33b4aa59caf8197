// What an error is called in extensions.code: the name of its class, as constants are written. There is no second list.
import type { ChimeError } from '../../errors.ts';

/** ScheduleNotFoundError is SCHEDULE_NOT_FOUND. */
export function errorName(type: typeof ChimeError): string {
  return type.name
    .replace(/Error$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase();
}
