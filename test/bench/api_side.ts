// One side of the benchmark of the API, as a process: our server, or Fastify and pg with nothing between them. It tells its parent
// where it listens, and, when asked, the processor time that it has used.
import Fastify, { type FastifyInstance } from 'fastify';
import pg from 'pg';
import { localAdministrator } from '../../src/api/auth/identify.ts';
import { pgSettings } from '../../src/api/identity.ts';
import { Server } from '../../src/api/server.ts';
import { createLogger } from '../../src/log.ts';
import { type ListRow, listOperation, listQuery } from './api_list.ts';

const [side, connectionString, operations] = process.argv.slice(2) as [string, string, string];
/** As many as our server has. */
const connections = 10;

async function ours(): Promise<string> {
  const server = new Server({
    ...{ connectionString, host: '127.0.0.1', port: 0, shutdownTimeout: 1000 },
    auth: { required: false, jwt: undefined },
    log: createLogger('error'),
    health: () => ({ status: 'ok' }),
    ...{ corsOrigins: [], trustProxy: [] },
    // Counted, and never reached.
    rateLimit: 1_000_000_000,
    ...{ graphiql: false, introspection: false, persistedOperations: operations, secrets: undefined },
  });
  await server.start();
  return server.url;
}

/** What runs a statement: on whatever connection, or in a transaction as the same role with the same settings as ours. */
type Run = <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => Promise<Row[]>;

const settings = Object.entries(pgSettings(localAdministrator, 'rest'));
const setConfig = {
  name: 'settings',
  text: 'select set_config(s.name, s.value, true) from unnest($1::text[], $2::text[]) s(name, value)',
  values: [settings.map(([name]) => name), settings.map(([, value]) => value)],
};

function divided(pool: pg.Pool): Run {
  return async <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(setConfig);
      const { rows } = await client.query<Row>(query);
      await client.query('commit');
      return rows;
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  };
}

function addRoutes(app: FastifyInstance, prefix: string, run: Run): void {
  app.post<{ Body: { id: string } }>(`${prefix}/graphql`, async (request) => {
    if (request.body.id !== listOperation) throw new Error(`There is no ${request.body.id}.`);
    const rows = await run<ListRow>({ name: 'list', text: listQuery });
    const nodes = rows.map(({ runId, runStatus, runStartedAt, runFinishedAt, runOutputSummary, ...row }) => ({
      ...row,
      lastRun:
        runId === null
          ? null
          : {
              id: runId,
              status: runStatus,
              startedAt: runStartedAt,
              finishedAt: runFinishedAt,
              outputSummary: runOutputSummary,
            },
    }));
    return { data: { schedules: { nodes } } };
  });
  app.post<{ Body: Record<string, unknown> }>(`${prefix}/api/v1/tasks`, async ({ body }, reply) => {
    const [row] = await run({
      name: 'create',
      text: 'select * from chime.create_schedule(task => $1, cron => $2, timezone => $3, name => $4, payload => $5)',
      values: [body.task, body.cron_expression, body.timezone, body.name, JSON.stringify(body.payload)],
    });
    return reply.code(201).send(row);
  });
}

/** Fastify and pg as they come: no log, and statements that are prepared once for each connection. */
async function bare(): Promise<string> {
  const app = Fastify();
  const pool = new pg.Pool({ connectionString, max: connections, application_name: 'bench bare' });
  addRoutes(app, '', divided(pool));
  addRoutes(app, '/undivided', async <Row extends pg.QueryResultRow>(query: pg.QueryConfig) => {
    const { rows } = await pool.query<Row>(query);
    return rows;
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: (user + system) / 1000 });
});
process.once('disconnect', () => process.exit(0));
process.send?.({ url: await (side === 'bare' ? bare() : ours()) });
