// What `chime doctor` looks at, one check each: what it found, in a sentence, and what to do about it.
import { once } from 'node:events';
import pg from 'pg';
import { describeLag } from '../db/schema_version.ts';
import { ok, problem, type Verdict, value, warning } from './doctor_finding.ts';
import { checkTimezones, checkZoneLaw } from './doctor_zones.ts';

/** The checks, in the order they are shown; a later one may need what an earlier one found right. */
export const checks: [string, (client: pg.Client, url: string) => Promise<Verdict>][] = [
  ['postgres', checkServer],
  ['clock skew', checkSkew],
  ['listen', checkListen],
  ['migrations', checkMigrations],
  ['time zones', checkTimezones],
  ['clocks', checkClocks],
  ['workers', checkWorkers],
  ['schedules', checkSchedules],
  ['runs', checkRuns],
  ['history', checkHistory],
  ['zone law', checkZoneLaw],
];

async function checkServer(client: pg.Client): Promise<Verdict> {
  const version = await value<string>(client, "current_setting('server_version')");
  const number = await value<number>(client, "current_setting('server_version_num')::integer");
  if (number < 150_000) return problem(`Postgres ${version}`, 'pgchime needs Postgres 15 or newer.');
  if (await value<boolean>(client, 'pg_is_in_recovery()'))
    return problem(`Postgres ${version}, a standby`, 'Connect to the primary.');
  return ok(`Postgres ${version}`);
}

async function checkSkew(client: pg.Client): Promise<Verdict> {
  const sent = Date.now();
  const database = await value<number>(client, 'extract(epoch from clock_timestamp())::float8 * 1000');
  const skew = Math.round(database - (sent + Date.now()) / 2);
  const message = `the database is ${Math.abs(skew)} ms ${skew >= 0 ? 'ahead of' : 'behind'} this host`;
  return Math.abs(skew) < 2000
    ? ok(message)
    : warning(message, 'Only the database decides what is due; check both hosts for NTP all the same.');
}

async function checkListen(client: pg.Client, url: string): Promise<Verdict> {
  const other = new pg.Client({ connectionString: url, application_name: 'pgchime doctor' });
  await other.connect();
  try {
    await client.query('listen chime_doctor');
    const arrived = once(client, 'notification', { signal: AbortSignal.timeout(2000) }).then(
      () => true,
      () => false,
    );
    await other.query('notify chime_doctor');
    return (await arrived)
      ? ok('notifications get through')
      : warning(
          'notifications do not get through',
          'A pooler in transaction mode? pgchime polls then; a direct connection starts runs sooner.',
        );
  } finally {
    await client.query('unlisten chime_doctor');
    await other.end();
  }
}

async function checkMigrations(client: pg.Client): Promise<Verdict> {
  const lag = await describeLag(client);
  return lag === undefined
    ? ok('the database is at this version')
    : problem(lag.message, lag.hint ?? 'Run: chime migrate');
}

async function checkClocks(client: pg.Client): Promise<Verdict> {
  const { rows } = await client.query<{ name: string }>(
    "select name from chime_private.clocks where ticked_at > chime.now() - interval '15 seconds' order by name",
  );
  return rows.length > 0
    ? ok(`${rows.length} alive: ${rows.map((row) => row.name).join(', ')}`)
    : warning('none is alive: nothing fires', 'Start one: chime start, or chime clock');
}

async function checkWorkers(client: pg.Client): Promise<Verdict> {
  const { rows } = await client.query<{ name: string; tasks: string[] }>(
    `select name, task_names as tasks from chime_private.workers
     where stopped_at is null and lease_until > chime.now() order by name`,
  );
  return rows.length > 0
    ? ok(
        `${rows.length} alive: ${rows.map((row) => `${row.name} (${[...row.tasks].sort().join(', ')})`).join(', ')}`,
      )
    : warning('none is alive: what is due waits in the queue', 'Start one: chime start, or chime worker');
}

async function checkSchedules(client: pg.Client): Promise<Verdict> {
  const active = await value<number>(
    client,
    "select count(*)::integer from chime.schedules where status = 'active' and deleted_at is null",
  );
  const late = await value<number>(
    client,
    "select count(*)::integer from chime.schedules where next_due_at < chime.now() - interval '1 minute'",
  );
  const failed = await value<number>(
    client,
    "select count(*)::integer from chime.schedules where paused_by = 'pgchime' and deleted_at is null",
  );
  if (failed > 0)
    return problem(
      `${failed} set aside because their rule fails`,
      "select name, status_reason from chime.schedules where paused_by = 'pgchime'",
    );
  if (late > 0)
    return problem(
      `${late} of ${active} active are more than a minute late`,
      'Is a clock running? Is somebody holding locks on chime.schedules?',
    );
  return ok(`${active} active, none late`);
}

async function checkRuns(client: pg.Client): Promise<Verdict> {
  const stuck = Number(await value<string>(client, 'chime_private.stuck_runs()'));
  return stuck === 0
    ? ok('every unfinished run is waiting or at work')
    : problem(
        `${stuck} unfinished ${stuck === 1 ? 'run is' : 'runs are'} moved by nobody`,
        'A clock sets them going within seconds: chime start, or chime clock',
      );
}

async function checkHistory(client: pg.Client): Promise<Verdict> {
  const { partitions, history } = await value<
    Record<'partitions' | 'history', { status: Verdict['status']; problem: string | null }>
  >(client, "chime.health() -> 'checks'");
  for (const { status, problem: message } of [partitions, history]) {
    if (status === 'warning') return warning(message ?? '', 'select jsonb_pretty(chime.health())');
    if (status === 'problem') return problem(message ?? '', 'select jsonb_pretty(chime.health())');
  }
  const keepFor = await value<string>(client, '(select keep_for::text from chime.retention())');
  return ok(`partitions are made ahead, runs are kept for ${keepFor} where their schedule says nothing else`);
}
