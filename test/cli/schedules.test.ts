// The commands about schedules: what they print for people and for programs, and their exit codes.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { chime, commandsOn, emptyDir } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { env, run, runJson } = commandsOn(database.url);

t.test('create, and create again', async (test) => {
  const args = [
    'schedule',
    'create',
    '--task',
    'send_message',
    '--payload',
    '{"text": "hi"}',
    '--cron',
    '30 8 * * 1-5',
    '--key',
    'brief',
    '--timezone',
    'Europe/Berlin',
  ];
  const first = await run(...args);
  test.match(first, {
    code: 0,
    stdout:
      /^Created brief, active\n {2}send_message {"text":"hi"}\n {2}30 8 \* \* 1-5 in Europe\/Berlin\n {2}at 08:30 on weekdays, Europe\/Berlin time\nNext fires:\n( {2}\d{4}-\d\d-\d\d 08:30:00 {2}Europe\/Berlin {2}in .*\n){3}id /,
  });
  test.match(await run(...args), { code: 0, stdout: /^Unchanged: brief/ });
  const { data } = await runJson(...args.slice(0, -1), 'Asia/Tokyo');
  test.match(data, { outcome: 'changed', schedule: { key: 'brief', timezone: 'Asia/Tokyo', revision: 2 } });
  test.equal(data.nextFires.length, 3);
  test.match(data.nextFires[0], { scheduledFor: /^\d{4}-.*Z$/, localTime: / 08:30:00$/, note: null });
});

t.test('the zone is that of the machine, and always said', async (test) => {
  test.match(
    await run(
      'schedule',
      'create',
      '--task',
      'send_message',
      '--payload',
      '{"text": "x"}',
      '--every',
      '1 day',
    ),
    {
      code: 0,
      stdout: /every 1 day in America\/New_York/,
    },
  );
  const dir = await emptyDir(test);
  await fs.writeFile(path.join(dir, 'payload.json'), '{"text": "from a file"}');
  const { data } = await runJson(
    'schedule',
    'create',
    '--task',
    'send_message',
    '--payload',
    `@${path.join(dir, 'payload.json')}`,
    '--at',
    '2030-07-01 09:00',
  );
  test.match(data.schedule, { payload: { text: 'from a file' }, nextRunAt: '2030-07-01T13:00:00.000Z' });
});

t.test('a recurrence rule: previewed, created, shown', async (test) => {
  const rule = ['--rrule', 'DTSTART:20300101T170000\nFREQ=MONTHLY;BYDAY=-1FR', '--timezone', 'Europe/Berlin'];
  test.match(await run('schedule', 'preview', ...rule, '--count', '2'), {
    code: 0,
    stdout:
      /^at 17:00 on the last Friday of the month, from 2030-01-01, Europe\/Berlin time\n {2}2030-01-25 17:00:00 {2}Europe\/Berlin .*\n {2}2030-02-22 17:00:00 .*\n$/,
  });
  const create = [
    'schedule',
    'create',
    '--task',
    'send_message',
    '--payload',
    '{"text": "x"}',
    '--key',
    'fridays',
  ];
  const words = /DTSTART:20300101T170000 FREQ=MONTHLY;BYDAY=-1FR in Europe\/Berlin\n/;
  test.match(await run(...create, ...rule), { code: 0, stdout: words });
  test.match(await run('schedule', 'show', 'fridays'), { code: 0, stdout: words });
  test.match(await run('schedule', 'list'), {
    code: 0,
    stdout: /DTSTART:20300101T170000 FREQ=MONTHLY;BYDAY=-1FR /,
  });
  test.match(await run('schedule', 'preview', 'fridays', '--count', '1'), {
    code: 0,
    stdout: /^.+\n {2}2030-01-25 17:00:00/,
  });
  test.match(await run(...create, '--rrule', 'FREQ=MONTHLY;BYDAY=9FR'), {
    code: 2,
    stderr: /BYDAY takes no number 9 with FREQ=MONTHLY \(position 20\)\.\n {2}It takes 1 to 5/,
  });
});

t.test('list, show, preview', async (test) => {
  test.match(await run('schedule', 'list'), {
    code: 0,
    stdout:
      /^name +key +task +rule[\s\S]*brief +brief +send_message +30 8 \* \* 1-5 +Asia\/Tokyo +active +in /,
  });
  test.match((await runJson('schedule', 'list', '--status', 'active')).data, [{ status: 'active' }]);
  test.match(await run('schedule', 'show', 'brief'), {
    code: 0,
    stdout: /name +brief\n[\s\S]*in words +at 08:30 on weekdays, Asia\/Tokyo time\n[\s\S]*Next fires:\n/,
  });
  test.match(await run('schedule', 'preview', 'brief', '--count', '2'), {
    code: 0,
    stdout: /^at 08:30 on weekdays, Asia\/Tokyo time\n( {2}.*08:30:00 {2}Asia\/Tokyo.*\n){2}$/,
  });
  const rule = [
    '--cron',
    '30 2 * * *',
    '--timezone',
    'Europe/Berlin',
    '--after',
    '2026-03-28T12:00:00Z',
    '--count',
    '1',
  ];
  test.match(await run('schedule', 'preview', ...rule), {
    code: 0,
    stdout: /2026-03-29 03:00:00 .*02:30 does not exist/,
  });
  test.match(await run('schedule', 'preview', ...rule, '--dst-gap', 'shift'), {
    stdout: /2026-03-29 03:30:00/,
  });
  test.match(
    (
      await runJson(
        'schedule',
        'preview',
        '--every',
        '90 minutes',
        '--anchor',
        '2030-01-01T00:00:00Z',
        '--count',
        '2',
      )
    ).data,
    {
      timezone: 'America/New_York',
      inWords: 'every 90 minutes, counted from 2029-12-31 19:00, America/New_York time',
      fires: [{ scheduledFor: '2030-01-01T00:00:00.000Z' }, { scheduledFor: '2030-01-01T01:30:00.000Z' }],
    },
  );
});

