// The tasks that come with pgchime, executed by a worker.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { loadTasks } from '../../src/worker/registry.ts';
import { createDatabase } from '../support/database.ts';
import { startHttp } from '../support/http.ts';
import { queueRuns, startWorker } from '../support/worker.ts';

const database = await createDatabase();
const own = [...(await loadTasks(undefined)).values()];
const run = (id: string | undefined) => database.row('select * from chime.runs where id = $1', [id]);

interface ReportRun {
  status: string;
  output: string;
  result: { columns: string[]; rows: Record<string, unknown>[]; truncated: boolean };
}

t.test('what there is', async (test) => {
  test.strictSame(own.map((task) => task.name).sort(), [
    'ask_llm',
    'check_in',
    'http_request',
    'remind',
    'run_query',
    'send_message',
  ]);
});

t.test('send_message', async (test) => {
  const { finished } = await startWorker(test, database, own);
  await database.rows(
    `select chime.create_schedule(task => 'send_message', cron => '0 0 1 1 *', timezone => 'Asia/Tokyo', key => 'greeting', overlap => 'allow', max_retries => 0,
       payload => '{"text": "Hello {{name}}, {{payload.deep.value}}, {{run.timezone}} {{ schedule.key }} {{n}} {{run.attempt}}", "name": "Ann", "deep": {"value": "x"}, "n": [1]}')`,
  );
  const schedule = "(chime.find_schedule('greeting')).id";
  const [full] = await database.rows(`select (chime.run_now(${schedule})).id`);
  const [plain] = await database.rows(
    `select (chime.run_now(${schedule}, '{"text": "no {placeholders} {{ }} here"}')).id`,
  );
  const [unknown] = await database.rows(
    `select (chime.run_now(${schedule}, '{"text": "Hello {{nmae}}", "name": "Ann"}')).id`,
  );
  const [proto] = await database.rows(
    `select (chime.run_now(${schedule}, '{"text": "{{constructor}}"}')).id`,
  );
  await finished(4);
  test.hasStrict(await run(full?.id as string), {
    status: 'succeeded',
    output: 'Hello Ann, x, Asia/Tokyo greeting [1] 1',
  });
  test.hasStrict(await run(plain?.id as string), { output: 'no {placeholders} {{ }} here' });
  test.match(
    (await run(unknown?.id as string)).error,
    /\{\{nmae\}\}, but the payload has no such field\. .*run\.local_time/,
  );
  test.hasStrict(await run(proto?.id as string), { status: 'failed' });
});

t.test('http_request', async (test) => {
  const server = await startHttp(test, ({ url, body }, response) => {
    response.writeHead(url === '/missing' ? 404 : 200, { 'content-type': 'text/plain', 'x-custom': 'yes' });
    response.end(`you said ${body}`);
  });
  const { finished } = await startWorker(test, database, own, { allowPrivateHttp: '127.0.0.1' });
  const payloads = [
    { url: `${server.url}/ok`, method: 'POST', body: { a: 1 }, headers: { 'x-mine': '1' } },
    { url: `${server.url}/missing` },
    { url: `${server.url}/missing`, expect_status: [404, 410] },
    { url: 'http://169.254.169.254/latest/meta-data/' },
    { url: 'not a url' },
  ];
  const [ok, missing, expected, metadata, broken] = await queueRuns(database, 'http_request', payloads);
  await finished(payloads.length);
  const row = await run(ok);
  test.hasStrict(row, { status: 'succeeded', result: { status: 200, bytes: 16 } });
  test.match(
    row.output,
    /^HTTP 200 OK\n[\s\S]*x-custom: yes\n[\s\S]*\n\nyou said {"a":1}$/,
    'the full response is the output',
  );
  test.match(server.requests[0], {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mine': '1', 'user-agent': 'pgchime' },
  });
  const failed = await run(missing);
  test.match(failed, { status: 'failed', error: /answered 404, not 2xx/ });
  test.match(failed.output, /^HTTP 404 Not Found\n[\s\S]*you said $/, 'the output of a failure is kept');
  test.hasStrict(await run(expected), { status: 'succeeded' });
  test.match(await run(metadata), { status: 'failed', error: /169\.254\.169\.254 is not a public address/ });
  test.match(await run(broken), { status: 'failed', error: /not a URL/ });
});

