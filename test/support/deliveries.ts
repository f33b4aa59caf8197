// Schedules whose runs are told of, and a sender made of the SQL calls of one, so that a test can have any message end in any way.
import { randomUUID } from 'node:crypto';
import type { Identity } from '../../src/api/identity.ts';
import type { Channel } from '../../src/channels/channel.ts';
import {
  type Claim,
  type ClaimedMessage,
  claimDeliveries,
  finishDeliveries,
  registerChannels,
  type SendReport,
} from '../../src/db/delivery_calls.ts';
import { attemptsOf, type Ending } from './attempts.ts';
import type { TestDatabase } from './database.ts';
import { as } from './identities.ts';
import { shorthand } from './schedules.ts';

/** A channel of the test's own, without limits, that nothing is sent by. */
export const channelOf = (id: string, fields: Partial<Channel> = {}): Channel => ({
  id,
  isOrdered: true,
  isRepeatable: false,
  isOpen: false,
  limits: [],
  retryWaits: ['10 seconds', '1 minute'],
  send: () => Promise.reject(new Error('Nothing is sent here.')),
  classify: () => ({ outcome: 'unknown', reason: 'Nothing is sent here.' }),
  ...fields,
});

/** How sending a message ends: all of a report but for what names the message. */
export type Outcome<Report = SendReport> = Report extends SendReport ? Omit<Report, 'id' | 'attempt'> : never;

const sent = { outcome: 'sent', externalId: 'm1' } as const;

/** Shorthand for one database. */
export function deliveriesOf(database: TestDatabase) {
  const { create } = shorthand(database);
  const { queue, attempt } = attemptsOf(database);
  const sender = randomUUID();
  const claim = (channels: string[], most = 100, contexts: string[] | null = null): Promise<Claim> =>
    claimDeliveries(database.pool, sender, channels, contexts, most);
  const report = (messages: readonly ClaimedMessage[], outcome: Outcome) =>
    finishDeliveries(
      database.pool,
      messages.map(
        ({ deliveryId: id, attempt: number }) => ({ id, attempt: number, ...outcome }) as SendReport,
      ),
    );
  const noRule = "cron => '0 0 1 1 *', overlap => 'allow', max_retries => 0";
  return {
    claim,
    report,
    register: (...channels: Channel[]) => registerChannels(database.pool, channels),
    /** Answers the id of the mapping. */
    map: (channel: string, context: string, user: string | null = null): Promise<string> =>
      database.value('select (chime.map_channel($1, $2, $3)).id', [channel, context, user]),
    mapping: (id: string) => database.row('select * from chime.channel_mappings where id = $1', [id]),
    /** A schedule of nobody that delivers there; it runs only by hand. */
    scheduleTo: (mapping: string, fields = '') =>
      create(`${noRule}, channel_mapping_id => '${mapping}'${fields && `, ${fields}`}`),
    /** A schedule of somebody. */
    scheduleOf: async (owner: Identity, fields = '') => {
      const [row] = await as<{ id: string }>(
        database,
        owner,
        `select id from chime.create_schedule(task => 'noop', ${noRule}${fields && `, ${fields}`})`,
      );
      return row?.id as string;
    },
    /** Runs a schedule once, to this end; answers the id of the run. */
    async end(schedule: string, ending: Ending = { output: 'done' }): Promise<string> {
      const id = await queue(schedule);
      await attempt(id, ending);
      return id;
    },
    /** Sends what is to be sent now, with this outcome; answers what it was. */
    async sendAll(channels: string[], outcome: Outcome = sent): Promise<ClaimedMessage[]> {
      const { messages } = await claim(channels);
      await report(messages, outcome);
      return messages;
    },
    /** The deliveries of a run, or of all. */
    list: (run: string | null = null) =>
      database.rows<Record<string, unknown> & { id: string; status: string }>(
        'select * from chime.deliveries where $1::uuid is null or run_id = $1 order by run_id, channel_id, part',
        [run],
      ),
    /** Their states in words. */
    states: async (run: string | null = null): Promise<string[]> =>
      (
        await database.rows<{ state: string }>(
          `select concat_ws(' ', channel_id, status, coalesce(skip_reason, failure_reason)) as state from chime.deliveries
           where $1::uuid is null or run_id = $1 order by run_id, channel_id, part`,
          [run],
        )
      ).map((row) => row.state),
  };
}
