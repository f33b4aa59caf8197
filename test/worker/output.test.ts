// The output of a run: what is kept of it, and that what is kept can be stored.
import t from 'tap';
import { Output } from '../../src/worker/output.ts';
import { createDatabase } from '../support/database.ts';
import { queueRuns, startWorker, task } from '../support/worker.ts';

function kept(most: number, ...chunks: (string | Uint8Array)[]): string {
  const output = new Output(most);
  for (const chunk of chunks) output.write(chunk);
  return output.text();
}

t.test('the limit counts bytes as they are stored', async (test) => {
  const text = kept(3000, '\0'.repeat(3000));
  test.match(text, /^\u2400{1000}\n\[cut: 3000 of 9000 bytes are kept\]$/);
  test.equal(kept(3000, new Uint8Array(1000)), '\u2400'.repeat(1000), 'bytes are text too');
  test.match(kept(30, '\ud800'.repeat(20)), /^\ufffd{10}\n\[cut: 30 of 60 bytes are kept\]$/);
});

t.test('a character may be cut in two by chunks', async (test) => {
  const smile = '🙂';
  test.equal(kept(100, 'a', smile[0] as string, smile[1] as string, 'b'), `a${smile}b`);
  test.equal(
    kept(
      100,
      ...Buffer.from(`a${smile}b`)
        .toString('latin1')
        .split('')
        .map((c) => Buffer.from(c, 'latin1')),
    ),
    `a${smile}b`,
  );
  test.equal(kept(100, smile[0] as string), '\ufffd', 'and its other half may never come');
});

t.test('the largest output that can be configured is stored, at its worst', async (test) => {
  const database = await createDatabase(test);
  const maxOutput = 64 * 1024 * 1024;
  // Each character is escaped on its way into the database.
  const worst = task('worst', ({ write }) => write('"'.repeat(maxOutput)));
  const { finished } = await startWorker(test, database, [worst], { maxOutput });
  await queueRuns(database, 'worst', [{}]);
  await finished(1);
  test.strictSame(await database.rows('select status, octet_length(output) as size from chime.runs'), [
    { status: 'succeeded', size: maxOutput },
  ]);
});