t.test('run_query', async (test) => {
  await database.rows(
    'create table public.orders (id integer, title text); grant select on public.orders to chime_reporter',
  );
  await database.rows(
    "insert into public.orders values (1, 'first'), (10, 'zweiter Auftrag 🙂'), (100, null)",
  );
  await database.rows('create table public.secrets (secret text)');
  const { finished } = await startWorker(test, database, own);
  const queries: Record<string, unknown>[] = [
    { query: 'select id, title from orders order by id' },
    { query: 'select id from orders order by id', max_rows: 2 },
    { query: 'select id as a, title as b from orders where false' },
    { query: 'delete from orders' },
    { query: 'select 1; select 2' },
    { query: 'select * from secrets' },
    {
      query:
        "select set_config('role', 'postgres', true), query_to_xml('select * from secrets', true, true, '')",
    },
    { query: 'select pg_sleep(60)', timeout_ms: 50 },
    { query: 'selec 1' },
    { query: "select current_user::text as who, current_setting('transaction_read_only') as ro;" },
    { query: 'select name from chime.schedules' },
  ];
  const ids = await queueRuns(database, 'run_query', queries);
  await finished(queries.length);
  const [table, few, none, write, several, denied, escaping, slow, wrong, who, own_tables] =
    await Promise.all(ids.map(run));
  test.equal(table?.output, ' id  title\n  1  first\n 10  zweiter Auftrag 🙂\n100\n(3 rows)\n');
  test.hasStrict(table?.result, {
    columns: ['id', 'title'],
    rows: [{ id: 1, title: 'first' }, { id: 10 }, { id: 100, title: null }],
    truncated: false,
  });
  test.match(few, {
    status: 'succeeded',
    output: /the first 2 rows; there is more/,
    result: { truncated: true },
  });
  test.equal(none?.output, 'a  b\n(0 rows)\n');
  test.match(write, { status: 'failed', error: /one statement that reads/ });
  test.match(several, { status: 'failed', error: /one statement that reads/ });
  test.match(denied, { status: 'failed', error: /may not do that: permission denied for table secrets/ });
  test.match(escaping, { status: 'failed', error: /cannot set parameter "role"/ }, 'no way out of the role');
  test.match(slow, { status: 'failed', error: /longer than 50 ms/ });
  test.match(wrong, { status: 'failed', error: /syntax error/ });
  test.hasStrict(who?.result, { rows: [{ who: 'chime_reporter', ro: 'on' }] });
  test.hasStrict(own_tables, { status: 'succeeded' });
  test.equal(await database.value('select count(*)::integer from orders'), 3);
});

