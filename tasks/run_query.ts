import { z } from 'zod';
import { tableLines } from '../src/table.ts';
import { defineTask } from '../src/task.ts';

export default defineTask({
  name: 'run_query',
  description:
    'Runs one SQL statement that reads, as the role chime_reporter; the result is an aligned table, and JSON.',
  payload: z.strictObject({
    query: z.string().min(1).max(100_000),
    timeout_ms: z.int().min(1).max(3_600_000).default(30_000),
    max_rows: z.int().min(1).max(100_000).default(1000),
  }),
  async run({ payload, report, write }) {
    const { columns, rows, truncated } = await report(payload.query, {
      timeoutMs: payload.timeout_ms,
      maxRows: payload.max_rows,
    });
    for (const line of tableLines(columns, rows)) write(line);
    const count = `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`;
    write(truncated ? `(the first ${count}; there is more)\n` : `(${count})\n`);
    return { columns, rows, truncated };
  },
});
