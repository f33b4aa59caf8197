// The schema graphile_worker belongs to chime_queue, a role that owns nothing else. Where another program has brought it, it
// is handed over: becoming a member of its owner instead would give the workers all that this owner may do.
import type pg from 'pg';
import { NotMigratedError } from '../errors.ts';
import { inTransaction } from './transaction.ts';

interface Step {
  statement: string;
  /** Changes more than pgchime may change unasked. */
  byHand: boolean;
}

/**
 * What is missing until chime_queue owns the schema and its former owner can go on. Things that strangers have put into the
 * schema stay theirs: a function of theirs with the rights of its owner must not get those of chime_queue.
 */
const missingSteps = `
  with server as (
    select current_setting('server_version_num')::integer >= 160000 as has_grant_options
  ), space as (
    select n.oid, n.nspowner as owner from pg_namespace n where n.nspname = 'graphile_worker'
  ), installer as (
    select s.owner as oid from space s
    union
    select c.relowner from pg_class c join space s on s.oid = c.relnamespace where c.relname = 'migrations'
  ), former as (
    select r.oid, r.rolname, r.rolsuper, r.rolinherit
    from installer i join pg_roles r on r.oid = i.oid
    where r.rolname <> 'chime_queue'
  ), object as (
    select 1 as rank, 'schema' as kind, 'graphile_worker' as name, s.owner from space s
    union all
    select 2, case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end,
      format('graphile_worker.%I', c.relname), c.relowner
    from pg_class c join space s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm') or c.relkind = 'S' and not exists (
      -- A sequence that belongs to a column goes with its table.
      select from pg_depend d
      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i'))
    union all
    select 3, 'type', format('graphile_worker.%I', y.typname), y.typowner
    from pg_type y join space s on s.oid = y.typnamespace
    where y.typtype <> 'm' and not exists (select from pg_type e where e.typarray = y.oid)
      and not exists (select from pg_class c where c.oid = y.typrelid and c.relkind <> 'c')
    union all
    select 4, 'routine', format('graphile_worker.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner
    from pg_proc p join space s on s.oid = p.pronamespace
  ), step as (
    select 0 as rank, format('revoke %I from %I%s', g.rolname, b.rolname,
        case when v.has_grant_options then format(' granted by %I', pg_get_userbyid(m.grantor)) else '' end) as statement,
      false as by_hand
    from pg_auth_members m
    join pg_roles g on g.oid = m.roleid
    join pg_roles b on b.oid = m.member
    cross join server v
    where b.rolname in ('chime_owner', 'chime_worker', 'chime_queue')
      and g.rolname not in ('chime_owner', 'chime_worker', 'chime_queue')
      and (g.rolsuper or g.oid in (select f.oid from former f))
    union all
    select o.rank, format('alter %s %s owner to chime_queue', o.kind, o.name), false
    from object o
    where o.owner <> 'chime_queue'::regrole
      and (o.owner in (select f.oid from former f) or pg_has_role(o.owner, 'chime_queue', 'member'))
    union all
    select 5, format('grant chime_queue to %I%s', f.rolname,
      case when v.has_grant_options then ' with inherit true, set true' else '' end), false
    from former f cross join server v
    where not pg_has_role(f.oid, 'chime_queue', 'usage')
    union all
    select 6, format('alter role %I inherit', f.rolname), true
    from former f cross join server v
    where not v.has_grant_options and not f.rolinherit and not f.rolsuper
  )
  select statement, by_hand as "byHand" from step order by rank, statement`;

/**
 * Hands the schema graphile_worker and what is in it to chime_queue, and makes the former owner a member of it, if it is no
 * superuser: so its program, and graphile-worker's later migrations run by it, go on as before.
 * @throws NotMigratedError (CH031) with the statements to run, where this role may not
 */
export async function takeQueue(client: pg.ClientBase): Promise<void> {
  const { rows: steps } = await client.query<Step>(missingSteps);
  if (steps.length === 0) return;
  if (steps.some((step) => step.byHand)) {
    throw refusal(steps, 'its owner does not inherit the rights of roles that it is a member of');
  }
  try {
    await inTransaction(client, async () => {
      for (const step of steps) await client.query(step.statement);
    });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    // Not enough rights; or a role that cannot be a member of another.
    if (code !== '42501' && code !== '0LP01') throw error;
    throw refusal(steps, message, error);
  }
}

function refusal(steps: Step[], reason: string, cause?: unknown): NotMigratedError {
  const statements = steps.map((step) => `${step.statement};`);
  return new NotMigratedError(
    `The schema graphile_worker is not in the hands of chime_queue, and this role cannot hand it over: ${reason}.`,
    {
      hint: `Run this in the same database as a superuser, and migrate again:\n${statements.join('\n')}`,
      detail: { statements },
      cause,
    },
  );
}
