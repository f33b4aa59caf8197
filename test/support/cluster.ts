// A cluster of a test's own: roles are shared by all databases of one, so tests of roles would get into each other's way.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import type { Test } from 'tap';
import { Cluster } from '../../src/db/embedded/cluster.ts';
import { freePort } from '../../src/db/embedded/port.ts';

export async function startCluster(test: Test): Promise<Cluster> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'pgchime-cluster-'));
  const cluster = await Cluster.start({ dir, password: 'test', port: await freePort(), throwAway: true });
  test.teardown(async () => {
    await cluster.stop();
    await fs.rm(dir, { recursive: true, force: true });
  });
  return cluster;
}

/** Runs statements on a connection of their own; answers the rows of a single one. */
export async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A role that can log in, with the attributes given, and the URL it logs in with; its password is its name. */
export async function createLogin(
  cluster: Cluster,
  name: string,
  database: string,
  attributes = '',
): Promise<string> {
  await query(
    cluster.url(),
    `create role ${pg.escapeIdentifier(name)} login password ${pg.escapeLiteral(name)} ${attributes}`,
  );
  const url = new URL(cluster.url(database));
  url.username = name;
  url.password = name;
  return url.href;
}
