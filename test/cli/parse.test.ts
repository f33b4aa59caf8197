// `chime parse`: phrases as arguments and as lines, answers for people and for programs.
import t from 'tap';
import { chime, emptyDir, Talking } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const env = { DATABASE_URL: database.url, TZ: 'Europe/London' };
const said = ['--now', '2025-06-11T10:00:00Z', '--timezone', 'Europe/London'];
const answers = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

t.test('arguments are phrases, one answer each', async (test) => {
  const { code, stdout } = await chime(
    ['parse', ...said, 'every weekday at 9am standup', 'at 8 feed the cat', 'call mum'],
    { env },
  );
  test.equal(code, 0);
  test.match(
    stdout,
    /^every weekday at 9am standup {2}recurring\n {2}rule +\{"cron":"0 9 \* \* 1-5"\}\n {2}in words +at 09:00 on weekdays, Europe\/London time\n {2}next +2025-06-12 09:00:00 {2}Europe\/London\n/,
  );
  test.match(stdout, /\n {2}about +standup\n {2}understood every weekday at 9am\n/);
  test.match(stdout, /\nat 8 feed the cat {2}ambiguous\n[\s\S]* option +Today 20:00: 2025-06-11 20:00:00/);
  test.match(stdout, /\ncall mum {2}none\n {2}about +call mum\n$/);
});

t.test('--json answers a line of JSON each', async (test) => {
  const { code, stdout } = await chime(
    [
      'parse',
      '--json',
      ...said,
      'tomorrow at 9 standup',
      'on June 1 2025 at 10:00 party',
      'twice a day pills',
    ],
    { env },
  );
  test.equal(code, 0);
  const [once, past, twice] = answers(stdout);
  test.strictSame(once, {
    kind: 'once',
    timezone: 'Europe/London',
    rule: { at: '2025-06-12 09:00' },
    next: ['2025-06-12T08:00:00Z'],
    message: 'standup',
    understood: ['tomorrow at 9'],
    assumptions: ['9 is taken as 09:00.'],
    options: [],
  });
  test.match(past, { kind: 'past', rule: null, next: [], options: [{ next: ['2026-06-01T09:00:00Z'] }] });
  test.match(twice, { kind: 'ambiguous', options: [{ kind: 'recurring', rule: { cron: '0 9,19 * * *' } }] });
});

t.test(
  'lines of JSON say when and where they were said; a line that cannot be read spoils no other',
  async (test) => {
    const lines = [
      '{"text": "завтра в 9 банк", "now": "2025-06-11T10:00:00Z", "timezone": "Europe/Moscow", "locale": "ru"}',
      '',
      '{"text": ',
      '{"txt": "tomorrow"}',
      '{"text": "tomorrow", "now": "yesterday"}',
      '{"text": "tomorrow at 9", "timezone": "Mars/Base"}',
      '{"text": "cron 0 0 30 2 * never"}',
      '{"text": "every hour", "now": "2025-06-11T10:00:00+02:00"}',
    ];
    const { code, stdout } = await chime(['parse', ...said], { env, input: lines.join('\n') });
    test.equal(code, 2);
    const [bank, ...others] = answers(stdout);
    test.match(bank, { kind: 'once', next: ['2025-06-12T06:00:00Z'], message: 'банк' });
    const hourly = others.pop();
    test.match(hourly, { next: ['2025-06-11T09:00:00Z', '2025-06-11T10:00:00Z', '2025-06-11T11:00:00Z'] });
    test.match(others, [
      { error: { message: /cannot be read/, hint: /For example/ } },
      { error: { message: /text: / } },
      { error: { message: /now: / } },
      { error: { code: 'CH003' } },
      { error: { code: 'CH002' } },
    ]);
    test.equal(others.length, 5);
  },
);

t.test('plain lines are phrases; whoever writes one and waits is answered', async (test) => {
  const talking = new Talking(test, ['parse', ...said], { env });
  talking.type('at noon lunch');
  await talking.seen(/at noon lunch {2}once[\s\S]*about +lunch/);
  talking.type('{"text": "at noon lunch"}');
  await talking.seen(/"message":"lunch"/);
  test.equal(await talking.end(), 0);
});

t.test('what was typed wrong is said', async (test) => {
  test.match(await chime(['parse', '--now', 'soon', 'x'], { env }), {
    code: 2,
    stderr: /"soon" is not an instant/,
  });
  test.match(await chime(['parse', '--locale', 'fr', 'x'], { env }), { code: 2, stderr: /no locale "fr"/ });
  test.match(await chime(['parse', '--timezone', 'Mars/Base', 'x'], { env }), {
    code: 2,
    stderr: /Mars\/Base/,
  });
});

t.test('without a database it makes the embedded one', async (test) => {
  const { code, stdout } = await chime(['parse', '--json', ...said, 'at noon lunch'], {
    cwd: await emptyDir(test),
    env: { TZ: 'UTC' },
  });
  test.equal(code, 0);
  test.match(answers(stdout), [{ next: ['2025-06-11T11:00:00Z'] }]);
});
