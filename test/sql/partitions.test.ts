// The weeks of the history: made ahead, and mended where rows came before their week was there.
import t, { type Test } from 'tap';
import { attemptsOf } from '../support/attempts.ts';
import { createDatabase } from '../support/database.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';
import { until } from '../support/until.ts';

/** A database at an instant, without a single week. */
async function bare(test: Test, at: string) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  await database.rows(`do $$ declare w record; begin
    for w in select p.name from unnest('{runs,run_attempts,run_logs}'::text[]) h(history), chime_private.weeks_of(h.history) p loop
      execute format('drop table chime_private.%I', w.name);
    end loop;
  end $$`);
  const weeks = (history = 'runs') =>
    database.rows<{ name: string }>('select name from chime_private.weeks_of($1) order by from_id', [
      history,
    ]);
  const make = (week: string, most: number, history = 'runs', key = 'id') =>
    database.value('select chime_private.make_week($1, $2, $3, $4)', [history, key, week, most]);
  const count = (table: string) => database.value<number>(`select count(*)::integer from ${table}`);
  const allRuns = () =>
    database.value<string>(
      "select string_agg(r::text, ' ' order by r.id) from (select r.id, r.status, r.scheduled_for, r.payload from chime.runs r) r",
    );
  return { database, now, weeks, make, count, allRuns, ...shorthand(database), ...attemptsOf(database) };
}

t.test('this week and four more are made, of runs and of what belongs to them', async (test) => {
  const { database, weeks } = await bare(test, '2026-03-04 12:00Z');
  test.equal(await database.value('select chime_private.ensure_partitions(chime.now())'), 15);
  for (const history of ['runs', 'run_attempts', 'run_logs']) {
    test.strictSame(
      (await weeks(history)).map(({ name }) => name),
      [10, 11, 12, 13, 14].map((week) => `${history}_2026w${week}`),
    );
  }
  test.equal(await database.value('select chime_private.ensure_partitions(chime.now())'), 0, 'once');
  const [spanned] = await database.rows(
    "select chime_private.id_time(from_id) as since, chime_private.id_time(to_id) as until from chime_private.weeks_of('runs') order by 1",
  );
  test.strictSame(spanned, {
    since: new Date('2026-03-02T00:00:00Z'),
    until: new Date('2026-03-09T00:00:00Z'),
  });
});

t.test('what the default partition has of a week is moved when the week is made', async (test) => {
  const { database, now, weeks, count, allRuns, create, tick, start, finish, register } = await bare(
    test,
    '2026-03-04 12:00Z',
  );
  const id = await create(
    "every => '1 minute', anchor => '2026-03-04 12:00Z', overlap => 'allow', max_retries => 0",
  );
  await database.rows("update chime_private.settings set value = to_jsonb(timestamptz 'infinity')");
  for (let minute = 1; minute <= 5; minute++) {
    await now.advance('1 minute');
    await tick();
  }
  const worker = await register();
  const ids = await database.value<string[]>(
    'select array_agg(id order by id) from chime.runs where schedule_id = $1',
    [id],
  );
  await start(worker, ids.slice(0, 3));
  await database.rows(
    "select chime_private.write_logs($1, '{1}', '{1}', '{info}', '{hello}', '{null}', array[chime.now()])",
    [[ids[0]]],
  );
  await finish([
    { id: ids[0] as string, attempt: 1, output: 'done' },
    { id: ids[1] as string, attempt: 1, outcome: 'failed', error: 'broke' },
  ]);
  const before = await allRuns();
  test.strictSame([await count('chime_private.runs_default'), await weeks()], [5, []]);

  await database.rows('select chime_private.ensure_partitions(chime.now())');
  test.equal(await allRuns(), before, 'nothing is lost or changed');
  for (const [history, rows] of [
    ['runs', 5],
    ['run_attempts', 1],
    ['run_logs', 1],
  ] as const) {
    test.equal(await count(`chime_private.${history}_default`), 0, history);
    test.equal(await count(`chime_private.${history}_2026w10`), rows, history);
  }
  test.equal(await count('chime.late_ends'), 0, 'what is moved is not taken for new');
  test.hasStrict(
    await finish([{ id: ids[2] as string, attempt: 1 }]),
    [{ status: 'succeeded' }],
    'and goes on',
  );
  await now.advance('1 minute');
  await tick();
  test.equal(await count('chime_private.runs_2026w10'), 6);
  test.match(
    await database.error('update chime.runs set id = gen_random_uuid() where id = $1', [ids[0]]),
    { code: 'CH022' },
    'its triggers are there',
  );
  test.match(
    await database.error(
      'insert into chime.runs select (jsonb_populate_record(r, \'{"tenant_id": "00000000-0000-0000-0000-000000000009"}\')).* from chime.runs r limit 1',
    ),
    { code: /^235/ },
  );
});

