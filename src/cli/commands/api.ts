import type { Command } from 'commander';
import { readAuth } from '../../api/auth/settings.ts';
import { healthOf } from '../../api/health.ts';
import { apiSettings } from '../../settings_api.ts';
import { serviceCommand } from '../service_command.ts';

export function apiCommand(): Command {
  return serviceCommand({
    name: 'api',
    settings: [
      ...(['databaseUrl', 'dataDir', 'port', 'host'] as const),
      ...(Object.keys(apiSettings) as (keyof typeof apiSettings)[]),
      ...(['secretKey', 'shutdownTimeout', 'logLevel'] as const),
    ],
    description: 'run the HTTP server alone; any number may run against one database',
    check: readAuth,
    async make(config, url, { reporter, shutdown }) {
      const { makeServer } = await import('../services/server.ts');
      const server = makeServer(config, url, reporter.log, () => ({
        status: healthOf({ stopping: shutdown.asked.aborted, clockSilentMs: null }),
      }));
      const signedIn = readAuth(config).required;
      return {
        services: [server],
        started: () => ({ httpUrl: server.url, graphiql: config.graphiql, signedIn }),
      };
    },
  });
}
