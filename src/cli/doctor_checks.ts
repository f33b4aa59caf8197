// What `chime doctor` looks at, one check each: what it found, in a sentence, and what to do about it.
import { once } from 'node:events';
import pg from 'pg';
import { describeLag } from '../db/schema_version.ts';

/** What was looked at: fine, worth knowing, or wrong. */
export interface Finding {
  check: string;
  status: 'ok' | 'warning' | 'problem';
  message: string;
  hint?: string;
}

type Verdict = Omit<Finding, 'check'>;
export const ok = (message: string): Verdict => ({ status: 'ok', message });
const warning = (message: string, hint: string): Verdict => ({ status: 'warning', message, hint });
export const problem = (message: string, hint: string): Verdict => ({ status: 'problem', message, hint });

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
  ['zone law', checkZoneLaw],
];

async function value<T>(client: pg.Client, sql: string): Promise<T> {
  const { rows } = await client.query<{ value: T }>(`select (${sql}) as value`);
  return rows[0]?.value as T;
}

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

/** Node and Postgres each have their own time zone data. Only that of Postgres decides; this tells where they differ. */
async function checkTimezones(client: pg.Client): Promise<Verdict> {
  const { rows } = await client.query<{ name: string; instants: number[]; offsets: number[] }>(
    `select z.name, array_agg(extract(epoch from m.at)::float8 order by m.at) as instants,
       array_agg(extract(epoch from (m.at at time zone z.name) - (m.at at time zone 'UTC'))::integer order by m.at) as offsets
     from chime_private.timezones z, generate_series(now(), now() + interval '3 years', interval '14 days') m(at)
     where z.name ~ '^(Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/'
     group by z.name`,
  );
  const differing = rows
    .filter(({ name, instants, offsets }) => !agrees(name, instants, offsets))
    .map((row) => row.name);
  const stale = await value<number>(
    client,
    `select count(*)::integer from chime_private.timezones t where not exists (select from pg_timezone_names n where n.name = t.name)`,
  );
  if (stale > 0)
    return warning(
      `${stale} zones are not known to this server any more`,
      'Its time zone data got smaller; schedules in those zones are paused with an error.',
    );
  if (differing.length === 0)
    return ok(`${rows.length} zones, the same in Postgres and Node for the next three years`);
  const some = differing.slice(0, 5).join(', ');
  return warning(
    `${differing.length} of ${rows.length} zones differ between Postgres and Node: ${some}${differing.length > 5 ? ', ...' : ''}`,
    'Schedules follow Postgres. If its data is the older, update the server (or its tzdata package).',
  );
}

function agrees(zone: string, instants: number[], offsets: number[]): boolean {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return true; // a zone that Node does not have cannot mislead anybody here
  }
  return instants.every((instant, index) => {
    const name =
      format.formatToParts(instant * 1000).find((part) => part.type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0'] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(name) ?? [];
    const seconds = (Number(hours) * 3600 + Number(minutes) * 60) * (sign === '-' ? -1 : 1);
    return Math.abs(seconds - (offsets[index] ?? 0)) < 60;
  });
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

/** Fires that were computed before the server's time zone data changed. */
async function checkZoneLaw(client: pg.Client): Promise<Verdict> {
  const moved = await value<number>(client, 'select count(*)::integer from chime.realign_schedules()');
  return moved === 0
    ? ok('every next fire agrees with the time zone data of the server')
    : problem(
        `${moved} next fires do not agree with the time zone data of the server`,
        'Move them: select * from chime.realign_schedules(dry_run => false)',
      );
}
