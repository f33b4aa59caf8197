// What all commands share: usage, errors and their exit codes, readers that leave, psql.
import t from 'tap';
import { psqlArguments } from '../../src/cli/commands/psql.ts';
import { bash, chime, commandsOn, emptyDir } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { env, run } = commandsOn(database.url);

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

t.test('what is refused says what, why and what next', async (test) => {
  const create = (...args: string[]) =>
    run('schedule', 'create', '--task', 'send_message', '--payload', '{"text": "x"}', ...args);
  test.match(await create('--cron', '@daily', '--key', 'brief'), { code: 0 });
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
