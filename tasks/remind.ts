import { z } from 'zod';
import { defineTask } from '../src/task.ts';

export default defineTask({
  name: 'remind',
  description: 'Says a text, as it was written: what a person asked to be reminded of.',
  payload: z.looseObject({ text: z.string().min(1).max(3000) }),
  run: ({ payload }) => payload.text,
});
