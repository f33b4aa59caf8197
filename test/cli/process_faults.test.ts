// Tasks that do harm to the process that runs them.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { emptyDir, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { until } from '../support/until.ts';

const source = `import { defineTask } from 'pgchime';
import { z } from 'zod';
export default defineTask({
  name: 'harm',
  payload: z.object({ how: z.enum(['exits', 'spins', 'nothing']), flag: z.string() }),
  async run({ payload }) {
    if (payload.how === 'exits') process.exit(0);
    if (payload.how === 'spins') {
      const { existsSync } = await import('node:fs');
      while (!existsSync(payload.flag));
    }
    return payload.how;
  },
});
`;

t.test(
  'a task that ends its process is given up, and one that keeps it busy is not taken for dead',
  async (test) => {
    const database = await createDatabase(test);
    // Still longer than a worker takes to renew its lease.
    await database.rows(
      "create or replace function chime_private.lease() returns interval language sql immutable parallel safe as $$ select interval '8 seconds' $$",
    );
    const dir = await emptyDir(test);
    const flag = path.join(dir, 'flag');
    await fs.writeFile(path.join(dir, 'harm.ts'), source);
    const env = { DATABASE_URL: database.url };
    const clock = serve(test, ['clock', '--json'], { env });
    await clock.line(({ msg }) => msg === 'started');
    const startWorker = async () => {
      const worker = serve(test, ['worker', '--json', '--tasks-dir', dir], { env });
      await worker.line(({ msg }) => msg === 'started');
      return worker;
    };
    const queue = (how: string) =>
      database.value<string>(
        "select (chime.run_now(c.id)).id from chime.create_schedule(task => 'harm', cron => '0 0 1 1 *', payload => $1) c",
        [JSON.stringify({ how, flag })],
      );
    const run = (id: string) => database.row('select * from chime.runs where id = $1', [id]);

    let worker = await startWorker();
    const exits = await queue('exits');
    for (let death = 1; death <= 3; death++) {
      await new Promise((resolve) =>
        worker.child.exitCode === null ? worker.child.once('exit', resolve) : resolve(null),
      );
      // As a supervisor does.
      worker = await startWorker();
      await until(async () => (await run(exits)).lost_count === death);
    }
    test.hasStrict(await run(exits), {
      ...{ status: 'failed', attempt: 3, lost_count: 3, retry_count: 0 },
      error: 'Its worker died 3 times while running it.',
    });
    const after = await queue('nothing');
    await until(async () => (await run(after)).finished_at !== null);
    test.hasStrict(await run(after), { status: 'succeeded' }, 'then others run again');

    const spins = await queue('spins');
    await until(async () => (await run(spins)).status === 'running');
    // More than one lease passes, and the clock looks for dead workers all the while.
    const waited = `select min(c.ticked_at) > r.started_at + 2 * chime_private.lease() from chime_private.clocks c, chime.runs r where r.id = $1 group by r.started_at`;
    await until(() => database.value<boolean>(waited, [spins]));
    await fs.writeFile(flag, '');
    await until(async () => (await run(spins)).finished_at !== null);
    test.hasStrict(await run(spins), { status: 'succeeded', attempt: 1, lost_count: 0, output: 'spins' });
    test.hasStrict(await worker.end(), { code: 0 });
  },
);
