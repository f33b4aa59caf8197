// The clock of a process, made from its configuration. Each service has a file of its own, as each loads much that the others do not need.
import { Clock } from '../../clock/clock.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../log.ts';

export function makeClock(config: Config, connectionString: string, log: Logger): Clock {
  return new Clock({ connectionString, log, pollInterval: config.pollInterval });
}
