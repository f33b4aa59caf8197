// Words and follow-ups that meet: a reply that was committed before a sender has claimed a follow-up is never followed by it. CASES=10000
// goes through as many conversations.
import { randomUUID } from 'node:crypto';
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { channelOf, deliveriesOf } from '../support/deliveries.ts';
import { casesOf, seed } from '../support/properties.ts';
import { seededRandom } from '../support/random_cron.ts';

interface Meeting {
  mapping: string;
  context: string;
}

t.test('a reply before the claim is never followed', async (test) => {
  const database = await createDatabase(test);
  const number = casesOf(1500);
  const random = seededRandom(seed);
  test.comment(`SEED=${seed}, ${number} conversations`);
  const { register, claim, report } = deliveriesOf(database);
  await register(channelOf('telegram'));
  // People, their chats, and a follow-up for each, executed and on its way to a sender or still to be executed.
  await database.pool.query(
    `do $$
     declare v_user uuid; v_mapping uuid;
     begin
       for n in 1..${number} loop
         v_user := (select s.user_id from chime_private.sign_in('default', 'telegram:' || n, 'user') s);
         v_mapping := (select m.id from chime.map_channel('telegram', n::text, v_user) m);
         perform chime.schedule_follow_up((clock_timestamp() + interval '200 milliseconds')::text, 'Hello', 'r', 'UTC', v_mapping);
       end loop;
     end $$`,
  );
  const all = await database.rows<Meeting>(
    `select f.channel_mapping_id as mapping, m.channel_context_id as context
     from chime.follow_ups f join chime.channel_mappings m on m.id = f.channel_mapping_id`,
  );
  test.equal(all.length, number);

  /** By mapping: when the reply was known to be committed, and when the claim that took the follow-up was begun. */
  const replied = new Map<string, number>();
  const claimed = new Map<string, number>();
  let clock = 0;
  const shuffled = all.map((each) => ({ each, at: random() })).sort((a, b) => a.at - b.at);
  const queue = shuffled.map(({ each }) => each);
  let working = true;

  const speak = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      // Handled by the bot, or only stored for it.
      if (random() < 0.5)
        await database.rows("select * from chime_private.hear('telegram', $1, false, $1, null, 'en')", [
          next.context,
        ]);
      else
        await database.rows('select chime_private.store_updates(1, $1)', [
          JSON.stringify([
            {
              update_id: Number(next.context),
              lane: next.context,
              content: { message: { chat: { id: next.context }, from: { id: next.context }, text: 'Hello' } },
            },
          ]),
        ]);
      replied.set(next.mapping, clock++);
    }
  };
  const tick = async (): Promise<void> => {
    while (working) await database.rows('select * from chime_private.tick(20)');
  };
  /** Does what a worker does with the runs that are queued. */
  const work = async (worker: string): Promise<void> => {
    while (working) {
      await database.rows('select chime_private.renew_lease($1)', [worker]);
      await database
        .rows(
          `with started as (
           select s.id, s.attempt from chime_private.start_runs($1,
             array(select u.run_id from chime_private.unfinished_runs u join chime.runs r on r.id = u.run_id where r.status = 'queued' order by u.run_id limit 10), false) s)
         select f.* from (select array_agg(id) as ids, array_agg(attempt) as attempts, count(*)::integer as number from started) s,
           chime_private.finish_runs(s.ids, s.attempts, array_fill('succeeded'::chime_private.outcome, array[s.number]), array_fill('Hello'::text, array[s.number]),
             array_fill(null::jsonb, array[s.number]), array_fill(null::text, array[s.number]), array_fill(null::text, array[s.number]),
             array_fill(null::text, array[s.number]), array_fill(null::interval, array[s.number])) f
         where s.number > 0`,
          [worker],
        )
        .catch((error: { code?: string }) => {
          // It waits for no lock for long, as a worker, which then tries again.
          if (error.code !== '55P03' && error.code !== '40P01') throw error;
        });
    }
  };
  const send = async (): Promise<void> => {
    while (working) {
      const began = clock++;
      const { messages } = await claim(['telegram'], 5);
      for (const { mappingId } of messages) {
        if (claimed.has(mappingId)) throw new Error(`${mappingId} was claimed twice.`);
        claimed.set(mappingId, began);
      }
      await report(messages, { outcome: 'sent', externalId: 'm' });
    }
  };
  const id = randomUUID();
  await database.rows("select chime_private.register_worker($1, 'race', 'race', $2)", [
    id,
    JSON.stringify([{ name: 'remind' }]),
  ]);
  const others = [tick(), work(id), send(), send()].map((each) =>
    each.finally(() => {
      working = false;
    }),
  );
  await Promise.all([speak(), speak(), speak()]);
  // Everybody has spoken, so there is nothing left but what was claimed before.
  working = false;
  await Promise.all(others);

  const early = [...claimed].filter(
    ([mapping, began]) => (replied.get(mapping) ?? Number.POSITIVE_INFINITY) < began,
  );
  test.strictSame(early, [], 'claimed after the reply was committed');
  const rows = await database.rows<{ status: string; sent: boolean; number: number }>(
    `select f.status, exists (select from chime.deliveries d where d.schedule_id = f.schedule_id and d.status = 'sent') as sent, count(*)::integer as number
     from chime.follow_ups f group by 1, 2 order by 1, 2`,
  );
  test.comment(JSON.stringify(rows));
  test.strictSame(
    rows.filter(({ status, sent }) => (status === 'cancelled') === sent),
    [],
    'cancelled and not sent, or sent and executed',
  );
  test.ok(
    rows.every(({ number: count }) => count > number / 50),
    'both happen',
  );
});
