// Quiet hours: what is held, until when, and what is told of it then.
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { as, defaultTenant, person } from '../support/identities.ts';
import { MovableNow } from '../support/now.ts';
import { shorthand } from '../support/schedules.ts';

async function setUp(test: Test, at = '2026-03-02 22:30Z') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  const calls = { ...shorthand(database), ...deliveriesOf(database) };
  await calls.register(channelOf('telegram'), channelOf('web'));
  const ann = await person(database, defaultTenant, 'ann');
  const place = await calls.map('telegram', '42', ann.userId);
  const quiet = (from: string | null, until: string | null) =>
    as(database, ann, 'select chime.set_quiet_hours($1, $2)', [from, until]);
  return { database, now, ann, place, quiet, ...calls };
}

t.test('a delivery is held until they end, and a tick lets it go', async (test) => {
  const { database, quiet, place, scheduleTo, end, claim, list, tick, now } = await setUp(test);
  await quiet('22:00', '07:00');
  await end(await scheduleTo(place));
  test.match(await list(), [{ status: 'pending', held: true, due_at: new Date('2026-03-03T07:00:00Z') }]);
  test.equal((await claim(['telegram'])).messages.length, 0);
  await tick();
  test.strictSame(
    await database.value('select chime_private.deliveries_due_at()'),
    new Date('2026-03-03T07:00:00Z'),
  );
  await now.set('2026-03-03 07:00Z');
  await tick();
  const { messages } = await claim(['telegram']);
  test.strictSame(
    messages[0]?.late,
    { due: '2026-03-02 22:30', sent: '2026-03-03 07:00' },
    'and says that it is late',
  );
});

t.test(
  'when they end: over midnight and not, by the clock of the person, also where clocks change',
  async (test) => {
    const { database, ann, quiet } = await setUp(test);
    const until = (at: string) =>
      database.value<string | null>(
        "select to_char(chime_private.quiet_until($1, $2) at time zone 'UTC', 'MM-DD HH24:MI')",
        [ann.userId, at],
      );
    test.equal(await until('2026-03-02 22:00Z'), null);
    await quiet('22:00', '07:00');
    test.equal(await until('2026-03-02 21:59:59Z'), null);
    test.equal(await until('2026-03-02 22:00Z'), '03-03 07:00');
    test.equal(await until('2026-03-03 00:00Z'), '03-03 07:00');
    test.equal(await until('2026-03-03 06:59:59Z'), '03-03 07:00');
    test.equal(await until('2026-03-03 07:00Z'), null);
    await quiet('12:00', '14:00');
    test.strictSame(
      [await until('2026-03-03 11:59Z'), await until('2026-03-03 12:00Z'), await until('2026-03-03 14:00Z')],
      [null, '03-03 14:00', null],
    );
    await quiet('23:00', '00:00');
    test.strictSame(
      [await until('2026-03-03 23:30Z'), await until('2026-03-04 00:00Z')],
      ['03-04 00:00', null],
    );
    await database.rows("update chime.users set timezone = 'Europe/Berlin' where id = $1", [ann.userId]);
    await quiet('22:00', '07:00');
    test.equal(await until('2026-03-28 21:30Z'), '03-29 05:00', 'into summer');
    test.equal(await until('2026-10-24 20:30Z'), '10-25 06:00', 'into winter');
    await quiet('01:00', '02:30');
    test.equal(await until('2026-03-29 00:30Z'), '03-29 01:30', 'an end that a clock change leaves out');
    await quiet(null, null);
    test.equal(await until('2026-03-03 00:00Z'), null);
    await test.rejects(quiet('22:00', null), { code: 'CH007' });
    await test.rejects(quiet('22:00', '22:00'), { code: 'CH007' });
    const bob = await person(database, defaultTenant, 'bob');
    await test.rejects(as(database, bob, "select chime.set_quiet_hours('1:00', '2:00', $1)", [ann.userId]), {
      code: 'CH015',
    });
  },
);

t.test('what is critical is not held', async (test) => {
  const { quiet, place, scheduleTo, end, claim } = await setUp(test);
  await quiet('22:00', '07:00');
  await end(await scheduleTo(place, "priority => 'critical'"));
  test.equal((await claim(['telegram'])).messages.length, 1);
});

t.test('the inbox is held as well, by the hours of the owner', async (test) => {
  const { quiet, ann, scheduleOf, end, list } = await setUp(test);
  await quiet('22:00', '07:00');
  await end(await scheduleOf(ann));
  test.match(await list(), [{ channel_id: 'web', held: true }]);
});

t.test('what waits when they begin is held when it would be taken', async (test) => {
  const { quiet, place, scheduleTo, end, claim, list, now, tick, sendAll } = await setUp(
    test,
    '2026-03-02 21:00Z',
  );
  await quiet('22:00', '07:00');
  const id = await scheduleTo(place);
  await end(id);
  await sendAll(['telegram'], { outcome: 'retry', reason: 'down', waitMs: 3_700_000 });
  await now.set('2026-03-02 22:10Z');
  await tick();
  test.equal((await claim(['telegram'])).messages.length, 0);
  test.match(await list(), [
    { status: 'pending', held: true, due_at: new Date('2026-03-03T07:00:00Z'), attempt: 1 },
  ]);
});

t.test(
  'of many that succeeded the last one speaks; failures speak for themselves, and other schedules too',
  async (test) => {
    const { quiet, place, scheduleTo, end, claim, report, states, now, tick } = await setUp(test);
    await quiet('22:00', '07:00');
    const often = await scheduleTo(place);
    const other = await scheduleTo(place);
    const runs: string[] = [];
    for (const ending of ['1', '2', 'fail', '3'] as const) {
      await now.advance('1 minute');
      runs.push(
        await end(often, ending === 'fail' ? { outcome: 'failed', error: 'no' } : { output: ending }),
      );
    }
    await now.advance('1 minute');
    runs.push(await end(other));
    await now.set('2026-03-03 07:00Z');
    await tick();
    const told: [string, number][] = [];
    for (;;) {
      const { messages } = await claim(['telegram']);
      if (messages.length === 0) break;
      told.push(...messages.map((m): [string, number] => [m.run.id, m.coversCount]));
      await report(messages, { outcome: 'sent', externalId: 'x' });
    }
    test.strictSame(told, [
      [runs[2], 1],
      [runs[3], 3],
      [runs[4], 1],
    ]);
    test.match(await states(runs[0]), [
      'telegram skipped A later run of its schedule, which was held by the same quiet hours, speaks for it.',
    ]);
  },
);

t.test('retry_delivery sends what is held', async (test) => {
  const { database, quiet, place, scheduleTo, end, claim, list } = await setUp(test);
  await quiet('22:00', '07:00');
  await end(await scheduleTo(place));
  await database.rows('select chime.retry_delivery($1)', [(await list())[0]?.id]);
  test.equal((await claim(['telegram'])).messages.length, 1);
});
