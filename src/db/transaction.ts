import type pg from 'pg';

/** Anything that takes a statement: a pool, or a client inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'> | Pick<pg.Pool, 'query'>;

export interface TransactionOptions {
  readOnly?: boolean;
  /** How it begins, where more belongs to that than `begin`. */
  begin?: (client: pg.PoolClient) => Promise<unknown>;
  /** Nothing that was done to the session outlives the transaction: settings, advisory locks, temporary tables. */
  isolated?: boolean;
}

/** Runs `work` in one transaction on one connection: committed if it resolves, rolled back if it rejects. */
export async function withTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  { readOnly = false, isolated = false, begin }: TransactionOptions = {},
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await (begin === undefined ? client.query(readOnly ? 'begin read only' : 'begin') : begin(client));
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // A connection whose rollback fails is in no known state; it does not go back to the pool.
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    if (isolated && broken === undefined) {
      await client.query('discard all').catch((error: Error) => {
        broken = error;
      });
    }
    client.release(broken);
  }
}

/** The same on a connection that is the caller's own. */
export async function inTransaction(client: pg.ClientBase, work: () => Promise<unknown>): Promise<void> {
  await client.query('begin');
  try {
    await work();
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** The same inside of a transaction: what `work` did is undone if it rejects, and the transaction goes on. */
export async function withSavepoint<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  // Savepoints of one name lie on each other: those that are named are always the latest.
  await client.query('savepoint chime');
  try {
    const result = await work();
    await client.query('release savepoint chime');
    return result;
  } catch (error) {
    // Where the connection is lost, that is the error to hear of no more than the first.
    await client.query('rollback to savepoint chime; release savepoint chime').catch(() => {});
    throw error;
  }
}
