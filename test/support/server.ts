// The Postgres that tests run on: the embedded one, or one that is there already (TEST_POSTGRES_URL: a superuser of it), with a
// migrated template database that every test file clones.
import pg from 'pg';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';
import { migrate } from '../../src/migrate.ts';

export const templateName = 'chime_template';

export interface TestServer {
  /** As a superuser, on the database postgres. */
  url: string;
  stop(): Promise<void>;
}

export async function startTestServer(dir: string): Promise<TestServer> {
  const given = process.env.TEST_POSTGRES_URL;
  const cluster =
    given === undefined
      ? await Cluster.start({
          dir,
          password: 'test',
          port: await freePort(),
          throwAway: true,
          settings: { max_connections: 200, max_wal_size: '1GB' },
        })
      : undefined;
  const url = given ?? cluster?.url() ?? '';
  try {
    await makeTemplate(url);
  } catch (error) {
    await cluster?.stop();
    throw error;
  }
  return { url, stop: async () => cluster?.stop() };
}

async function makeTemplate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`alter database ${templateName} is_template false`).catch(() => {});
    await client.query(`drop database if exists ${templateName} with (force)`);
    await client.query(`create database ${templateName}`);
    await migrate(withDatabase(url, templateName));
    await client.query(`alter database ${templateName} is_template true allow_connections false`);
  } finally {
    await client.end();
  }
}

export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
