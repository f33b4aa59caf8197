// The sender of a process, made from its configuration.
import { makeChannels } from '../../channels/registry.ts';
import { Sender } from '../../channels/sender.ts';
import type { Config } from '../../config.ts';
import type { Logger } from '../../log.ts';
import { allowedHosts, GuardedFetch } from '../../net/guarded_fetch.ts';
import { secretBox } from './secrets.ts';

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
