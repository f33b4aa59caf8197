// The services of a process, made from its configuration.
import { readAuth } from '../api/auth/settings.ts';
import { Server, type ServerOptions } from '../api/server.ts';
import { Clock } from '../clock/clock.ts';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { loadTasks } from '../worker/registry.ts';
import { Worker } from '../worker/worker.ts';

export function makeClock(config: Config, connectionString: string, log: Logger): Clock {
  return new Clock({ connectionString, log, pollInterval: config.pollInterval });
}

export async function makeWorker(config: Config, connectionString: string, log: Logger): Promise<Worker> {
  const { concurrency, pollInterval, maxOutput, allowPrivateHttp, shutdownTimeout, tasksDir } = config;
  return new Worker({
    connectionString,
    tasks: await loadTasks(tasksDir),
    log,
    concurrency,
    pollInterval,
    maxOutput,
    allowPrivateHttp,
    shutdownTimeout,
  });
}

/**
 * The HTTP server.
 * @throws InvalidConfigError (CH032) where the configuration does not say clearly who may use it
 */
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
    ...{ graphiql, introspection, persistedOperations },
    auth: readAuth(config),
  });
}
