// The tables beside the history: they have the runs that are not finished, and those that ended otherwise than by success, and no others,
// whatever a run goes through.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-03-02 00:00Z');
  const agrees = async (what: string, unfinished: number) => {
    test.strictSame(
      await database.rows('select run_id as id from chime_private.unfinished_runs order by 1'),
      await database.rows('select id from chime.runs where finished_at is null order by 1'),
      what,
    );
    test.strictSame(
      await database.rows('select status, run_id as id from chime_private.unsuccessful_runs order by 2'),
      await database.rows(
        "select status, id from chime.runs where finished_at is not null and status <> 'succeeded' order by 2",
      ),
      what,
    );
    test.strictSame(
      await database.rows(
        'select run_id as id from chime_private.unfinished_runs where cancel_requested_at is not null order by 1',
      ),
      await database.rows(
        'select id from chime.runs where cancel_requested_at is not null and finished_at is null order by 1',
      ),
      `${what}: to be cancelled`,
    );
    test.equal(
      await database.value<number>('select count(*)::integer from chime.unfinished_runs'),
      unfinished,
      what,
    );
  };
  return { database, now, agrees, ...shorthand(database), ...attemptsOf(database) };
}

t.test('whatever path a run takes', async (test) => {
  const { database, now, agrees, create, tick, register, start, finish } = await setUp(test);
  const id = await create("every => '1 hour', anchor => '2026-03-02 00:00Z', max_retries => 1");
  const runNow = () =>
    database.value<string>('select id from chime.run_now($1, allow_overlap => true)', [id]);
  const worker = await register();
  await agrees('nothing yet', 0);
  const good = await runNow();
  const bad = await runNow();
  await agrees('queued', 2);
  await start(worker, [good, bad]);
  await agrees('running', 2);
  await finish([{ id: good, attempt: 1 }]);
  await agrees('succeeded', 1);
  await finish([{ id: bad, attempt: 1, outcome: 'failed', error: 'x' }]);
  await agrees('retrying', 1);
  await now.advance('2 minutes');
  await database.rows('select chime_private.renew_lease($1)', [worker]);
  await tick();
  await start(worker, [bad]);
  await finish([{ id: bad, attempt: 2, outcome: 'timed_out', error: 'x' }]);
  await agrees('timed out', 0);

  const unwanted = await runNow();
  await database.row('select from chime.cancel_run($1)', [unwanted]);
  await agrees('cancelled while it waited', 0);
  const asked = await runNow();
  await start(worker, [asked]);
  await database.row('select from chime.cancel_run($1)', [asked]);
  await agrees('asked to be cancelled', 1);
  await finish([{ id: asked, attempt: 1, outcome: 'cancelled' }]);
  await agrees('cancelled', 0);

  const busy = await runNow();
  await now.set('2026-03-02 01:00Z');
  await tick();
  await agrees('one fire was skipped', 1);
  await database.row('select from chime.delete_schedule($1)', [id]);
  await agrees(`the schedule of ${busy} was deleted`, 0);
});

t.test('what is there though its run has ended, or is no more, is taken out', async (test) => {
  const { database, now, agrees, create, tick } = await setUp(test);
  await create("every => '1 hour', anchor => '2026-03-02 00:00Z'");
  await now.set('2026-03-02 01:00Z');
  await tick();
  await database.rows(
    'insert into chime_private.unfinished_runs (run_id) select gen_random_uuid() from generate_series(1, 3)',
  );
  test.equal(
    await database.value('select count(*)::integer from chime.unfinished_runs'),
    1,
    'nobody sees it',
  );
  test.equal(await database.value('select chime_private.check_unfinished()'), 3);
  await agrees('nothing else', 1);
});
