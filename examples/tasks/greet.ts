import { defineTask } from 'pgchime';
import { z } from 'zod';

export default defineTask({
  name: 'greet',
  payload: z.object({ whom: z.string() }),
  async run({ payload, run, log, write, signal }) {
    log.info('greeting', { whom: payload.whom, attempt: run.attempt });
    write(`Hello, ${payload.whom}. `);
    signal.throwIfAborted();
    return `You were due at ${run.localTime}, ${run.timezone}.`;
  },
});