t.test('how often its runs are tried again', async (test) => {
  const retries = async () => /^retries +(.*)$/m.exec((await run('schedule', 'show', 'brief')).stdout)?.[1];
  test.equal(await retries(), '3, after 1 minute, exponential up to 1 hour');
  const options = ['--max-retries', '7', '--retry-delay', '90 seconds', '--retry-backoff', 'linear'];
  test.match(await run('schedule', 'update', 'brief', ...options, '--retry-max-delay', '2 hours'), {
    code: 0,
  });
  test.equal(await retries(), '7, after 1 minute 30 seconds, linear up to 2 hours');
  await run('schedule', 'update', 'brief', '--retry-backoff', 'constant');
  test.equal(await retries(), '7, after 1 minute 30 seconds, constant');
  await run('schedule', 'update', 'brief', '--max-retries', '0');
  test.equal(await retries(), 'none');
  await run('schedule', 'update', 'brief', '--timeout', '90 minutes');
  test.match(await run('schedule', 'show', 'brief'), { stdout: /^timeout +1 hour 30 minutes$/m });
  const refused = (...args: string[]) => run('schedule', 'update', 'brief', ...args);
  test.match(await refused('--max-retries', '-1'), { code: 2, stderr: /from 0 on/ });
  test.match(await refused('--max-retries', '1000'), { code: 2, stderr: /between 0 and 100/ });
  test.match(await refused('--retry-backoff', 'fibonacci'), { code: 2, stderr: /linear/ });
});

t.test('the language of a rule in words is asked for, or that of the system', async (test) => {
  const args = ['schedule', 'preview', '--cron', '0 9 * * 2', '--timezone', 'UTC', '--count', '1'];
  const first = async (variables: Record<string, string>, ...more: string[]) =>
    (await chime([...args, ...more], { env: { ...env, ...variables } })).stdout.split('\n')[0];
  const english = 'at 09:00 every Tuesday, UTC';
  const russian = 'по вторникам в 09:00, по UTC';
  test.equal(await first({ LANG: 'C.UTF-8' }), english);
  test.equal(await first({ LANG: 'ru_RU.UTF-8' }), russian);
  test.equal(await first({ LANG: 'ru_RU.UTF-8', LC_ALL: 'de_DE.UTF-8' }), english, 'LC_ALL comes first');
  test.equal(await first({ LANG: 'ru_RU.UTF-8' }, '--locale', 'en-GB'), english);
  test.equal(await first({}, '--locale', 'ru'), russian);
  test.match(await run(...args, '--locale', 'de'), {
    code: 2,
    stdout: '',
    stderr: /Locales are en and ru\./,
  });
  test.match(await run('schedule', 'show', 'brief', '--locale', 'ru'), {
    stdout: /in words +по будням в 08:30, по времени Asia\/Tokyo\n/,
  });
  const { data } = await runJson('schedule', 'show', 'brief', '--locale', 'ru');
  test.equal(data.inWords, 'по будням в 08:30, по времени Asia/Tokyo');
});

t.test('update, pause, resume, cancel, delete', async (test) => {
  test.match(await run('schedule', 'update', 'brief', '--cron', '0 9 * * *', '--name', 'Brief'), {
    code: 0,
    stdout: /^Changed Brief \(key brief\), active[\s\S]*09:00:00/,
  });
  test.match(
    await run('schedule', 'pause', 'brief', '--reason', 'holiday', '--until', '2030-01-01T00:00:00Z'),
    {
      code: 0,
      stdout: /^Paused Brief[\s\S]*It does not fire, it is paused until 2030-01-01T00:00:00\.000Z: holiday/,
    },
  );
  test.match(await run('schedule', 'resume', 'brief'), {
    code: 0,
    stdout: /^Resumed Brief[\s\S]*Next fires:\n( {2}.*\n){3}/,
  });
  const before = (await runJson('schedule', 'show', 'brief')).data.nextFires;
  test.match(await run('schedule', 'skip', 'brief'), { code: 0, stdout: /^Skipped the next fire of Brief/ });
  const after = (await runJson('schedule', 'show', 'brief')).data.nextFires;
  test.strictSame(after[0], before[1], 'it goes on with the one after that');
  test.match(await run('schedule', 'cancel', 'brief', '--reason', 'done'), {
    code: 0,
    stdout: /^Cancelled Brief[\s\S]*cancelled: done/,
  });
  test.match(await run('schedule', 'resume', 'brief'), {
    code: 1,
    stderr: /cancelled and cannot be resumed/,
  });
  test.match(await run('schedule', 'delete', 'brief'), { code: 0, stdout: /^Deleted Brief/ });
  test.match(await run('schedule', 'delete', 'brief'), { code: 3 });
  const id = await database.value<string>(
    "select id from chime.schedules where key = 'brief' and deleted_at is not null",
  );
  test.match(await run('schedule', 'restore', id), { code: 0, stdout: /^Restored Brief/ });
  test.match(await run('schedule', 'restore', '00000000-0000-4000-8000-000000000000'), { code: 3 });
});
