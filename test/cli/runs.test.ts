// The commands about runs: triggering, waiting, listing, and what a run put out.
import t from 'tap';
import { loadTasks } from '../../src/worker/registry.ts';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { startWorker } from '../support/worker.ts';

const database = await createDatabase();
const { run, runJson } = commandsOn(database.url);

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
    ...['--max-retries', '0'],
  );
  test.match(await run('doctor'), {
    stdout: /\(ask_llm, check_in, http_request, remind, run_query, send_message\)/,
  });
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

t.test('cancel and retry', async (test) => {
  await run(
    'schedule',
    'create',
    '--task',
    'send_message',
    '--payload',
    '{"text": "x"}',
    '--cron',
    '0 0 1 1 *',
    '--key',
    'stops',
  );
  const queued = /Queued run (\S+)/.exec((await run('schedule', 'trigger', 'stops')).stdout)?.[1] as string;
  test.match(await run('runs', 'cancel', queued, '--reason', 'not\u001b now'), {
    code: 0,
    stdout: `Cancelled run ${queued}\n`,
  });
  test.match((await runJson('runs', 'cancel', queued)).data, {
    run: { id: queued, status: 'cancelled', cancelReason: 'not\u001b now' },
  });
  test.match(await run('runs', 'show', queued), { stdout: /status +cancelled\n[\s\S]*why +not\S* now\n/ });
  const again = await run('runs', 'retry', queued.slice(0, 18));
  const repeated = /^Queued run (\S+)\n/.exec(again.stdout)?.[1] as string;
  test.match(await run('runs', 'show', repeated), { stdout: new RegExp(`retry of +${queued}`) });
  test.match(await run('runs', 'retry', queued), { code: 1, stderr: /is retried already/ });
  test.match(await run('runs', 'retry', repeated), { code: 1, stderr: /it is queued/ });
  await database.rows(
    `update chime.runs set status = 'running', attempt = 1, worker_id = gen_random_uuid(), started_at = chime.now() where id = $1`,
    [repeated],
  );
  test.match(await run('runs', 'cancel', repeated), {
    code: 0,
    stdout: /is running; its task was told to end/,
  });
  test.match(await run('runs', 'show', repeated), { stdout: /told to end +\d{4}/ });
  test.match(await run('runs', 'cancel', '00000000-0000-7000-8000-000000000000'), { code: 3 });
  await database.rows(
    "update chime.runs set status = 'retrying', worker_id = null, cancel_requested_at = null, retry_at = chime.now() + interval '1 hour' where id = $1",
    [repeated],
  );
  test.match(await run('runs', 'retry', repeated), {
    code: 0,
    stdout: /does not wait for its retry any longer/,
  });
  test.match(await run('runs', 'show', repeated), { stdout: /next attempt +\d{4}/ });
});
