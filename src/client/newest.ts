// The newest rows of a tenant in a table that is ordered by id, whatever others have in it.

const defaultTenant = "'00000000-0000-0000-0000-000000000001'::uuid";

/**
 * A source `from` which the newest rows `r` come, $1 of them at most, still to be ordered. Only one half of it is ever executed: which
 * one depends on the tenant, and each has an index that the other's condition would keep the planner from taking.
 * @param where further conditions, beginning with `and`
 */
export function newestOf(table: string, where: string): string {
  const half = (condition: string) =>
    `(select * from ${table} r where ${condition} ${where} order by r.id desc limit $1)`;
  return `(${half(`r.tenant_id = ${defaultTenant} and chime.current_tenant() = ${defaultTenant}`)}
    union all ${half(`r.tenant_id = chime.current_tenant() and r.tenant_id <> ${defaultTenant}`)}) r`;
}
