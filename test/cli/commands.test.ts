// The commands: what they print for people and for programs, and their exit codes.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { psqlArguments } from '../../src/cli/commands/psql.ts';
import { loadTasks } from '../../src/worker/registry.ts';
import { bash, chime, emptyDir, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { startWorker } from '../support/worker.ts';

const database = await createDatabase();
const env = { DATABASE_URL: database.url, TZ: 'America/New_York' };
const run = (...args: string[]) => chime(args, { env });
const runJson = async (...args: string[]) => {
  const { stdout, code } = await run(...args, '--json');
  return { code, data: JSON.parse(stdout) };
};

t.test('help and usage', async (test) => {
  test.match(await run(), { code: 0, stdout: /Usage: chime[\s\S]*schedule[\s\S]*doctor/ });
  test.match(await run('--version'), { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
  test.match(await run('schedule', 'create', '--help'), { code: 0, stdout: /--cron[\s\S]*Examples:/ });
  for (const args of [
    ['bogus'],
    ['schedule', 'bogus'],
    ['schedule', 'list', '--bogus'],
    ['schedule', 'show'],
    ['runs', 'list', '--limit', '0'],
    ['runs', 'list', '--status', 'odd'],
  ]) {
    test.match(await run(...args), { code: 2, stderr: /error: / }, args.join(' '));
  }
});

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

t.test('what is refused says what, why and what next', async (test) => {
  const create = (...args: string[]) =>
    run('schedule', 'create', '--task', 'send_message', '--payload', '{"text": "x"}', ...args);
  const cases: [Promise<{ code: number | null; stderr: string }>, number, RegExp][] = [
    [
      create('--cron', '61 * * * *'),
      2,
      /error: .*minute 61 is not between 0 and 59 \(position 1\)\.\n {2}The minute field takes 0 to 59\./,
    ],
    [
      create('--cron', '0 9 * * *', '--timezone', 'Berlin'),
      2,
      /no time zone "Berlin"[\s\S]*Did you mean Europe\/Berlin\?/,
    ],
    [create(), 2, /rule is missing/],
    [run('schedule', 'create', '--cron', '@daily'), 2, /--task is missing/],
    [
      run('schedule', 'create', '--task', 'x', '--payload', '{', '--cron', '@daily'),
      2,
      /--payload is not JSON/,
    ],
    [run('schedule', 'show', 'nothing'), 3, /There is no schedule "nothing"/],
    [run('schedule', 'pause', 'nothing'), 3, /There is no schedule/],
    [run('runs', 'show', '00000000'), 3, /There is no run/],
    [run('schedule', 'preview'), 2, /Name a stored schedule, or give a rule/],
    [run('schedule', 'update', 'brief'), 2, /nothing to change/],
    [
      run('schedule', 'list', '--status', 'bogus'),
      2,
      /'bogus' is invalid[\s\S]*active, paused, completed, cancelled/,
    ],
    [create('--every', 'foo'), 2, /A value cannot be read: .*"foo"\.\n {2}Intervals are written like/],
    [
      run('schedule', 'preview', '--cron', '@daily', '--after', 'garbage'),
      2,
      /A value cannot be read: .*"garbage"\.\n {2}.*2026-12-01T09:00:00Z/,
    ],
    [create('--cron', '@daily', '--payload', '@/nope'), 2, /payload cannot be read: ENOENT.*\n {2}After @/],
    [run('schedule', 'trigger', 'x', '--payload', '@/nope'), 2, /payload cannot be read: ENOENT/],
    [create('--cron', '@daily', '--payload', '{"text": "\\u0000"}'), 2, /such as NUL/],
  ];
  for (const [result, code, stderr] of cases) test.match(await result, { code, stderr, stdout: '' });
  const json = await run('schedule', 'show', 'nothing', '--json');
  test.match(JSON.parse(json.stderr), {
    error: { code: 'CH010', message: /no schedule/, hint: /id, its key or its name/ },
  });
  test.match(await run('schedule', 'show', 'nothing', '--debug'), { stderr: /\n\s+at / });
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
});

t.test('waiting where no worker is alive says so at once', async (test) => {
  const created = await runJson(
    ...['schedule', 'create', '--task', 'send_message', '--payload', '{"text": "x"}'],
    ...['--cron', '0 0 1 1 *', '--key', 'waits'],
  );
  test.equal(created.code, 0);
  test.match(await run('schedule', 'trigger', 'waits', '--timeout', '1'), {
    code: 1,
    stdout: '',
    stderr:
      /^warning: No worker is alive: the run waits in the queue\.\n {2}Start one .*chime start.*\nThe run has not ended after 1 s\..*\nqueued\n$/,
  });
  await database.rows('delete from chime.runs');
});

t.test('trigger and runs', async (test) => {
  test.match(await run('runs', 'list'), { code: 0, stdout: 'No runs.\n' });
  const worker = await startWorker(test, database, [...(await loadTasks(undefined)).values()]);
  await run(
    'schedule',
    'create',
    '--task',
    'send_message',
    '--payload',
    '{"text": "one\\ntwo"}',
    '--cron',
    '0 0 1 1 *',
    '--key',
    'job',
  );
  test.match(await run('doctor'), { stdout: /\(http_request, run_query, send_message\)/ });
  test.match(await run('schedule', 'trigger', 'job', '--wait', '--timeout', '60'), {
    code: 0,
    stdout: 'one\ntwo\n',
    stderr: /^succeeded in /,
  });
  test.match(await run('schedule', 'trigger', 'job', '--wait', '--payload', '{"text": "{{nothing}}"}'), {
    code: 1,
    stderr: /^failed in .*: The text has \{\{nothing\}\}/,
  });
  const queued = await run('schedule', 'trigger', 'job');
  const id = /Queued run ([0-9a-f-]{36})/.exec(queued.stdout)?.[1] as string;
  await worker.finished(3);
  test.match(await run('runs', 'show', id), { code: 0, stdout: /status +succeeded\n[\s\S]*\n\none\ntwo\n$/ });
  test.match(await run('runs', 'output', id.slice(0, 18)), { code: 0, stdout: 'one\ntwo' });
  test.match((await runJson('runs', 'output', id)).data, { id, output: 'one\ntwo', result: null });
  test.match((await runJson('runs', 'show', id)).data, {
    id,
    scheduleName: 'job',
    status: 'succeeded',
    attempt: 1,
    payload: { text: 'one\ntwo' },
  });
  test.match(await run('runs', 'list', '--schedule', 'job', '--limit', '2'), {
    code: 0,
    stdout: /^run +schedule .*\n.*succeeded.*one\n.*failed.*The text has/,
  });
  test.equal((await runJson('runs', 'list', '--status', 'failed')).data.length, 1);
});

t.test('psql without psql', async (test) => {
  const sql = (command: string, ...args: string[]) => run('psql', '-c', command, ...args);
  test.match(await sql("select 1 as one, 'zwei' as two; select null as nothing"), {
    code: 0,
    stdout: 'one  two\n  1  zwei\n(1 row)\nnothing\n\n(1 row)\n',
  });
  test.strictSame(JSON.parse((await sql('select 1 as one', '--json')).stdout), [{ one: '1' }]);
  test.match(await sql('create temporary table x (i integer)'), { code: 0, stdout: 'CREATE\n' });
  test.match(await sql('selec'), { code: 1, stderr: /error: syntax error/ });
  test.match(await chime(['psql'], { env, input: 'select 2 as two;' }), {
    code: 0,
    stdout: 'two\n  2\n(1 row)\n',
  });
  test.match(await run('psql', '--url'), { code: 0, stdout: `${database.url}\n` });
});

t.test('psql where it is installed', async (test) => {
  test.strictSame(psqlArguments('postgres://ann:s%40cret@db:5433/x?sslmode=require'), {
    url: 'postgres://ann@db:5433/x?sslmode=require',
    variables: { PGPASSWORD: 's@cret' },
  });
  test.strictSame(
    psqlArguments('postgres://ann@db/x'),
    { url: 'postgres://ann@db:5432/x', variables: {} },
    'without a password psql looks for it where it always does',
  );
});

t.test('doctor', async (test) => {
  const { code, data } = await runJson('doctor');
  test.equal(code, 0);
  const byCheck = Object.fromEntries(
    (data as { check: string; status: string }[]).map((finding) => [finding.check, finding]),
  );
  test.match(byCheck, {
    node: { status: 'ok' },
    connection: { status: 'ok', message: /:\*\*\*@/ },
    postgres: { status: 'ok' },
    'clock skew': { status: 'ok' },
    listen: { status: 'ok' },
    migrations: { status: 'ok' },
    clocks: { status: 'warning', hint: /chime clock/ },
    schedules: { status: 'ok' },
  });
  const clock = serve(test, ['clock'], { env });
  await clock.line((line) => line.msg === 'started');
  test.match(await run('doctor'), { stdout: /✓ clocks +1 alive/ });
  await clock.end();
  test.match(await chime(['doctor', '--database-url', 'postgres://nobody@127.0.0.1:1/x'], {}), {
    code: 1,
    stdout: /✗ connection/,
  });
});

t.test('a database of a newer version: the program is to be upgraded, not the database', async (test) => {
  const newer = await createDatabase(test);
  await newer.rows(`update chime_private.settings set value = '"99.1.0"' where key = 'version'`);
  await newer.rows("update chime_private.loaded_files set sha256 = 'newer' where name = '01_now.sql'");
  for (const command of [['schedule', 'list'], ['worker'], ['clock'], ['migrate']]) {
    const { code, stderr } = await chime(command, { env: { DATABASE_URL: newer.url } });
    test.equal(code, 1, command.join(' '));
    test.match(stderr, /newer pgchime: it was migrated by 99\.1\.0/);
    test.match(stderr, /Upgrade pgchime to 99\.1\.0 or newer/);
    test.notMatch(stderr, /chime migrate/);
  }
  test.match(await chime(['doctor'], { env: { DATABASE_URL: newer.url } }), {
    code: 1,
    stdout: /✗ migrations +.*newer pgchime[\s\S]*Upgrade pgchime to 99\.1\.0/,
  });
});

t.test('whoever reads may leave before the end', async (test) => {
  const shell = (command: string) => bash(command, { env });
  for (const command of ['schedule list', 'runs list --json', 'schedule create --help']) {
    test.strictSame(await shell(`chime ${command} | true; echo "\${PIPESTATUS[0]}"`), {
      code: 0,
      stdout: '0\n',
      stderr: '',
    });
  }
  test.match(await shell('chime schedule show nothing 2> >(true)'), { code: 3 });
  test.strictSame(
    await shell(`chime worker | true; echo "\${PIPESTATUS[0]}"`),
    { code: 0, stdout: '0\n', stderr: '' },
    'a process that serves ends by itself',
  );
});

t.test('no database at all', async (test) => {
  const cwd = await emptyDir(test);
  test.match(await chime(['schedule', 'list'], { cwd }), {
    code: 2,
    stderr: /There is no database[\s\S]*chime start/,
  });
  test.match(
    await chime(['migrate'], { cwd }),
    { code: 0, stdout: /applied +0001_foundation/ },
    'migrate makes an embedded one',
  );
  test.match(
    await chime(['schedule', 'list'], { cwd }),
    { code: 0, stdout: /^No schedules\./ },
    'which is started for a command, if need be',
  );
});
