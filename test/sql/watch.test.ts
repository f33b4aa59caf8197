// Schedules that fail in a row, recover, or are late: what pgchime does then, and says.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  const short = shorthand(database);
  const attempts = attemptsOf(database);
  await short.tick();
  /** Runs it by hand, to an end. */
  const runOnce = async (id: string, failed: boolean) => {
    await now.advance('1 second');
    const run = await attempts.queue(id);
    await attempts.attempt(run, failed ? { outcome: 'failed', error: 'broke' } : {});
    return run;
  };
  const events = async () => {
    const rows = await database.rows('select name, payload from chime.events order by id, name');
    await database.rows('delete from chime.events');
    return rows;
  };
  return { database, now, runOnce, events, ...short, ...attempts };
}

const rule = "cron => '0 0 1 1 *', max_retries => 0, overlap => 'allow'";

t.test('paused after so many failures in a row', async (test) => {
  const { database, runOnce, events, create, tick, schedule } = await setUp(test);
  const id = await create(`${rule}, key => 'k', pause_after_failures => 3`);
  for (const failed of [true, true, false, true, true]) {
    await runOnce(id, failed);
    await tick();
  }
  test.hasStrict(await schedule(id), { status: 'active' }, 'a success in between begins anew');
  test.strictSame(await events(), []);
  await runOnce(id, true);
  await tick();
  test.hasStrict(await schedule(id), {
    status: 'paused',
    paused_by: 'pgchime',
    status_reason: 'Its last 3 runs have failed.',
    next_run_at: null,
  });
  test.match(await events(), [
    {
      name: 'chime.schedule.paused',
      payload: { schedule_id: id, key: 'k', reason: 'Its last 3 runs have failed.' },
    },
  ]);
  await database.rows('select chime.resume_schedule($1)', [id]);
  await runOnce(id, true);
  await tick();
  test.hasStrict(await schedule(id), { status: 'active' }, 'what was before is over when it is resumed');
  test.strictSame(
    await database.rows(
      'select actor, surface, action from chime.schedule_revisions where schedule_id = $1 order by id',
      [id],
    ),
    [
      { actor: 'postgres', surface: 'sql', action: 'created' },
      { actor: 'pgchime', surface: 'clock', action: 'paused' },
      { actor: 'postgres', surface: 'sql', action: 'resumed' },
    ],
  );
});

t.test('told of once after so many failures, and when it has recovered', async (test) => {
  const { database, now, runOnce, events, create, tick } = await setUp(test);
  const id = await create(`${rule}, key => 'k', alert_after_failures => 2`);
  const other = await create(rule);
  for (let n = 0; n < 3; n++) await runOnce(other, true);
  await runOnce(id, true);
  await tick();
  test.strictSame(await events(), []);
  const second = await runOnce(id, true);
  await runOnce(id, true);
  await tick();
  const [failing, ...more] = await events();
  test.match(failing, {
    name: 'chime.schedule.failing',
    payload: { schedule_id: id, key: 'k', task: 'noop', failures: 3, error: 'broke' },
  });
  test.not(failing?.payload, second);
  test.strictSame(more, []);
  await runOnce(id, true);
  await now.advance('10 seconds');
  const { next_due_at: due } = await tick();
  test.strictSame(await events(), []);
  test.ok(due && due.getTime() - Date.parse('2026-03-02T00:00:00Z') < 120_000, 'it is looked at again');
  const good = await runOnce(id, false);
  await now.advance('1 minute');
  await tick();
  test.match(await events(), [
    { name: 'chime.schedule.recovered', payload: { schedule_id: id, run_id: good } },
  ]);
  await now.advance('1 hour');
  await tick();
  test.strictSame(await events(), []);
  test.strictSame(await database.rows('select from chime_private.failing_schedules'), []);
  test.strictSame(await database.rows('select from chime_private.failed_ends'), []);
});

t.test('however a run fails: also lost with its worker, and timed out', async (test) => {
  const { now, events, create, tick, queue, register, start, schedule, database } = await setUp(test);
  const id = await create(`${rule}, pause_after_failures => 2, timeout => '10 seconds'`);
  const worker = await register();
  await start(worker, [await queue(id), await queue(id)]);
  await now.advance('21 seconds');
  await database.rows("update chime_private.workers set lease_until = chime.now() + interval '1 hour'");
  test.hasStrict(await tick(), { timed_out: 2 });
  await tick();
  test.hasStrict(await schedule(id), { status: 'paused' });
  test.match(await events(), [{ name: 'chime.schedule.paused' }]);
});

t.test('somebody who holds the schedule is not waited for, and it is not forgotten', async (test) => {
  const { database, runOnce, create, tick, schedule } = await setUp(test);
  const id = await create(`${rule}, pause_after_failures => 1`);
  const holder = await database.connect(test);
  await holder.query('begin');
  await runOnce(id, true);
  await holder.query('select from chime.schedules where id = $1 for update', [id]);
  await tick();
  await holder.query('commit');
  test.hasStrict(await schedule(id), { status: 'active' });
  await tick();
  test.hasStrict(await schedule(id), { status: 'paused', status_reason: 'Its last run has failed.' });
});

t.test('schedules that nobody fired are told of, all in one event a minute', async (test) => {
  const { database, now, events, create, tick } = await setUp(test);
  const ids = [
    await create("every => '1 hour', anchor => '2026-03-02 01:00Z', key => 'a'"),
    await create("every => '2 hours', anchor => '2026-03-02 02:00Z'"),
  ];
  await now.set('2026-03-02 02:00:30Z');
  test.strictSame(
    await database.rows('select kind, schedule_id, late_by::text from chime.late order by due_at'),
    [{ kind: 'not fired', schedule_id: ids[0], late_by: '01:00:30' }],
    'the view shows what no clock is there to say',
  );
  test.hasStrict(await database.row('select health from chime.schedule_health where id = $1', [ids[0]]), {
    health: 'late',
  });
  await now.set('2026-03-02 03:00Z');
  await tick(1);
  await tick(1);
  test.match(await events(), [
    {
      name: 'chime.schedule.late',
      payload: {
        count: 2,
        oldest_due_at: '2026-03-02T01:00:00.000000Z',
        schedules: [{ schedule_id: ids[0], key: 'a' }, { schedule_id: ids[1] }],
      },
    },
  ]);
  await now.set('2026-03-02 04:00Z');
  await tick();
  test.strictSame(await events(), []);
  const bad = await create("cron => '30 * * * *', timezone => 'Asia/Tokyo', key => 'bad'");
  await database.rows("update chime.schedules set rule.timezone = 'Asia/Gone' where id = $1", [bad]);
  await now.set('2026-03-02 04:30Z');
  await tick();
  test.match(await events(), [
    { name: 'chime.schedule.paused', payload: { key: 'bad', reason: /^Its rule failed: / } },
  ]);
  test.hasStrict(await database.row('select kind from chime.late where schedule_id = $1', [bad]), {
    kind: 'set aside',
  });
  test.hasStrict(await database.row('select health from chime.schedule_health where id = $1', [bad]), {
    health: 'set_aside',
  });
});
