// What handlers answer beside values: another try, later, none, or that nobody need hear of it.
import t from 'tap';
import { cancel, done, giveUp, retry, silent, snooze } from '../../src/answer.ts';
import { createDatabase } from '../support/database.ts';
import { startWorker, task } from '../support/worker.ts';

t.test('answers of every kind', async (test) => {
  const database = await createDatabase(test);
  const minute = 60_000;
  const answers: Record<string, () => unknown> = {
    a_value: () => done({ n: 1 }),
    again: () => retry(),
    again_later: () => retry(10 * minute, 'not\0 there'),
    later: () => snooze(10 * minute),
    at_once: () => snooze(new Date(0)),
    not_needed: () => cancel('nothing to do'),
    hopeless: () => giveUp('no such account'),
    quiet: () => silent('nothing new'),
    wrong: () => retry(-1),
    a_likeness: () => ({ kind: 'cancel', reason: 'a value like any other' }),
  };
  const { finished } = await startWorker(
    test,
    database,
    Object.entries(answers).map(([name, answer]) =>
      task(name, ({ write }) => {
        write('out');
        return answer();
      }),
    ),
  );
  for (const name of Object.keys(answers))
    await database.rows(
      `select chime.run_now(c.id) from chime.create_schedule(task => $1, cron => '0 0 1 1 *', max_retries => 1, retry_backoff => 'constant') c`,
      [name],
    );
  const ends = new Map((await finished(10)).map((end) => [end.run.task, end]));
  const row = (name: string) =>
    database.row(
      `select r.*, date_part('epoch', r.retry_at - r.started_at) as wait, a.error as attempt_error
       from chime.runs r left join chime.run_attempts a on a.run_id = r.id where r.task = $1`,
      [name],
    );
  test.hasStrict(await row('a_value'), {
    status: 'succeeded',
    result: { n: 1 },
    output: 'out',
    silent_reason: null,
  });
  const error = 'The task asked to be tried again.';
  test.hasStrict(await row('again'), { status: 'retrying', retry_count: 1, error, attempt_error: error });
  const wait = ends.get('again')?.waitMs as number;
  test.ok(wait >= minute && wait <= 1.1 * minute, `by the policy: ${wait}`);
  test.hasStrict(await row('again_later'), { status: 'retrying', retry_count: 1, error: 'not\u2400 there' });
  test.equal(ends.get('again_later')?.waitMs, 10 * minute);
  test.hasStrict(await row('later'), {
    status: 'retrying',
    retry_count: 0,
    error: null,
    attempt_error: null,
  });
  test.equal(ends.get('later')?.waitMs, 10 * minute);
  test.equal(ends.get('at_once')?.waitMs, 1000, 'a second at least');
  test.hasStrict(await row('not_needed'), {
    status: 'cancelled',
    cancel_reason: 'nothing to do',
    output: 'out',
  });
  test.hasStrict(await row('hopeless'), {
    status: 'failed',
    retry_count: 0,
    error: 'no such account',
    output: 'out',
  });
  test.hasStrict(await row('quiet'), {
    status: 'succeeded',
    silent_reason: 'nothing new',
    output: 'out',
    result: null,
  });
  test.hasStrict(await row('wrong'), {
    ...{ status: 'retrying', error: 'A wait is a number of milliseconds from 0 on, or a Date.' },
  });
  test.hasStrict(await row('a_likeness'), { status: 'succeeded', result: { kind: 'cancel' } });
});

t.test('an instant is one of the database', async (test) => {
  const database = await createDatabase(test);
  // As if the clock of the database were years behind that of this machine.
  await database.rows(
    `create or replace function chime.now() returns timestamptz language sql volatile as $$ select pg_catalog.clock_timestamp() - interval '5 years' $$`,
  );
  const { finished } = await startWorker(test, database, [
    task('later', ({ run }) => snooze(new Date(run.startedAt.getTime() + 3_600_000))),
  ]);
  await database.rows(
    "select chime.run_now(c.id) from chime.create_schedule(task => 'later', cron => '0 0 1 1 *') c",
  );
  const [end] = await finished(1);
  const wait = end?.waitMs as number;
  test.ok(wait > 3_000_000 && wait <= 3_600_000, `${wait}`);
});

t.test('what no answer can be made of', async (test) => {
  for (const wait of [-1, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)]) {
    test.throws(() => snooze(wait), { name: 'TypeError' });
    test.throws(() => retry(wait), { name: 'TypeError' });
  }
  test.throws(() => snooze(366 * 86_400_000), /365 days/);
  test.throws(() => silent(undefined as never), /A reason is text/);
});
