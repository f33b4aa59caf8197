// How PostGraphile's statements reach Postgres: each as a transaction of its own under the settings of whoever asks, in one message.
// PostGraphile's own adaptor sends four: begin, settings, statement, commit.
import 'postgraphile';
import type pg from 'pg';
import type { PgAdaptor, PgClient, PgClientQuery, WithPgClient } from 'postgraphile/@dataplan/pg';
import { createWithPgClient as createPlain, makePgService } from 'postgraphile/adaptors/pg';
import { hasPrepared, queryAfter } from '../../db/together.ts';
import { withTransaction } from '../../db/transaction.ts';
import { applying, beginAs } from '../identity.ts';
import { functions } from './catalog.ts';

/** Statements that a connection keeps, beside those of the server itself; then those that have not been used for longest go. */
const most = 100;

type Settings = Readonly<Record<string, string>>;

/** Searches are planned for the values at hand: of their many conditions most are absent, and a plan for all of them serves none. */
const searches = Object.entries(functions).flatMap(([name, { search }]) => (search ? [name] : []));
const seeks = new RegExp(`\\b(?:${searches.join('|')})\\b`);

/** The names of each connection's statements, the latest used last. */
const kept = new WeakMap<pg.ClientBase, Set<string>>();

/** The name of a statement: of a role's own, because a plan is made for the policies of one. */
async function nameOf(
  client: pg.ClientBase,
  { name, text }: PgClientQuery,
  { role }: Settings,
): Promise<string | undefined> {
  if (name === undefined || seeks.test(text)) return undefined;
  // Postgres tells names apart by their first 63 characters; of PostGraphile's, a hash, 40 are enough.
  const own = `${role}_${name.slice(0, 40)}`;
  const names = kept.get(client) ?? new Set();
  kept.set(client, names.delete(own) ? names.add(own) : names.add(own));
  const [oldest] = names;
  if (names.size > most && oldest !== undefined) {
    names.delete(oldest);
    await forget(client, oldest);
  }
  return own;
}

async function forget(client: pg.ClientBase, name: string): Promise<void> {
  const { parsedStatements } = (
    client as unknown as { connection: { parsedStatements: Record<string, string> } }
  ).connection;
  if (parsedStatements[name] === undefined) return;
  await client.query(`deallocate ${client.escapeIdentifier(name)}`);
  delete parsedStatements[name];
}

/** In a transaction that has begun: a statement is one of several. */
function within(client: pg.PoolClient): PgClient {
  const self: PgClient = {
    async query({ text, values, arrayMode }) {
      const query = { text, values: values ?? [], ...(arrayMode && { rowMode: 'array' as const }) };
      return { ...(await client.query(query)), notices: [] } as never;
    },
    // One in another has nothing of its own: what fails, fails all.
    withTransaction: (work) => work(self as never),
  };
  return self;
}

async function alone(pool: pg.Pool, settings: Settings, query: PgClientQuery): Promise<pg.QueryResult> {
  const { text, values, arrayMode } = query;
  const client = await pool.connect();
  try {
    const name = await nameOf(client, query, settings);
    const config = {
      ...{ text, values: values ?? [] },
      ...(name !== undefined && { name }),
      ...(arrayMode && { rowMode: 'array' as const }),
    };
    const apply = applying(settings);
    // The statement of the settings has to be there before it can be part of a message: by itself it does nothing that lasts.
    if (!hasPrepared(client, [apply])) await client.query(apply);
    return await queryAfter(client, [apply], config);
  } finally {
    client.release();
  }
}

function settled(pool: pg.Pool, settings: Settings): PgClient {
  return {
    query: async (query) => ({ ...(await alone(pool, settings, query)), notices: [] }) as never,
    withTransaction: (work) =>
      withTransaction(pool, (client) => work(within(client) as never), {
        begin: (client) => beginAs(client, settings),
      }),
  };
}

/**
 * A database as PostGraphile takes it. What nobody asks for, such as reading the catalog, goes by its own adaptor.
 */
export function serviceOf(pool: pg.Pool, schemas: string[]): GraphileConfig.PgServiceConfiguration {
  const adaptor: PgAdaptor = {
    makePgService,
    createWithPgClient(options, variant) {
      const plain = createPlain(options, variant) as WithPgClient;
      const withPgClient: WithPgClient = async (settings, work) =>
        settings === null ? plain(settings, work) : work(settled(pool, settings as Settings) as never);
      withPgClient.release = () => plain.release?.();
      return withPgClient as never;
    },
  };
  return { ...makePgService({ pool, schemas, pubsub: false }), adaptor: adaptor as never };
}
