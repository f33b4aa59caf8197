import { defineTask, silent, snooze } from 'pgchime';
import { z } from 'zod';

export default defineTask({
  name: 'collect',
  payload: z.object({ url: z.url() }),
  async run({ payload, fetch }) {
    const { status, headers, body } = await fetch(payload.url);
    if (status === 503) return snooze(Number(headers['retry-after'] ?? 60) * 1000);
    return body.length === 0 ? silent('There was nothing new.') : new TextDecoder().decode(body);
  },
});
