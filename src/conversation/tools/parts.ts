// What the parts of the day are to somebody.
import type { DayParts } from '../phrases/reading.ts';
import type { ToolActing } from './tool.ts';

/** What a user has said of their mornings and evenings; nothing of one whom the speaker does not see. */
export const partsOf =
  (userId: string) =>
  async ({ rows }: ToolActing): Promise<Partial<DayParts>> => {
    const [parts] = await rows<{ morning: string; evening: string }>(
      "select to_char(u.morning_at, 'HH24:MI') as morning, to_char(u.evening_at, 'HH24:MI') as evening from chime.users u where u.id = $1",
      [userId],
    );
    return parts ?? {};
  };
