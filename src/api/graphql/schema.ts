// The schema as text, as schema.graphql has it: for tools that want it without a server.
import './quiet.ts';
import type pg from 'pg';
import { makeSchema } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'postgraphile/graphql';
import { schemaName } from './catalog_plugin.ts';
import type { Feed } from './live/feed.ts';
import { livePlugin } from './live/plugin.ts';
import { serverPreset } from './preset.ts';
import { webhooksPlugin } from './webhooks.ts';

/** The schema that our server has on a database. */
export async function readGraphqlSchema(pool: pg.Pool): Promise<GraphQLSchema> {
  const service = makePgService({ pool, schemas: [schemaName], pubsub: false });
  // Nobody subscribes to a schema that is only read.
  const silent = { subscribe: () => Promise.reject(new Error('There is no server.')) } as unknown as Feed;
  const { schema } = await makeSchema({
    extends: [serverPreset],
    plugins: [livePlugin(silent), webhooksPlugin(undefined)],
    pgServices: [service],
  });
  return schema;
}

/** The same in the schema language, sorted by name, so that a difference is a change. */
export function printGraphqlSchema(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
