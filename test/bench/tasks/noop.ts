// What the benchmark of a million lets run: nothing.
import { defineTask } from 'pgchime';
import { z } from 'zod';

export default defineTask({ name: 'noop', payload: z.unknown(), run: () => {} });
