// A database for a test file: a clone of the migrated template, dropped at the end. A connection that is left in it by then, and with it
// a lock, fails the test.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import t, { type Test } from 'tap';
import { templateName, withDatabase } from './server.ts';

const serverUrl = process.env.TEST_SERVER_URL;
if (serverUrl === undefined) throw new Error('Run tests with: npm test -- <file>');

export class TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;

  constructor(url: string) {
    this.url = url;
    this.pool = new pg.Pool({ connectionString: url, max: 20, application_name: 'test' });
    this.pool.on('error', () => {});
  }

  /** The rows of a statement. */
  async rows<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    return (await this.pool.query<Row>(sql, values)).rows;
  }

  /** The only row of a statement. */
  async row<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values: unknown[] = [],
  ): Promise<Row> {
    const rows = await this.rows<Row>(sql, values);
    if (rows.length !== 1) throw new Error(`${rows.length} rows instead of one: ${sql}`);
    return rows[0] as Row;
  }

  /** The only value of the only row of a statement. */
  async value<T = unknown>(sql: string, values: unknown[] = []): Promise<T> {
    return Object.values(await this.row(sql, values))[0] as T;
  }

  /** The error that a statement raises; fails where it raises none. */
  async error(sql: string, values: unknown[] = []): Promise<pg.DatabaseError> {
    try {
      await this.pool.query(sql, values);
    } catch (error) {
      return error as pg.DatabaseError;
    }
    throw new Error(`No error was raised by: ${sql}`);
  }

  /** A connection of its own, closed at the end of the test. */
  async connect(test: Test): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'test' });
    client.on('error', () => {});
    await client.connect();
    test.teardown(() => client.end());
    return client;
  }
}

async function onServer<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A database for this test file, or for one test. */
export async function createDatabase(test: Test = t): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer((client) =>
    client.query(`create database ${name} template ${templateName} strategy file_copy`),
  );
  const database = new TestDatabase(withDatabase(serverUrl as string, name));
  test.teardown(async () => {
    await database.pool.end();
    const left = await onServer(async (client) => {
      // A backend takes a moment to end after its connection was closed.
      let rows: { application_name: string; query: string }[] = [];
      for (let tries = 0; tries < 200; tries++) {
        ({ rows } = await client.query(
          'select application_name, query from pg_stat_activity where datname = $1',
          [name],
        ));
        if (rows.length === 0) break;
        await client.query('select pg_sleep(0.01)');
      }
      await client.query(`drop database ${name} with (force)`);
      return rows;
    });
    if (left.length > 0) throw new Error(`The test left connections behind: ${JSON.stringify(left)}`);
  });
  return database;
}

/** An empty database, not migrated. */
export async function createEmptyDatabase(test: Test): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`create database ${name}`));
  test.teardown(() => onServer((client) => client.query(`drop database ${name} with (force)`)));
  return withDatabase(serverUrl as string, name);
}
