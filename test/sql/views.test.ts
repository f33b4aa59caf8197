// Views for reports: each says what it should, is explained with an example that works, and is read by the reporter.
import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  const reporter = await database.connect(test);
  await reporter.query('set role chime_reporter');
  const report = async (sql: string, values: unknown[] = []) => (await reporter.query(sql, values)).rows;
  return { database, now, report, ...shorthand(database), ...attemptsOf(database) };
}

t.test('each view is explained by an example that runs', async (test) => {
  const { database, report, create, tick, now } = await setUp(test);
  await create("every => '1 hour', anchor => '2026-03-02 00:00Z'");
  await now.advance('1 hour');
  await tick();
  const views = await database.rows<{ name: string; comment: string; invoker: boolean }>(
    `select c.relname as name, obj_description(c.oid, 'pg_class') as comment, 'security_invoker=true' = any (c.reloptions) as invoker
     from pg_class c where c.relnamespace = 'chime'::regnamespace and c.relkind = 'v' order by 1`,
  );
  test.strictSame(
    views.map(({ name }) => name),
    [
      'failing',
      'inbox',
      'late',
      'queue_depth',
      'run_stats',
      'schedule_health',
      'scheduled_messages',
      'undelivered',
      'unfinished_runs',
      'unsuccessful_runs',
      'upcoming',
      'worker_status',
    ],
  );
  for (const { name, comment, invoker } of views) {
    const [, example] = / Example: (select .*)$/s.exec(comment) ?? [];
    test.ok(example?.includes(`from chime.${name}`), name);
    await report(example as string);
    const { rows } = { rows: await report(`select * from chime.${name} limit 0`) };
    test.strictSame(rows, []);
    test.equal(invoker, true, `${name}: rights of the reader`);
  }
  const readme = readFileSync(new URL('../../sql/README.md', import.meta.url), 'utf8');
  const section = readme.split(/^## /m).find((part) => part.startsWith('Reports')) ?? '';
  for (const { name } of views) test.match(section, new RegExp(`\\| \`${name}\` +\\|`));
  const examples = [...section.matchAll(/^```sql\n(.*?)^```$/gms)]
    .flatMap(([, body]) => (body as string).split(/;\n/))
    .filter((each) => each.trim() !== '');
  test.ok(examples.length >= views.length, `${examples.length} examples`);
  for (const example of examples) await test.resolves(report(example), example);
});

t.test('how a schedule is', async (test) => {
  const { database, now, report, create, tick, queue, attempt } = await setUp(test);
  const health = async (id: string) =>
    (await report('select * from chime.schedule_health where id = $1', [id]))[0];
  const id = await create(
    "every => '1 hour', anchor => '2026-03-02 00:00Z', max_retries => 0, key => 'k', overlap => 'allow'",
  );
  test.hasStrict(await health(id), {
    health: 'ok',
    runs: '0',
    failures_in_a_row: 0,
    success_percent: null,
    p95_duration_ms: null,
    last_run_id: null,
  });
  await now.advance('1 hour');
  test.hasStrict(await health(id), { health: 'ok' }, 'due, and not late yet');
  await tick();
  await now.advance('61 seconds');
  test.hasStrict(await health(id), { health: 'waiting', last_run_status: 'queued' });
  const [{ id: run }] = (await database.rows<{ id: string }>('select id from chime.runs')) as [
    { id: string },
  ];
  await attempt(run);
  test.hasStrict(await health(id), {
    health: 'ok',
    runs: '1',
    succeeded: '1',
    success_percent: '100.00',
    average_lateness_ms: 61000,
    last_run_status: 'succeeded',
  });
  for (const outcome of ['failed', 'timed_out'] as const) {
    await now.advance('1 second');
    await attempt(await queue(id), { outcome, error: `it ${outcome}` });
  }
  test.hasStrict(await health(id), {
    health: 'failing',
    failures_in_a_row: 2,
    failed: '1',
    timed_out: '1',
    success_percent: '33.33',
  });
  test.match(await report('select * from chime.failing'), [
    { schedule_id: id, key: 'k', failures_in_a_row: 2, last_error: 'it timed_out' },
  ]);
  test.match(await report('select * from chime.run_stats'), [
    {
      task: 'noop',
      hour: new Date('2026-03-02T01:00:00Z'),
      runs: '3',
      succeeded: '1',
      failed: '1',
      timed_out: '1',
    },
  ]);
  await now.advance('1 second');
  await attempt(await queue(id));
  test.hasStrict(await health(id), { health: 'ok', failures_in_a_row: 0 });
  test.strictSame(await report('select * from chime.failing'), []);
  await database.rows('select chime.pause_schedule($1)', [id]);
  test.hasStrict(await health(id), { health: 'paused' });
  test.strictSame(await database.rows('select id from chime.schedule_stats($1)', [id]), [{ id }]);
  await database.rows("select set_config('chime.tenant_id', '00000000-0000-0000-0000-00000000000a', false)");
  const other = await database.connect(test);
  await other.query("set chime.tenant_id = '00000000-0000-0000-0000-00000000000a'");
  test.strictSame(
    (await other.query('select id from chime.schedule_stats($1)', [id])).rows,
    [],
    'of no other tenant',
  );
});

t.test('what comes, what waits, and who works', async (test) => {
  const { report, create, tick, now, register, queue, start } = await setUp(test);
  const id = await create(
    "cron => '30 8 * * *', timezone => 'Europe/Berlin', overlap => 'allow', name => 'early'",
  );
  test.match(await report('select *, local_time::text as local, due_in::text from chime.upcoming'), [
    {
      schedule_id: id,
      name: 'early',
      local: '2026-03-02 08:30:00',
      timezone: 'Europe/Berlin',
      due_in: '07:30:00',
    },
  ]);
  const worker = await register();
  await start(worker, [await queue(id)]);
  await queue(id);
  await now.advance('5 seconds');
  test.match(await report('select *, waiting_for::text as waiting from chime.queue_depth'), [
    { task: 'noop', queued: '1', running: '1', retrying: '0', waiting: '00:00:05' },
  ]);
  test.match(await report('select * from chime.worker_status'), [
    { id: worker, state: 'alive', running: '1', tasks: ['noop'] },
  ]);
  await now.advance('1 minute');
  test.match(await report('select kind, reason, late_by::text from chime.late'), [
    { kind: 'waiting', reason: 'No worker has started it.', late_by: '00:01:05' },
  ]);
  test.match(await report('select * from chime.worker_status'), [{ state: 'lost' }]);
  await tick();
});

t.test('the health of it all', async (test) => {
  const { database, now, report, create, tick, register } = await setUp(test);
  const health = async () => (await report('select chime.health() as health'))[0].health;
  test.match(await health(), { status: 'problem', checks: { clocks: { alive: 0 }, workers: { alive: 0 } } });
  await register();
  await database.rows('select chime_private.tick(500, gen_random_uuid())');
  test.match(await health(), {
    status: 'ok',
    problems: [],
    checks: {
      clocks: { alive: 1 },
      workers: { alive: 1 },
      schedules: { late: 0, set_aside: 0, failing: 0 },
      queue: { queued: 0 },
      partitions: { weeks_ahead: 4, in_default: 0 },
      history: { error: null },
    },
  });
  await create("every => '1 hour', anchor => '2026-03-02 01:00Z'");
  await now.advance('90 minutes');
  test.match(await health(), {
    status: 'problem',
    problems: [/^No clock/, /^No worker/, /^Schedules are more than a minute late/],
    checks: { schedules: { late: 1, oldest_due_at: '2026-03-02T01:00:00+00:00' } },
  });
  await tick();
  await now.advance('90 seconds');
  test.match(await health(), { checks: { schedules: { late: 0 }, queue: { status: 'warning', queued: 1 } } });
  await now.advance('5 weeks');
  test.match(await health(), { checks: { partitions: { status: 'problem', weeks_ahead: 0 } } });
});
