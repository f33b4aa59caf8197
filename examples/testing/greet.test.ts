import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestChime } from 'pgchime/testing';
import greet from '../tasks/greet.ts';

test('there is no 02:30 on the night on which the clocks change', async (t) => {
  const { chime, clock, outbox, stop } = await createTestChime({
    tasks: { greet },
    now: '2026-03-28 12:00',
    timezone: 'Europe/Berlin',
    connectionString: process.env.TEST_DATABASE_URL, // without one, the embedded Postgres
  });
  t.after(stop);
  await chime.schedule(greet, {
    payload: { whom: 'Ann' },
    cron: '30 2 * * *',
    timezone: 'Europe/Berlin',
  });
  await clock.advanceTo('2026-03-30 12:00');
  assert.deepEqual(
    outbox.map(({ text }) => text),
    [
      'Hello, Ann. You were due at 2026-03-29 03:00:00, Europe/Berlin.',
      'Hello, Ann. You were due at 2026-03-30 02:30:00, Europe/Berlin.',
    ],
  );
});
