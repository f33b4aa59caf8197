// What `chime doctor` looks at in time zone data: that of Postgres decides, and it changes under schedules.
import type pg from 'pg';
import { ok, problem, type Verdict, value, warning } from './doctor_finding.ts';

/** Node and Postgres each have their own time zone data. Only that of Postgres decides; this tells where they differ. */
export async function checkTimezones(client: pg.Client): Promise<Verdict> {
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

/** Fires that were computed before the server's time zone data changed. */
export async function checkZoneLaw(client: pg.Client): Promise<Verdict> {
  const moved = await value<number>(client, 'select count(*)::integer from chime.realign_schedules()');
  return moved === 0
    ? ok('every next fire agrees with the time zone data of the server')
    : problem(
        `${moved} next fires do not agree with the time zone data of the server`,
        'Move them: select * from chime.realign_schedules(dry_run => false)',
      );
}
