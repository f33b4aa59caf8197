// The worker of a process, made from its configuration.
import type { AgentPort } from '../../agent.ts';
import type { Config } from '../../config.ts';
import { makeModel } from '../../conversation/model/model.ts';
import type { Logger } from '../../log.ts';
import { openWeather } from '../../people/weather.ts';
import { loadTasks } from '../../worker/registry.ts';
import { Worker } from '../../worker/worker.ts';

/** Who answers tasks of the type agent, where a language model is configured; most workers have none, and load nothing for it. */
async function makeAgent(config: Config, log: Logger): Promise<AgentPort | undefined> {
  const model = makeModel(config);
  if (model === undefined) return undefined;
  const [agent, { tools }] = await Promise.all([
    import('../../conversation/model/agent.ts'),
    import('../../conversation/tools/tools.ts'),
  ]);
  return agent.makeAgent(model, tools, log);
}

export async function makeWorker(config: Config, connectionString: string, log: Logger): Promise<Worker> {
  const { concurrency, pollInterval, maxOutput, allowPrivateHttp, shutdownTimeout, tasksDir } = config;
  const { weatherKey: key, weatherUrl: url } = config;
  const agent = await makeAgent(config, log);
  return new Worker({
    connectionString,
    tasks: await loadTasks(tasksDir),
    log,
    concurrency,
    pollInterval,
    maxOutput,
    allowPrivateHttp,
    shutdownTimeout,
    ...(agent !== undefined && { agent }),
    ...(key !== undefined && { weather: openWeather({ key, url, log }) }),
  });
}
