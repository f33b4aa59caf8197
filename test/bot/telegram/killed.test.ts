// Bots that are killed between hearing, answering and saying: what was heard is answered once, and what was said is not said again.
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { serve } from '../../support/cli.ts';
import { createDatabase } from '../../support/database.ts';
import { MovableNow } from '../../support/now.ts';
import { shorthand } from '../../support/schedules.ts';
import { startTelegram } from '../../support/telegram.ts';
import { heardBy, heardTable } from '../../support/telegram_bot.ts';
import { Updates } from '../../support/telegram_updates.ts';

const program = fileURLToPath(new URL('../../support/echo_bot.ts', import.meta.url));

async function setUp(test: Test) {
  const database = await createDatabase(test);
  await database.rows(heardTable);
  const now = await MovableNow.install(database, '2026-03-02 12:00Z');
  const fake = await startTelegram(test);
  return {
    database,
    now,
    fake,
    updates: new Updates(),
    ...shorthand(database),
    /** Resolves when the database has noticed that a process is gone: until then it may still do what that one has asked for. */
    async noticed() {
      const left =
        "select count(*)::integer from pg_stat_activity where datname = current_database() and application_name like 'pgchime%'";
      while ((await database.value(left)) !== 0) await database.rows('select pg_sleep(0.01)');
    },
    start: (env: Record<string, string> = {}) =>
      serve(test, [], { env: { DATABASE_URL: database.url, API: fake.api, ...env } }, program),
  };
}

const says = (text: string) => (line: Record<string, unknown>) => line.msg === text;

t.test('while its dialogue is at work', async (test) => {
  const { database, fake, updates, start } = await setUp(test);
  fake.push(updates.says('hello'), updates.says('quiet later', { chat: 7 }));
  const first = start({ HANGS: 'hello' });
  await first.line(says('hangs'));
  await first.end('SIGKILL');
  test.notOk((await heardBy(database)).includes('1 hello'), 'what it did is undone');
  const second = start();
  await second.line(says('reported'));
  await second.end('SIGKILL');
  test.strictSame((await heardBy(database)).sort(), ['1 hello', '2 quiet later']);
  test.strictSame(
    fake.said().map(({ params }) => params.text),
    ['echo hello'],
  );
});

t.test('between hearing and confirming', async (test) => {
  const { database, fake, updates, start } = await setUp(test);
  // Telegram tells of it, and never learns that it was heard.
  const update = updates.says('hello');
  fake.answerPoll = ({ params }) =>
    params.offset === undefined
      ? { status: 200, body: JSON.stringify({ ok: true, result: [update] }) }
      : 'hang';
  const first = start();
  await first.line(says('reported'));
  await first.end('SIGKILL');
  const polls = fake.polls.length;
  const second = start();
  await fake.polled(polls + 2);
  await second.end('SIGKILL');
  test.equal(await database.value('select count(*)::integer from chime_private.updates'), 1);
  test.strictSame(await heardBy(database), ['1 hello']);
  test.equal(fake.said().length, 1);
});

t.test('between writing what it says and saying it', async (test) => {
  const { database, fake, updates, start, noticed } = await setUp(test);
  // Nothing is said while the channel is asked to wait.
  await database.rows(
    "insert into chime_private.send_pauses (channel_id, bucket, until) values ('telegram', '*', chime.now() + interval '1 minute')",
  );
  fake.push(updates.says('hello'));
  const first = start();
  await first.line(says('handled'));
  await first.end('SIGKILL');
  await noticed();
  test.equal(fake.said().length, 0);
  await database.rows('delete from chime_private.send_pauses');
  const second = start();
  await second.line(says('reported'));
  await second.end('SIGKILL');
  test.strictSame(
    fake.said().map(({ params }) => params.text),
    ['echo hello'],
  );
});

t.test('while it says it: that is unknown, and not said again', async (test) => {
  const { database, fake, updates, start, now, tick } = await setUp(test);
  fake.answer = ({ method }) => (method === 'sendMessage' ? 'hang' : undefined);
  fake.push(updates.says('hello'));
  const first = start();
  await fake.heard(1);
  await first.end('SIGKILL');
  fake.answer = () => undefined;
  await now.advance('61 seconds');
  await tick();
  await now.advance('1 second');
  const second = start();
  fake.push(updates.says('and now'));
  await second.line(says('reported'));
  await second.end('SIGKILL');
  test.strictSame(
    fake.said().map(({ params }) => params.text),
    ['echo hello', 'echo and now'],
  );
  test.strictSame(await database.rows('select status from chime_private.replies order by seq'), [
    { status: 'unknown' },
    { status: 'sent' },
  ]);
});
