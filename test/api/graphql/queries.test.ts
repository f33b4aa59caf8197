// Queries and mutations over HTTP, on a real database.
import t from 'tap';
import { createDatabase } from '../../support/database.ts';
import { startGraphql } from '../../support/graphql.ts';

const database = await createDatabase();
await database.rows("insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())");
const { ask } = await startGraphql(t, database);

t.test('a schedule is created, answered, changed and created again', async (t) => {
  const create = `mutation ($input: CreateScheduleInput!) {
    createSchedule(input: $input) { outcome schedule { id name cron catchUpWindowMs retryDelayMs status timezone } query { schedules { nodes { name } } } }
  }`;
  const input = { task: 'noop', cron: '0 9 * * *', key: 'report', name: 'Report', retryDelayMs: 1500, overlap: 'BUFFER_ONE' };
  const { data, errors } = await ask(create, { input });
  t.equal(errors, undefined);
  t.match(data.createSchedule, {
    outcome: 'CREATED',
    schedule: { name: 'Report', cron: '0 9 * * *', retryDelayMs: 1500, status: 'ACTIVE', timezone: 'UTC' },
    query: { schedules: { nodes: [{ name: 'Report' }] } },
  });
  t.equal((await ask(create, { input })).data.createSchedule.outcome, 'UNCHANGED');
  t.equal((await ask(create, { input: { ...input, name: 'Other' } })).data.createSchedule.outcome, 'CHANGED');
});
