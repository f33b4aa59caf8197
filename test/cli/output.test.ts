// What people read: lengths of time, tables, rules, and the lines of a running pgchime.
import { Writable } from 'node:stream';
import t, { type Test } from 'tap';
import { duration, forTerminal, relative, ruleOf } from '../../src/cli/output.ts';
import { createReporter } from '../../src/cli/report.ts';
import { formatTable } from '../../src/table.ts';
import type { FinishedRun } from '../../src/worker/executor.ts';

t.test('lengths of time', async (test) => {
  const cases: [number, string][] = [
    ...([
      [0, '0 ms'],
      [0.123, '0.1 ms'],
      [9.96, '10 ms'],
      [640.4, '640 ms'],
      [999.6, '1.0 s'],
    ] as const),
    ...([
      [4200, '4.2 s'],
      [59_400, '59 s'],
      [59_900, '1 min'],
      [200_000, '3 min 20 s'],
    ] as const),
    ...([
      [3_600_000, '1 h'],
      [3_599_900, '1 h'],
      [18_060_000, '5 h 1 min'],
      [86_400_000 * 12, '12 d'],
    ] as const),
    ...([
      [86_400_000 + 5000, '1 d'],
      [90_000_000, '1 d 1 h'],
    ] as const),
  ].map(([ms, words]) => [ms, words]);
  for (const [ms, words] of cases) test.equal(duration(ms), words, String(ms));
  const now = new Date('2026-01-01T00:00:00Z');
  test.equal(relative(new Date('2026-01-01T02:00:00Z'), now), 'in 2 h');
  test.equal(relative(new Date('2025-12-31T23:59:00Z'), now), '1 min ago');
});

t.test('rules as they were written', async (test) => {
  const rule = (fields: object) =>
    ruleOf({ cron: null, every: null, at: null, rrule: null, rules: null, ...fields });
  test.equal(rule({ cron: '0 9 * * 1-5' }), '0 9 * * 1-5');
  test.equal(rule({ every: '00:15:00' }), 'every 15 minutes');
  test.equal(rule({ every: '01:00:00' }), 'every 1 hour');
  test.equal(rule({ every: '01:30:00.5' }), 'every 1 hour 30 minutes 0.5 seconds');
  test.equal(rule({ every: '1 mon' }), 'every 1 month');
  test.equal(rule({ every: '3 mons' }), 'every 3 months');
  test.equal(rule({ every: '7 days' }), 'every 7 days');
  test.equal(rule({ at: '2026-12-01 09:00' }), 'at 2026-12-01 09:00');
  test.equal(rule({ rrule: 'FREQ=DAILY' }), 'FREQ=DAILY');
  const lines = '\nDTSTART:20260101T090000\r\nFREQ=DAILY\n';
  test.equal(rule({ rrule: lines }), 'DTSTART:20260101T090000 FREQ=DAILY', 'on one line');
});

t.test('tables', async (test) => {
  test.equal(
    formatTable(
      ['name', 'n', 'value'],
      [
        { name: 'plain', n: 5, value: null },
        { name: '日本語', n: 1234.5, value: { a: [1] } },
        { name: '👩‍👩‍👧 é', n: null, value: 'two\nlines' },
      ],
    ),
    [
      'name         n  value',
      'plain        5',
      '日本語  1234.5  {"a":[1]}',
      '👩‍👩‍👧 é            two↵lines',
      '',
    ].join('\n'),
  );
  test.equal(formatTable(['a', 'b'], []), 'a  b\n', 'no rows');
  test.equal(
    formatTable(['\u001b]0;x\u0007'], [{ '\u001b]0;x\u0007': 'a\u001b[31m\tb\u007f' }]),
    '\\x1b]0;x\\x07\na\\x1b[31m\\x09b\\x7f\n',
    'nothing in it steers the terminal',
  );
});

t.test('outputs on a terminal, and to a pipe', async (test) => {
  const text = 'one\r\n\ttwo\rover\u001b[2J\n';
  test.equal(forTerminal(text, { isTTY: true }), 'one\r\n\ttwo\\x0dover\\x1b[2J\n');
  test.equal(forTerminal(text, {}), text);
});

