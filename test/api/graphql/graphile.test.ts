// The presets of pgchime/graphile in a PostGraphile server that is somebody's own, with tables beside chime's that have the same names.

import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import { createClient } from 'graphql-ws';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/fastify/v5';
import { printSchema } from 'postgraphile/graphql';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import t from 'tap';

import WebSocket from 'ws';
import { createDatabase } from '../../support/database.ts';

// As programs import it: the entry of the package, which a checkout has too.
const { chimeLive, chimePreset } = (await import(
  String(new URL('../../../graphile.js', import.meta.url))
)) as typeof import('../../../src/graphile.ts');

const database = await createDatabase();
await database.rows(`
  create schema app;
  create type app.mood as enum ('happy', 'sad');
  create table app.runs (id serial primary key, mood app.mood, lasted interval, started_for timestamptz);
  create function app.cheer_up(run_id integer) returns app.runs language sql volatile
    as $$ update app.runs set mood = 'happy' where id = run_id returning * $$;
  grant usage on schema app to chime_admin;
  grant select on app.runs to chime_admin;
  insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())`);

const service = () =>
  makePgService({ connectionString: database.url, schemas: ['app', 'chime'], pubsub: false });

/** The schema of their server, with pgchime or without. */
async function schemaOf(presets: GraphileConfig.Preset[]): Promise<string> {
  const pgService = service();
  const instance = postgraphile({ extends: [PostGraphileAmberPreset, ...presets], pgServices: [pgService] });
  try {
    return printSchema(await instance.getSchema());
  } finally {
    await instance.release();
    await pgService.release?.();
  }
}

const definition = (schema: string, name: string) =>
  new RegExp(`\\n(?:type|enum|input) ${name} [^}]*}`).exec(schema)?.[0];

t.test('what is their own stays as it was, and ours has names of its own', async (t) => {
  const before = printSchema(
    await (async () => {
      const pgService = makePgService({ connectionString: database.url, schemas: ['app'], pubsub: false });
      const instance = postgraphile({ extends: [PostGraphileAmberPreset], pgServices: [pgService] });
      const schema = await instance.getSchema();
      await instance.release();
      await pgService.release?.();
      return schema;
    })(),
  );
  const after = await schemaOf([chimePreset]);
  for (const name of [
    'Run implements',
    'Mood',
    'RunInput',
    'RunPatch',
    'CheerUpInput',
    'CheerUpPayload',
    'RunOrderBy',
    'RunConnection',
  ]) {
    t.ok(definition(before, name), name);
    t.equal(definition(after, name), definition(before, name), name);
  }
  t.match(definition(after, 'ChimeRun'), /id: UUID!/);
  t.match(definition(after, 'ChimeRunStatus'), /TIMED_OUT/);
  t.match(definition(after, 'ChimeScheduleChanges'), /timeoutMs: Float/);
  t.match(after, /chimeSearchSchedules\(/);
  t.match(after, /chimeCreateSchedule\(/);
});

t.test('their server answers for both, and tells of changes', async (t) => {
  const pgService = service();
  const live = chimeLive({ connectionString: database.url });
  const instance = postgraphile({
    extends: [PostGraphileAmberPreset, chimePreset, live.preset],
    pgServices: [pgService],
    grafserv: { websockets: true },
    grafast: { context: { pgSettings: { role: 'chime_admin' } } },
  });
  const app = Fastify({ forceCloseConnections: true });
  await app.register(websocket);
  await instance.createServ(grafserv).addTo(app);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(async () => {
    await live.close();
    await app.close();
    await instance.release();
    await pgService.release?.();
  });
  const ask = async (query: string) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    return (await response.json()) as { data: Record<string, never>; errors?: unknown[] };
  };

  const client = createClient({ url: `${url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  t.teardown(() => client.dispose());
  const events = client.iterate<{ chimeScheduleChanged: unknown }>({
    query: 'subscription { chimeScheduleChanged { kind schedule { name status } } }',
  });
  const first = events.next();
  // It is told of whatever is written from when the database knows that somebody listens.
  while (!(await database.value('select exists (select from chime_private.live_listeners)')))
    await database.rows('select pg_sleep(0.01)');

  const { data, errors } = await ask(
    'mutation { chimeCreateSchedule(input: { task: "noop", cron: "0 9 * * *", name: "Theirs", overlap: BUFFER_ONE }) { outcome schedule { name overlap status } query { allRuns { totalCount } chimeSchedules { nodes { name } } } } }',
  );
  t.equal(errors, undefined);
  t.match(data.chimeCreateSchedule, {
    outcome: 'CREATED',
    schedule: { name: 'Theirs', overlap: 'BUFFER_ONE', status: 'ACTIVE' },
    query: { chimeSchedules: { nodes: [{ name: 'Theirs' }] } },
  });
  t.match((await first).value, { data: { chimeScheduleChanged: { kind: /CHANGED|REFETCH/ } } });
  t.match(await ask('{ chimePreviewSchedule(cron: "0 25 * * *") { scheduledAt } }'), {
    errors: [{ extensions: { code: 'INVALID_RULE' } }],
  });
});
