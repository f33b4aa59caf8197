// A sender with the channels of the test's own settings, and what it reports.
import { once } from 'node:events';
import type { Test } from 'tap';
import type { Channel, ChannelSettings } from '../../src/channels/channel.ts';
import { makeChannels } from '../../src/channels/registry.ts';
import { Sender, type SenderOptions } from '../../src/channels/sender.ts';
import type { SendReport } from '../../src/db/delivery_calls.ts';
import { allowedHosts, GuardedFetch } from '../../src/net/guarded_fetch.ts';
import { SecretBox } from '../../src/net/secret_box.ts';
import type { TestDatabase } from './database.ts';
import { captureLog, type LogLine } from './log.ts';

export interface TestSender {
  sender: Sender;
  lines: LogLine[];
  logged(message: RegExp): Promise<LogLine>;
  /** Resolves with the reports so far when there are so many. */
  reported(count: number): Promise<SendReport[]>;
}

/** Settings under which nothing but the web and webhooks is configured. */
export const noSettings: ChannelSettings = {
  telegramToken: undefined,
  telegramApi: 'http://127.0.0.1:1',
  telegramRich: false,
  whatsappToken: undefined,
  whatsappPhoneId: undefined,
  whatsappApi: 'http://127.0.0.1:1',
  whatsappTemplate: undefined,
};

export interface ChannelsOptions {
  secretKey?: string;
  allow?: string;
}

/** The channels that these settings configure. */
export function channelsOf(
  test: Test,
  settings: Partial<ChannelSettings>,
  { secretKey, allow = '127.0.0.1' }: ChannelsOptions = {},
): Channel[] {
  const fetch = new GuardedFetch(allowedHosts(allow));
  test.teardown(() => fetch.close());
  return makeChannels(
    { ...noSettings, ...settings },
    { fetch, secrets: secretKey === undefined ? undefined : new SecretBox(secretKey) },
  );
}

export async function startSender(
  test: Test,
  database: Pick<TestDatabase, 'url'>,
  channels: readonly Channel[],
  options: Partial<SenderOptions> = {},
): Promise<TestSender> {
  const { log, lines, logged } = captureLog();
  const sender = new Sender({
    connectionString: database.url,
    channels,
    log,
    pollInterval: 100,
    longestSleep: 200,
    ...options,
  });
  const reports: SendReport[] = [];
  sender.on('reported', (report) => reports.push(report));
  await sender.start();
  test.teardown(() => sender.stop());
  return {
    sender,
    lines,
    logged,
    async reported(count) {
      while (reports.length < count) await once(sender, 'reported');
      return reports;
    },
  };
}