/** What is printed to standard output while something happens. */
function printed(test: Test, work: () => void): string {
  const chunks: string[] = [];
  const restore = test.intercept(process, 'stdout', {
    value: new Writable({
      write(chunk, _encoding, done) {
        chunks.push(String(chunk));
        done();
      },
    }),
  });
  work();
  restore.restore();
  return chunks.join('');
}

const finished = {
  run: {
    ...{ id: 'r', schedule_name: 'hello', task: 'send_message', attempt: 1 },
    ...{ scheduled_for: '2026-11-21T00:12:19.000Z', local_time: '2026-11-21 00:12:19' },
  },
  ...{
    outcome: 'succeeded',
    status: 'succeeded',
    durationMs: 1.4,
    latenessMs: 21.2,
    summary: `first line${'x'.repeat(100)}\nsecond`,
  },
} as unknown as FinishedRun;

t.test('lines for people', async (test) => {
  const lines = printed(test, () => {
    const reporter = createReporter('info', false);
    reporter.started({
      databaseUrl: 'postgres://ann:secret@db.example/chime',
      embedded: false,
      httpUrl: 'http://127.0.0.1:4680',
    });
    reporter.upcoming([], 0);
    reporter.run(finished);
    reporter.run({
      ...finished,
      run: { ...finished.run, schedule_name: 'a longer name \u001b[2J', local_time: '2026-11-21 09:12:19' },
      summary: 'bell \u0007\u009b31m',
    });
    reporter.run({ ...finished, outcome: 'failed', status: 'failed', latenessMs: 2.2, summary: 'again' });
    const retrying = { ...finished, status: 'retrying', waitMs: 61_000, retry: 1, retries: 3 } as const;
    reporter.run({ ...retrying, outcome: 'timed_out', summary: 'too slow' });
    reporter.run({
      ...{ ...retrying, outcome: 'snoozed', waitMs: 3_600_000, retry: null, latenessMs: null, summary: '' },
      run: { ...finished.run, attempt: 2 },
    });
    reporter.log.info('not worth a line');
    reporter.log.warn({ err: new Error('refused'), attempt: 2 }, 'the connection was lost');
    reporter.stopping(1);
  });
  test.notMatch(lines, /secret/);
  test.match(lines, /\n {2}database {2}postgres:\/\/ann:\*+@db\.example\/chime\n/);
  test.match(lines, /\nNothing is scheduled\. Create something: /);
  const run = lines.split('\n').find((line) => line.includes('first line')) ?? '';
  test.match(
    run,
    /^\d\d:\d\d:\d\d {2}hello {2}send_message {2}succeeded {2}handler 1\.4 ms {2}21 ms late {2}first linex+…$/,
  );
  const rest = (word: string) =>
    lines
      .split('\n')
      .find((line) => line.endsWith(word))
      ?.slice(10);
  const [longer, again] = [rest('31m'), rest('again')];
  test.equal(
    longer,
    'a longer name \\x1b[2J  send_message  succeeded  handler 1.4 ms  21 ms late  bell \\x07\\x9b31m',
    'nothing that steers the terminal',
  );
  test.equal(
    again,
    `${'hello'.padEnd(21)}  send_message  failed     handler 1.4 ms  2.2 ms late  again`,
    'columns are as wide as the widest so far',
  );
  test.match(rest('too slow'), /timed_out {2}handler .* late {3}retries in 1 min 1 s \(1 of 3\): too slow$/);
  test.match(rest('1 h'), /snoozed {4}handler 1\.4 ms {2}attempt 2 {4}runs again in 1 h$/);
  const zone = process.env.TZ;
  test.teardown(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });
  process.env.TZ = 'Asia/Tokyo';
  const hour = () => new Date().toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' }).slice(0, 2);
  const before = hour();
  const later = printed(test, () => {
    const reporter = createReporter('info', false);
    reporter.run(finished);
    reporter.log.warn('two');
  });
  const after = hour();
  const hours = later
    .trim()
    .split('\n')
    .map((line) => line.slice(0, 2));
  test.equal(hours.length, 2);
  for (const shown of hours)
    test.ok([before, after].includes(shown), `the clock of the machine in every line: ${shown}`);
  test.notMatch(lines, /not worth a line|second/);
  test.match(lines, /\n\d\d:\d\d:\d\d {2}warning {2}the connection was lost: refused {2}attempt=2\n/);
  test.match(lines, /Stopping after 1 running task; Ctrl-C again does not wait/);
});
