// What more than the database decides: in a group, who may create schedules and who may change one.
import { NotAllowedError } from '../../errors.ts';
import type { ToolContext } from './tool.ts';

/** @throws NotAllowedError (CH042) */
export async function requireCreate(context: ToolContext): Promise<void> {
  if ((await context.mayCreate?.()) === false)
    throw new NotAllowedError('Only administrators of this group may create schedules.', {
      hint: 'Ask one of them to do it.',
    });
}

/** @throws NotAllowedError (CH042) */
export async function requireChange(context: ToolContext, scheduleId: string): Promise<void> {
  if ((await context.mayChange?.(scheduleId)) === false)
    throw new NotAllowedError(
      'Only who asked for this schedule, or an administrator of the group, may change it.',
      {
        hint: 'Ask one of them to do it.',
      },
    );
}
