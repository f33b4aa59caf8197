// The HTTP server of a process, made from its configuration.
import { readAuth } from '../../api/auth/settings.ts';
import { Server, type ServerOptions } from '../../api/server.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../log.ts';
import { secretBox } from './secrets.ts';

/** @throws InvalidConfigError (CH032) where the configuration does not say clearly who may use it */
export function makeServer(
  config: Config,
  connectionString: string,
  log: Logger,
  health: ServerOptions['health'],
): Server {
  const { host, port, corsOrigins, rateLimit, trustProxy, shutdownTimeout } = config;
  const { graphiql, introspection, persistedOperations } = config;
  return new Server({
    ...{ connectionString, host, port, log, health },
    ...{ corsOrigins, rateLimit, trustProxy, shutdownTimeout },
    ...{ graphiql, introspection, persistedOperations, secrets: secretBox(config) },
    auth: readAuth(config),
  });
}
