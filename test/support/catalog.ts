// What a database holds of pgchime, as text that can be compared and committed: every table, type, function, index, trigger,
// grant and comment of its schemas, in a stable order.
import fs from 'node:fs/promises';
import type pg from 'pg';

const snapshotFile = new URL('../snapshot.txt', import.meta.url);

export function readSnapshot(): Promise<string> {
  return fs.readFile(snapshotFile, 'utf8');
}

export function writeSnapshot(text: string): Promise<void> {
  return fs.writeFile(snapshotFile, text);
}

const schemas = "n.nspname in ('chime', 'chime_private')";
// Partitions of weeks differ from day to day.
const lasting = "c.relname !~ '^(runs|run_attempts|run_logs)_\\d{4}w\\d\\d'";

const queries: Record<string, string> = {
  type: `select format('%I.%I %s', n.nspname, y.typname, coalesce(
           (select 'enum (' || string_agg(e.enumlabel, ', ' order by e.enumsortorder) || ')' from pg_enum e where e.enumtypid = y.oid),
           (select 'composite (' || string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) || ')'
            from pg_attribute a where a.attrelid = y.typrelid and a.attnum > 0 and not a.attisdropped)))
         from pg_type y join pg_namespace n on n.oid = y.typnamespace left join pg_class c on c.oid = y.typrelid
         where ${schemas} and (y.typtype = 'e' or c.relkind = 'c')`,
  table: `select format('%I.%I %s owner %s%s%s %s', n.nspname, c.relname, c.relkind, c.relowner::regrole,
            case when c.relrowsecurity then ' with row-level security' else '' end,
            case when c.relispartition then ' partition ' || pg_get_expr(c.relpartbound, c.oid) else '' end, coalesce(c.reloptions::text, ''))
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where ${schemas} and c.relkind in ('r', 'p', 'v', 'm') and ${lasting}`,
  column: `select format('%I.%I.%I %s%s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
             case when a.attnotnull then ' not null' else '' end, ' default ' || pg_get_expr(d.adbin, d.adrelid))
           from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
           left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
           where ${schemas} and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v') and ${lasting}`,
  constraint: `select format('%I.%I %I %s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid))
               from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
               where ${schemas} and ${lasting} and k.contype <> 'n'`,
  index: `select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
          where ${schemas} and ${lasting}`,
  trigger: `select pg_get_triggerdef(g.oid) from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
            where ${schemas} and not g.tgisinternal and ${lasting}`,
  function: `select format('%s returns %s owner %s security %s settings %s body %s', p.oid::regprocedure, pg_get_function_result(p.oid),
               p.proowner::regrole, case when p.prosecdef then 'definer' else 'invoker' end, coalesce(p.proconfig::text, ''), md5(p.prosrc))
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${schemas}`,
  policy: `select format('%I.%I %I for %s to %s using %s check %s', p.schemaname, p.tablename, p.policyname, p.cmd, p.roles, p.qual, p.with_check)
           from pg_policies p where p.schemaname in ('chime', 'chime_private')`,
  grant: `select format('%s %s to %s', x.object, a.privilege_type, coalesce(nullif(a.grantee, 0)::regrole::text, 'public'))
          from (
            select n.oid, 'schema ' || n.nspname as object, n.nspacl as acl from pg_namespace n where ${schemas}
            union all
            select c.oid, 'table ' || c.oid::regclass, c.relacl from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where ${schemas} and c.relkind in ('r', 'p', 'v') and ${lasting}
            union all
            select c.oid, 'column ' || c.oid::regclass || '.' || quote_ident(a.attname), a.attacl from pg_attribute a
              join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace where ${schemas} and ${lasting}
            union all
            select p.oid, 'function ' || p.oid::regprocedure, p.proacl from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${schemas}
          ) x, aclexplode(x.acl) a
          where a.privilege_type <> 'MAINTAIN'`,
  comment: `select format('%s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
            from pg_description d
            left join pg_class c on d.classoid = 'pg_class'::regclass and c.oid = d.objoid
            where pg_describe_object(d.classoid, d.objoid, d.objsubid) ~ '(chime|chime_private)(\\.| |$)' and (c.oid is null or ${lasting})
              and d.objoid >= 16384`,
  role: `select format('%s %s%s member of %s', r.rolname, case when r.rolinherit then 'inherit' else 'noinherit' end,
           case when r.rolcanlogin then ' login' else '' end,
           coalesce((select string_agg(g.rolname, ', ' order by g.rolname) from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid), 'none'))
         from pg_roles r where r.rolname like 'chime\\_%'`,
};

export async function describeCatalog(client: pg.ClientBase): Promise<string> {
  // Names are written in full where nothing is in the search path.
  await client.query("select set_config('search_path', '', false)");
  const parts: string[] = [];
  for (const [kind, query] of Object.entries(queries)) {
    const { rows } = await client.query<{ line: string }>(
      `select line from (${query}) q(line) where line is not null order by line collate "C"`,
    );
    parts.push(...rows.map(({ line }) => `${kind} ${line.replaceAll('\n', '\\n')}`));
  }
  return `${parts.join('\n')}\n`;
}
