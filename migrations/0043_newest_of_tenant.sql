-- Up Migration

-- The newest of one tenant, beside others that have nearly all of them: without these a list passes what is the others', which takes
-- half a second for a million runs. The default tenant has no entry here, so that a fire costs those who have one tenant no more. The
-- planner takes them where a query says `tenant_id <> '00000000-0000-0000-0000-000000000001'` too: that the tenant is another one is
-- known only when it runs. (With an entry for each tenant it would not take them at all: it counts on each having as much.)
create index runs_of_tenant on chime.runs (tenant_id, id) where tenant_id <> '00000000-0000-0000-0000-000000000001';
create index events_of_tenant on chime.events (tenant_id, id) where tenant_id <> '00000000-0000-0000-0000-000000000001';
