// Hosts whose clocks are wrong, in either direction: what counts is the clock of the database.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const skewed = fileURLToPath(new URL('../support/skewed_now.ts', import.meta.url));

t.test('two clocks and two workers', async (test) => {
  const database = await createDatabase(test);
  const hour = 3_600_000;
  const env = (skew: number) => ({
    DATABASE_URL: database.url,
    SKEW_MS: String(skew),
    NODE_OPTIONS: `--import=${skewed}`,
  });
  const serving = [-hour, hour].flatMap((skew) =>
    ['clock', 'worker'].map((part) => serve(test, [part, '--json'], { env: env(skew) })),
  );
  for (const each of serving) await each.line((line) => line.msg === 'started');
  test.hasStrict(
    await database.row("select count(*)::integer as n from chime.tasks where name = 'send_message'"),
    { n: 1 },
  );
  const id = await database.value<string>(
    `select id from chime.create_schedule(task => 'send_message', payload => '{"text": "now"}', every => '1 second', overlap => 'allow')`,
  );
  const runs = () =>
    database.rows<{ scheduled_for: Date; status: string; is_early: boolean }>(
      `select scheduled_for, status::text, created_at < due_at or started_at < due_at as is_early
       from chime.runs where schedule_id = $1 and finished_at is not null order by scheduled_for`,
      [id],
    );
  await until(async () => (await runs()).length >= 5);
  const found = await runs();
  for (const [index, run] of found.entries()) {
    test.hasStrict(run, { status: 'succeeded', is_early: false });
    const before = found[index - 1]?.scheduled_for ?? new Date(run.scheduled_for.getTime() - 1000);
    test.equal(run.scheduled_for.getTime() - before.getTime(), 1000, 'none is missing, none twice');
  }
  test.strictSame(
    await database.rows("select * from chime.runs where status = 'skipped' or lost_count > 0"),
    [],
  );
  for (const each of serving) test.hasStrict(await each.end(), { code: 0 });
});
