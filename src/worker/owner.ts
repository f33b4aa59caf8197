// The owner of a run, for tasks that act on that user's behalf: a transaction in which the worker is nobody but that user.
import type pg from 'pg';
import type { RunOwner } from '../agent.ts';
import type { StartedRun } from '../db/calls.ts';
import { withTransaction } from '../db/transaction.ts';
import { NotAllowedError } from '../errors.ts';

/**
 * Does work in one transaction as the owner of a run: committed if it resolves, rolled back if it rejects.
 * @throws NotAllowedError (CH042) where there is no owner who may act
 */
export function asOwner<T>(
  pool: pg.Pool,
  run: Pick<StartedRun, 'id' | 'attempt'>,
  work: (client: pg.ClientBase, owner: RunOwner) => Promise<T>,
): Promise<T> {
  return withTransaction(pool, async (client) => {
    const { rows } = await client.query<RunOwner>({
      name: 'chime_act_for',
      text: `select a.user_id as "userId", a.timezone, a.locale, a.channel_mapping_id as "channelMappingId"
        from chime_private.act_for($1, $2) a`,
      values: [run.id, run.attempt],
    });
    const [owner] = rows;
    if (owner === undefined) {
      throw new NotAllowedError('Nobody owns this run for whom it could act.', {
        hint: 'Tools act as the user who owns the schedule: let a user create it.',
      });
    }
    // As requests of users have it (src/api/identity.ts).
    await client.query(
      "set local role chime_user; set local statement_timeout = '10s'; set local idle_in_transaction_session_timeout = '30s'",
    );
    return work(client, owner);
  });
}
