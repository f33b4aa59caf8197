// What `import ... from 'pgchime/graphile'` gives: the presets for a PostGraphile server that is there already.
import './api/graphql/quiet.ts';
import { Feed } from './api/graphql/live/feed.ts';
import { livePlugin } from './api/graphql/live/plugin.ts';
import { Pool } from './db/pool.ts';
import { createLogger, type Logger } from './log.ts';

export { chimePreset } from './api/graphql/preset.ts';

export interface ChimeLiveOptions {
  /** A direct connection, not through a pooler that shares connections, of a role that may become those that `pgSettings` names. */
  connectionString: string;
  /** Where it says what goes wrong; by default warnings go to standard output, as JSON. */
  log?: Logger;
}

/**
 * Subscriptions, for a server with `websockets: true`. Rows are read with the `pgSettings` of the context, as queries are; the
 * setting `chime.tenant_id` says whose changes are told of.
 * @returns a preset to extend beside chimePreset, and what gives its connections back
 */
export function chimeLive({ connectionString, log = createLogger('warn') }: ChimeLiveOptions): {
  preset: GraphileConfig.Preset;
  close(): Promise<void>;
} {
  const pool = new Pool({ connectionString, name: 'pgchime live', max: 3 });
  const feed = new Feed({ connectionString, pool, log });
  return {
    preset: { plugins: [livePlugin(feed)] },
    async close() {
      await feed.close();
      await pool.end();
    },
  };
}
