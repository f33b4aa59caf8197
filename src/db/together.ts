// Statements that go to the server in one message and come back in one: a connection waits for nothing in between. Where the
// first of them fails, none that follows is executed, because the server reads on only behind the end of the message.
import pg from 'pg';

/** A statement under a name by which connections keep it, parsed and planned. */
export interface Prepared {
  name: string;
  text: string;
  values?: unknown[];
}

/** What pg's own Query does with its connection, as far as it is used here; the types of pg leave it out. */
interface Wire {
  parsedStatements: Record<string, string | undefined>;
  bind(message: { portal: string; statement: string; values: unknown[] }): void;
  execute(message: { portal: string }): void;
}

interface QueryHandlers {
  prepare(connection: Wire): void;
  handleDataRow(message: unknown): void;
  handleCommandComplete(message: unknown, connection: Wire): void;
}

type Callback = (error: Error | null, result: pg.QueryResult) => void;
type QueryClass = new (config: object, callback: Callback) => pg.Submittable & QueryHandlers;

/** A query before which others are executed; their results are passed over. */
class QueryAfter extends (pg.Query as unknown as QueryClass) {
  readonly #before: readonly Prepared[];
  #toCome: number;

  constructor(config: object, before: readonly Prepared[], callback: Callback) {
    super({ ...config, queryMode: 'extended' }, callback);
    this.#before = before;
    this.#toCome = before.length;
  }

  override prepare(connection: Wire): void {
    for (const { name, values = [] } of this.#before) {
      connection.bind({ portal: '', statement: name, values });
      connection.execute({ portal: '' });
    }
    super.prepare(connection);
  }

  override handleDataRow(message: unknown): void {
    if (this.#toCome === 0) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, connection: Wire): void {
    if (this.#toCome > 0) this.#toCome--;
    else super.handleCommandComplete(message, connection);
  }
}

/** Whether a connection has all of these statements already. */
export function hasPrepared(client: pg.ClientBase, statements: readonly Prepared[]): boolean {
  const { parsedStatements } = (client as unknown as { connection: Wire }).connection;
  return statements.every(({ name, text }) => parsedStatements[name] === text);
}

/**
 * Executes statements that the connection has prepared, then a query, whose result it answers. Outside of a transaction they are one:
 * all of them take effect or none, and settings that are local to a transaction hold for the query and end with it.
 * @param before texts alone, as values: they are sent as they are
 */
export function queryAfter(
  client: pg.ClientBase,
  before: readonly Prepared[],
  query: pg.QueryConfig & { rowMode?: 'array' },
): Promise<pg.QueryResult> {
  return new Promise<pg.QueryResult>((resolve, reject) => {
    client.query(
      new QueryAfter(query, before, (error, result) => (error === null ? resolve(result) : reject(error))),
    );
  }).catch((error: unknown) => {
    // The stack of a message from the server leads nowhere; this one leads to whoever asked.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  });
}
