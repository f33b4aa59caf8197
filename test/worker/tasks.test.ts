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

t.test('what there is', async (test) => {
  test.strictSame(own.map((task) => task.name).sort(), ['http_request', 'run_query', 'send_message']);
});

t.test('send_message', async (test) => {
  const { finished } = await startWorker(test, database, own);
  await database.rows(
    `select chime.create_schedule(task => 'send_message', cron => '0 0 1 1 *', timezone => 'Asia/Tokyo', key => 'greeting', overlap => 'allow',
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
    output: /the first 2 rows; there are more/,
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
  test.strictSame([...tasks.keys()].sort(), ['greet', 'http_request', 'run_query', 'send_message']);
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
