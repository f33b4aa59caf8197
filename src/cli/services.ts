// The services of a process, made from its configuration.
import { readAuth } from '../api/auth/settings.ts';
import { Server, type ServerOptions } from '../api/server.ts';
import type { Model } from '../bot/model.ts';
import { makeTalk } from '../bot/talk.ts';
import { Bot } from '../bot/telegram/bot.ts';
import { makeChannels } from '../channels/registry.ts';
import { Sender } from '../channels/sender.ts';
import { makeTelegram } from '../channels/telegram.ts';
import { Clock } from '../clock/clock.ts';
import type { Config } from '../config.ts';
import { makeAgent } from '../conversation/model/agent.ts';
import { makeModel } from '../conversation/model/model.ts';
import { tools } from '../conversation/tools/tools.ts';
import type { Logger } from '../log.ts';
import { allowedHosts, GuardedFetch } from '../net/guarded_fetch.ts';
import { SecretBox } from '../net/secret_box.ts';
import { openWeather } from '../people/weather.ts';
import { loadTasks } from '../worker/registry.ts';
import { Worker } from '../worker/worker.ts';

export function makeClock(config: Config, connectionString: string, log: Logger): Clock {
  return new Clock({ connectionString, log, pollInterval: config.pollInterval });
}

export async function makeWorker(config: Config, connectionString: string, log: Logger): Promise<Worker> {
  const { concurrency, pollInterval, maxOutput, allowPrivateHttp, shutdownTimeout, tasksDir } = config;
  const { weatherKey: key, weatherUrl: url } = config;
  const model = makeModel(config);
  return new Worker({
    connectionString,
    tasks: await loadTasks(tasksDir),
    log,
    concurrency,
    pollInterval,
    maxOutput,
    allowPrivateHttp,
    shutdownTimeout,
    ...(model !== undefined && { agent: makeAgent(model, tools, log) }),
    ...(key !== undefined && { weather: openWeather({ key, url, log }) }),
  });
}

const secretBox = ({ secretKey }: Config) => (secretKey === undefined ? undefined : new SecretBox(secretKey));

/** Which channels there are is said by what they need being configured. */
export function makeSender(config: Config, connectionString: string, log: Logger): Sender {
  const fetch = new GuardedFetch(allowedHosts(config.allowPrivateHttp));
  const channels = makeChannels(config, {
    fetch,
    secrets: secretBox(config),
  });
  return new Sender({
    connectionString,
    channels,
    log,
    pollInterval: config.pollInterval,
    release: () => fetch.close(),
  });
}

/** Whoever helps the bot with what it does not understand, where a language model is configured. */
export function makeBotModel(config: Config, log: Logger): Model | undefined {
  const port = makeModel(config);
  return port === undefined ? undefined : { port, log };
}

/** The bot, where there is a token, and no other program that listens to it. */
export function makeBot(config: Config, connectionString: string, log: Logger): Bot | undefined {
  const {
    bot,
    telegramToken: token,
    telegramApi,
    telegramWebhookUrl: url,
    telegramWebhookPort: port,
    publicUrl,
  } = config;
  const channel = makeTelegram(config);
  if (!bot || token === undefined || channel === undefined) return undefined;
  return new Bot({
    ...{ connectionString, log, token, telegramApi, channel },
    ...makeTalk({ model: makeBotModel(config, log), publicUrl }),
    pollInterval: config.pollInterval,
    webhook: url === undefined ? undefined : { url, port, host: config.host },
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
    ...{ graphiql, introspection, persistedOperations, secrets: secretBox(config) },
    auth: readAuth(config),
  });
}