t.test('who asks while a week is made finds what is moved', async (test) => {
  const { database, now, count, create, tick } = await bare(test, '2026-03-04 12:00Z');
  await create("every => '1 minute', anchor => '2026-03-04 12:00Z', overlap => 'allow'");
  await database.rows("update chime_private.settings set value = to_jsonb(timestamptz 'infinity')");
  await now.advance('1 minute');
  await tick();
  const waiting = (count: number) =>
    until(async () => {
      const number = await database.value<number>(
        "select count(*)::integer from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return number === count;
    });
  const holder = await database.pool.connect();
  await holder.query('begin; lock table chime_private.runs_default in access share mode');
  const made = database.rows("select chime_private.make_week('runs', 'id', chime.now(), 100)");
  await waiting(1);
  const found = count('chime.runs');
  await waiting(2);
  await holder.query('commit');
  holder.release();
  await made;
  test.equal(await found, 1);
  test.equal(await count('chime_private.runs_2026w10'), 1);
});

t.test('a default partition that is too full to be emptied becomes the partition', async (test) => {
  const { database, now, weeks, make, count, allRuns, create, tick } = await bare(test, '2026-02-25 12:00Z');
  await create("every => '1 hour', anchor => '2026-02-25 12:00Z', overlap => 'allow', catch_up => 'all'");
  await database.rows("update chime_private.settings set value = to_jsonb(timestamptz 'infinity')");
  test.equal(await make('2026-01-05', 10), 0, 'a week that is over is not made for nothing');
  test.equal(await make('2026-03-16', 10), 1);
  await now.set('2026-03-04 12:00Z');
  while ((await tick()).fired > 0);
  // Of weeks far back and far ahead.
  await database.rows(
    `insert into chime.runs select (jsonb_populate_record(r.q, jsonb_build_object('id', chime_private.first_id(a.at)))).*
     from unnest('{2026-01-05 01:00Z, 2027-01-05 01:00Z, 2027-01-05 02:00Z}'::timestamptz[]) a(at), (select q from chime.runs q order by q.id limit 1) r`,
  );
  const before = await allRuns();
  const total = await count('chime.runs');
  test.ok(total > 100, `${total} runs`);
  test.equal(
    await make('2026-03-02', 1),
    0,
    'not while there are more rows of other times than may be moved',
  );
  test.equal(await allRuns(), before);
  test.equal(await make('2026-03-02', 10), 1);
  test.equal(await allRuns(), before, 'nothing is lost or changed');
  test.strictSame(
    [await count('chime_private.runs_default'), await count('chime_private.runs_2026w10')],
    [3, total - 3],
    'what belongs elsewhere stays in a default partition',
  );
  test.strictSame(await weeks(), [{ name: 'runs_2026w10' }, { name: 'runs_2026w12' }]);
  test.equal(await make('2026-03-09', 10), 1, 'and the weeks after it are made as ever');
  await now.advance('1 hour');
  await tick();
  test.equal(await count('chime_private.runs_2026w10'), total - 2);
});

t.test('a tick mends it, and does not wait for who is in its way', async (test) => {
  const { database, weeks, tick } = await bare(test, '2026-03-04 12:00Z');
  const reader = await database.connect(test);
  await reader.query('begin; select from chime.runs');
  await database.rows(
    "update chime_private.settings set value = to_jsonb(timestamptz '-infinity') where key = 'maintenance_due_at'",
  );
  await tick();
  test.strictSame(await weeks(), []);
  await reader.query('commit');
  await database.rows("update chime_private.moved_now set at = at + interval '5 minutes'");
  await tick();
  test.equal((await weeks()).length, 5);
});
