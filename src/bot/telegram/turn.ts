// One process at a time asks Telegram for updates; the others stand by. Who has the turn holds a lock in a transaction that stays open on
// a connection of its own: the database gives it to another at once when that connection ends, however it ends. An idle transaction
// that has read nothing since keeps nothing from being cleaned up; a lock of the session would get lost behind a pooler.
import pg from 'pg';
import { pause } from '../../db/pause.ts';
import { destroy } from '../../db/pool.ts';
import type { Logger } from '../../log.ts';

export interface TurnOptions {
  connectionString: string;
  botId: string;
  log: Logger;
  /** How long to wait before asking for the turn again, in milliseconds. */
  interval: number;
  /** How often to look whether the connection still lives, in milliseconds. */
  heartbeat?: number;
}

/**
 * Does work whenever it is this process's turn, until `signal` says to stop.
 * @param work ends when its signal says that the turn is over
 */
export async function taking(
  options: TurnOptions,
  signal: AbortSignal,
  work: (turn: AbortSignal) => Promise<void>,
): Promise<void> {
  const { log, interval } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await takeOnce(options, signal, work);
      failures = 0;
    } catch (error) {
      if (failures++ === 0) log.warn({ err: error }, 'the turn to ask for updates is lost; trying again');
    }
    await pause(failures === 0 ? interval : Math.min(5_000, interval * 2 ** failures), signal);
  }
}

/** Resolves when it was somebody else's turn, or when this one is over. */
async function takeOnce(
  { connectionString, botId, heartbeat = 10_000 }: TurnOptions,
  signal: AbortSignal,
  work: (turn: AbortSignal) => Promise<void>,
): Promise<void> {
  const client = new pg.Client({
    connectionString,
    application_name: 'pgchime turn',
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    query_timeout: 10_000,
  });
  const lost = new AbortController();
  const turn = AbortSignal.any([signal, lost.signal]);
  client.on('error', (error) => lost.abort(error));
  client.on('end', () => lost.abort(new Error('the connection was closed')));
  try {
    await client.connect();
    await client.query('begin');
    // A process whose machine is gone keeps the turn for half a minute, and not for hours.
    await client.query(`select set_config('idle_in_transaction_session_timeout', '0', true), set_config('tcp_keepalives_idle', '10', true),
      set_config('tcp_keepalives_interval', '5', true), set_config('tcp_keepalives_count', '4', true)`);
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_xact_lock(hashtextextended('chime:poll:' || $1, 0)) as taken",
      [botId],
    );
    if (rows[0]?.taken !== true) return;
    const working = work(turn);
    const watching = watch(client, turn, heartbeat).catch((error) => lost.abort(error));
    await working.finally(() => lost.abort('over'));
    await watching;
    if (!signal.aborted && lost.signal.reason instanceof Error) throw lost.signal.reason;
  } finally {
    const ended = client.end().catch(() => {});
    await Promise.race([ended, pause(1_000)]);
    destroy(client);
  }
}

async function watch(client: pg.Client, turn: AbortSignal, heartbeat: number): Promise<void> {
  while (!turn.aborted) {
    await pause(heartbeat, turn);
    if (!turn.aborted) await client.query('select');
  }
}
