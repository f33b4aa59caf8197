import { defineWorkflow } from 'pgchime';
import { z } from 'zod';

export default defineWorkflow({
  name: 'digest',
  payload: z.object({ url: z.url() }),
  steps: [
    {
      name: 'fetch',
      task: 'http_request',
      payload: { url: '{{payload.url}}' },
      onFailure: 'continue',
      maxRetries: 1,
    },
    { name: 'count', task: 'run_query', payload: { query: 'select count(*) as runs from chime.runs' } },
    {
      name: 'tell',
      task: 'send_message',
      payload: { text: '{{steps.fetch.status}}, after {{previous.result.rows.0.runs}} runs' },
    },
  ],
});