t.test('a report is bounded in bytes as well as in rows', async (test) => {
  const limit = 100_000;
  const { finished } = await startWorker(test, database, own, { maxOutput: limit });
  const queries = [
    "select repeat('x', 1000) as x from generate_series(1, 5000)",
    "select 1 as one, repeat(e'\\u0001é', 30000) as large",
    "select repeat('x', 500) as x union all select repeat('y', 1000000) union all select 'z'",
    'select array(select generate_series(1, 100000)) as numbers',
    "select repeat('x', 400) as x from generate_series(1, 100)",
  ].map((query) => ({ query, max_rows: 5000 }));
  const ids = await queueRuns(database, 'run_query', queries);
  await finished(queries.length);
  const [many, cut, second, array, fits] = (await Promise.all(ids.map(run))) as unknown as ReportRun[];
  test.match(many, { status: 'succeeded', output: /\n\(the first 89 rows; there is more\)\n$/ });
  test.equal(many?.result.truncated, true);
  const [row] = (cut?.result.rows ?? []) as unknown as { one: number; large: string }[];
  test.equal(row?.one, 1);
  test.equal(
    row?.large.replaceAll(/\P{ASCII}/gu, '?').replaceAll('\u0001?', '').length,
    0,
    'whole characters',
  );
  const length = Buffer.byteLength(JSON.stringify(row?.large));
  test.ok(length <= limit * 0.45 && length > limit * 0.45 - 100, `cut to its share: ${length}`);
  test.equal(cut?.result.truncated, true);
  test.strictSame(
    [second?.result.rows.length, second?.result.truncated],
    [1, true],
    'a row that does not fit ends the report',
  );
  test.match(array?.result.rows[0]?.numbers, /^\[1,2,3,/, 'what is not text becomes text');
  test.strictSame([fits?.result.rows.length, fits?.result.truncated], [100, false]);
});

t.test('one long value does not make every line of the table long', async (test) => {
  const { finished } = await startWorker(test, database, own);
  const [id] = await queueRuns(database, 'run_query', [
    {
      query:
        "select repeat('x', case n when 1 then 5000000 else 1 end) as x, n from generate_series(1, 1000) n",
    },
  ]);
  await finished(1);
  const { output } = (await run(id)) as unknown as ReportRun;
  test.ok(output.length < 5_300_000, String(output.length));
  test.match(output, /\(1000 rows\)\n$/);
});

t.test('what a statement answers is what the report has', async (test) => {
  const { finished } = await startWorker(test, database, own);
  const queries = [
    'select count(*), count(nullif(x, 2)) from generate_series(1, 3) x',
    'select 1 as a, 2 as a_2, 3 as a, 4 as a',
    'select 9007199254740993 as big, 1.10 as price, 5 as small, 0.5::float8 as half, 1e300::float8 as huge',
    'select x as price from (values (1.10), (2.5), (null)) v(x)',
    'select array[1, 2] as list, \'{"n": 12345678901234567890, "deep": [1.50, 2]}\'::jsonb as tree, true as yes, null as none',
    "select '007' as code, 'NaN'::float8 as nan",
    'select',
  ].map((query) => ({ query }));
  const ids = await queueRuns(database, 'run_query', queries);
  await finished(queries.length);
  const [same, taken, exact, prices, nested, texts, nothing] = (await Promise.all(
    ids.map(run),
  )) as unknown as ReportRun[];
  test.strictSame(same?.result.columns, ['count', 'count_2']);
  test.strictSame(same?.result.rows, [{ count: 3, count_2: 2 }]);
  test.equal(same?.output, 'count  count_2\n    3        2\n(1 row)\n');
  test.strictSame(taken?.result.rows, [{ a: 1, a_2: 2, a_3: 3, a_4: 4 }]);
  test.strictSame(exact?.result.rows, [
    { big: '9007199254740993', price: '1.10', small: 5, half: 0.5, huge: 1e300 },
  ]);
  test.strictSame(
    prices?.result.rows.map((each) => each.price),
    ['1.10', '2.5', null],
    'one type a column',
  );
  test.equal(prices?.output, 'price\n 1.10\n  2.5\n\n(3 rows)\n');
  test.strictSame(nested?.result.rows, [
    { list: [1, 2], tree: { n: '12345678901234567890', deep: ['1.50', 2] }, yes: true, none: null },
  ]);
  test.match(nested?.output, /\[1,2\]/);
  test.strictSame(texts?.result.rows, [{ code: '007', nan: 'NaN' }]);
  test.strictSame(nothing?.result, { columns: [], rows: [{}], truncated: false });
});

t.test('a report leaves nothing behind on its connection', async (test) => {
  const { finished } = await startWorker(test, database, own, { concurrency: 1 });
  const queries = [
    "select set_config('app.secret', 'leaked', false), pg_advisory_lock(4711)",
    'select pg_advisory_lock(4712), 1 / 0',
    "select coalesce(current_setting('app.secret', true), '') as secret, pg_backend_pid() as pid",
    'select pg_backend_pid() as pid',
  ].map((query) => ({ query }));
  const ids = await queueRuns(database, 'run_query', queries);
  await finished(queries.length);
  const [, failed, next, last] = (await Promise.all(ids.map(run))) as unknown as ReportRun[];
  test.equal(failed?.status, 'failed');
  test.equal(next?.result.rows[0]?.secret, '');
  test.equal(next?.result.rows[0]?.pid, last?.result.rows[0]?.pid, 'the connection is used again');
  test.strictSame(
    await database.rows(
      "select objid::integer from pg_locks where locktype = 'advisory' and objid in (4711, 4712)",
    ),
    [],
  );
});

t.test('task files of a directory', async (test) => {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-tasks-'));
  test.teardown(() => fs.rm(dir, { recursive: true, force: true }));
  const file = (name: string, text: string) => fs.writeFile(path.join(dir, name), text);
  await file(
    'greet.ts',
    `import { defineTask } from 'pgchime';\nimport { z } from 'zod';\nexport default defineTask({ name: 'greet', payload: z.object({ whom: z.string() }), run: ({ payload }): string => 'Hello, ' + payload.whom });\n`,
  );
  await file('README.md', 'not a task');
  const tasks = await loadTasks(dir);
  test.strictSame([...tasks.keys()].sort(), [
    'ask_llm',
    'check_in',
    'greet',
    'http_request',
    'remind',
    'run_query',
    'send_message',
  ]);
  const { finished } = await startWorker(test, database, [...tasks.values()]);
  await queueRuns(database, 'greet', [{ whom: 'Ann' }]);
  test.hasStrict(await finished(1), [{ status: 'succeeded', summary: 'Hello, Ann' }]);

  const wrong: Record<string, [string, RegExp]> = {
    'broken.ts': ['export default {', /broken\.ts cannot be loaded/],
    'empty.ts': ['export const nothing = 1;', /empty\.ts has no task as its default export/],
    'twice.ts': [
      `import { defineTask } from 'pgchime';\nimport { z } from 'zod';\nexport default defineTask({ name: 'greet', payload: z.any(), run: () => 1 });`,
      /Two task files define the task "greet"/,
    ],
    'named.ts': [
      `import { defineTask } from 'pgchime';\nimport { z } from 'zod';\nexport default defineTask({ name: 'Not A Name', payload: z.any(), run: () => 1 });`,
      /"Not A Name" is not a task name/,
    ],
  };
  for (const [name, [text, message]] of Object.entries(wrong)) {
    await file(name, text);
    await test.rejects(loadTasks(dir), { code: 'CH032', message }, name);
    await fs.rm(path.join(dir, name));
  }
  await test.rejects(loadTasks(path.join(dir, 'nowhere')), { code: 'CH032', message: /cannot be read/ });
});
