import t from 'tap';
import type { LogLine } from '../../src/db/calls.ts';
import { LogBuffer } from '../../src/worker/run_log.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

t.test('a flush lasts until all lines before it are stored, whoever writes them', async (test) => {
  const writes: { lines: LogLine[]; end: () => void }[] = [];
  const buffer = new LogBuffer((lines) => new Promise((end) => writes.push({ lines, end })));
  const log = buffer.forRun('run', 1);
  log.info('one');
  const first = buffer.flush();
  log.info('two');
  const second = buffer.flush();
  const third = buffer.flush();
  let ended = false;
  void third.then(() => {
    ended = true;
  });
  await turn();
  test.equal(writes.length, 1, 'one write at a time');
  writes[0]?.end();
  await first;
  await turn();
  test.strictSame(
    writes.map(({ lines }) => lines.map(({ message }) => message)),
    [['one'], ['two']],
  );
  test.notOk(ended, 'the last flush waits for the write that another one began');
  test.ok(buffer.holds('run'));
  writes[1]?.end();
  await Promise.all([second, third]);
  test.notOk(buffer.holds('run'));
});
