// Subscriptions: how long after a run has changed the clients hear of it. All of them on one server process, as many WebSockets as
// subscribers; the changes are committed one by one, as fast as is said, by a process of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { createClient } from 'graphql-ws';
import pg from 'pg';
import WebSocket from 'ws';
import { mountGraphql } from '../../src/api/graphql/index.ts';
import { Pool } from '../../src/db/pool.ts';
import { createLogger } from '../../src/log.ts';
import { percentile, rounded } from './measure.ts';
import type { Bench, Result } from './run.ts';

const tenantId = '00000000-0000-0000-0000-000000000001';

/** Schedules, each watched by as many as there are subscribers for one. */
async function createSchedules(url: string, count: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now()) on conflict do nothing",
  );
  const { rows } = await client.query<{ id: string }>(
    `select c.id from generate_series(1, $1) n,
       lateral chime.create_schedule(task => 'noop', cron => '0 0 1 1 *', overlap => 'allow', key => 'live' || n) c`,
    [count],
  );
  await client.end();
  return rows.map(({ id }) => id);
}

async function startServer(url: string) {
  const app = Fastify({ logger: false, forceCloseConnections: true });
  const pool = new Pool({ connectionString: url, name: 'live bench', max: 10 });
  const { close, feed } = await mountGraphql(app, {
    pool,
    listenConnectionString: url,
    identify: () =>
      Promise.resolve({ tenantId, userId: null, role: 'admin', name: 'bench', expiresAt: null }),
    graphiql: false,
    introspection: false,
    log: createLogger('error'),
  });
  const address = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    feed,
    async stop() {
      await close();
      await app.close();
      await pool.end();
    },
  };
}

/** Runs made one by one, so many a second, each by a transaction of its own; when each was committed. */
async function change(
  url: string,
  schedules: readonly string[],
  perSecond: number,
  seconds: number,
): Promise<Map<string, number>> {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  const committed = new Map<string, number>();
  const began = performance.now();
  const under: Promise<void>[] = [];
  for (let n = 0; n < perSecond * seconds; n++) {
    await sleep(Math.max(0, began + (n * 1000) / perSecond - performance.now()));
    under.push(
      pool
        .query<{ id: string }>('select id from chime.run_now($1)', [schedules[n % schedules.length]])
        .then(({ rows }) => {
          committed.set(rows[0]?.id as string, performance.now());
        }),
    );
  }
  await Promise.all(under);
  await pool.end();
  return committed;
}

export async function live({ database, quick }: Bench): Promise<Result[]> {
  const [subscribers, watched, perSecond, seconds] = quick ? [50, 10, 20, 3] : [500, 100, 100, 30];
  const url = await database();
  const schedules = await createSchedules(url, watched);
  const server = await startServer(url);
  const heard: { id: string; at: number }[] = [];
  let subscribed = 0;
  server.feed.on('subscribed', () => {
    subscribed++;
  });
  const clients = Array.from({ length: subscribers }, (_value, n) => {
    const client = createClient({
      url: `${server.address.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryAttempts: 0,
    });
    client.subscribe<{ runChanged: { id: string | null } }>(
      {
        query:
          'subscription ($id: UUID) { runChanged(scheduleId: $id) { kind id run { status task scheduledAt } } }',
        variables: { id: schedules[n % watched] },
      },
      {
        next: ({ data }) => {
          const id = data?.runChanged.id;
          if (typeof id === 'string') heard.push({ id, at: performance.now() });
        },
        error: (error) => process.stderr.write(`${JSON.stringify(error)}\n`),
        complete: () => {},
      },
    );
    return client;
  });
  while (subscribed < subscribers) await sleep(20);
  const committed = await change(url, schedules, perSecond, seconds);
  const expected = committed.size * (subscribers / watched);
  for (let waited = 0; heard.length < expected && waited < 10_000; waited += 50) await sleep(50);
  for (const client of clients) await client.dispose();
  await server.stop();
  const latencies = heard.map(({ id, at }) => at - (committed.get(id) ?? at));
  return [
    {
      title: `${subscribers} subscribers on one process, ${perSecond} run changes a second for ${seconds} s, each told to ${subscribers / watched} of them`,
      wanted: 'a 99th percentile under 250 ms, and no event lost',
      rows: [
        {
          changes: committed.size,
          'events expected': expected,
          'events heard': heard.length,
          'p50 ms': rounded(percentile(latencies, 0.5)),
          'p99 ms': rounded(percentile(latencies, 0.99)),
          'max ms': rounded(Math.max(...latencies)),
        },
      ],
    },
  ];
}
