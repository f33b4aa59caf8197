// How long a handler is waited for. The timers are the test's own.
import { mock } from 'node:test';
import t from 'tap';
import type { StartedRun } from '../../src/db/calls.ts';
import type { Outcome } from '../../src/worker/handler.ts';
import { Held } from '../../src/worker/held.ts';
import { Output } from '../../src/worker/output.ts';

const day = 86_400_000;
const thrown: Outcome = {
  ...{ outcome: 'failed', output: null, result: null, error: 'obeyed', stack: 'at x' },
  thrown: true,
};
const returned: Outcome = { outcome: 'succeeded', output: 'done', result: null, error: null, stack: null };
const hold = (timeoutMs: number) =>
  new Held({ id: 'r', attempt: 1, timeout_ms: timeoutMs } as StartedRun, new Output(1000));
const never = new Promise<Outcome>(() => {});

t.beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
t.afterEach(() => mock.timers.reset());

t.test('the signal is aborted when the time is over', async (test) => {
  const held = hold(60_000);
  mock.timers.tick(59_999);
  test.equal(held.signal.aborted, false);
  mock.timers.tick(1);
  test.match(held.signal.reason, { name: 'TimeoutError', message: 'It took longer than 1 min.' });
});

t.test('a wait that is longer than timers can be', async (test) => {
  const longest = 2 ** 31 - 1;
  const held = hold(60 * day);
  for (const ms of [longest, longest, 60 * day - 2 * longest]) {
    mock.timers.tick(ms - 1);
    test.equal(held.signal.aborted, false);
    mock.timers.tick(1);
  }
  test.equal(held.signal.aborted, true);
});

t.test('a handler that throws then was timed out', async (test) => {
  const held = hold(1000);
  mock.timers.tick(1000);
  test.strictSame(await held.ended(Promise.resolve(thrown)), {
    ...{ ...thrown, outcome: 'timed_out', error: 'It took longer than 1.0 s.' },
  });
  test.equal(held.isDeaf, false);
});

t.test('a handler that returns then is done', async (test) => {
  const held = hold(1000);
  mock.timers.tick(1000);
  test.equal(await held.ended(Promise.resolve(returned)), returned);
});

t.test('a handler that goes on is written off after a grace', async (test) => {
  const held = hold(1000);
  held.output.write('half');
  const ended = held.ended(never);
  mock.timers.tick(1000);
  mock.timers.tick(4_999);
  test.equal(held.isDeaf, false);
  mock.timers.tick(1);
  test.strictSame(await ended, {
    ...{ outcome: 'timed_out', output: 'half', result: null, stack: null },
    error: 'It took longer than 1.0 s, and did not end within 5.0 s of being told to.',
  });
  test.equal(held.isDeaf, true);
  held.output.write(' and more');
  test.equal(held.output.text(), 'half', 'what it still writes is dropped');
});

t.test('what it is told first counts', async (test) => {
  const stopping = hold(1000);
  stopping.abort(new Error('shutting down'));
  mock.timers.tick(1000);
  test.match(stopping.signal.reason, { message: 'shutting down' });
  test.equal(await stopping.ended(Promise.resolve(thrown)), undefined, 'the run goes on elsewhere');
  const late = hold(1000);
  mock.timers.tick(1000);
  late.abort(new Error('shutting down'));
  test.hasStrict(await late.ended(Promise.resolve(thrown)), { outcome: 'timed_out' });
});

t.test('one that is given back is not waited for', async (test) => {
  const held = hold(1000);
  const ended = held.ended(never);
  held.abandon();
  test.equal(await ended, undefined);
  mock.timers.tick(10_000);
  test.equal(held.signal.aborted, false, 'nor told anything more');
});
