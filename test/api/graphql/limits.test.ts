// Documents that are too much, refused before anything runs.
import { getIntrospectionQuery } from 'postgraphile/graphql';
import t, { type Test } from 'tap';
import { createDatabase } from '../../support/database.ts';
import { startGraphql } from '../../support/graphql.ts';

const database = await createDatabase();
const server = await startGraphql(t, database);

/** The document is refused, and no connection to the database was taken for it. */
async function refused(t: Test, query: string, details: Record<string, unknown> = {}): Promise<void> {
  const before = server.acquired();
  const response = await server.post({ query });
  t.equal(response.status, 400);
  t.match(await response.json(), { errors: [details] });
  t.equal(server.acquired(), before, 'nothing of it reaches the database');
}

const nested = (depth: number): string => (depth === 0 ? '{ id }' : `{ retriedRun ${nested(depth - 1)} }`);

t.test('a document that goes too deep', async (t) => {
  await refused(t, `{ run(id: "00000000-0000-0000-0000-000000000000") ${nested(20)} }`, {
    message: /depth/i,
  });
  const { errors } = await server.ask(`{ run(id: "00000000-0000-0000-0000-000000000000") ${nested(2)} }`);
  t.equal(errors, undefined);
});

t.test('a document that asks for too many rows', async (t) => {
  const tooMany = { extensions: { code: 'TOO_COMPLEX', details: { limit: 20_000 } } };
  await refused(
    t,
    '{ schedules(first: 100) { nodes { runs(first: 100) { nodes { logs(first: 100) { seq } } } } } }',
    tooMany,
  );
  await refused(
    t,
    'query ($n: Int!) { schedules(first: $n) { nodes { runs(first: $n) { nodes { attempts(first: $n) { nodes { error } } } } } } }',
    tooMany,
  );
  await refused(t, '{ schedules(first: 100) { nodes { nextRuns(count: 1000) { scheduledAt } } } }', tooMany);
  await refused(
    t,
    '{ ...a } fragment a on Query { schedules(first: 100) { edges { node { ...b } } } } fragment b on Schedule { runs(first: 100) { nodes { logs(first: 50) { seq } } } }',
    tooMany,
  );
});

t.test('what people look at is not too much', async (t) => {
  const { errors } = await server.ask(
    '{ searchSchedules(first: 100) { nodes { id name ruleDescription nextRuns(count: 5) { scheduledAt } runs(first: 20) { nodes { status } } } } }',
  );
  t.equal(errors, undefined);
});

t.test('a document that asks for the same under many names', async (t) => {
  const aliases = Array.from({ length: 51 }, (_, n) => `a${n}: health`).join(' ');
  await refused(t, `{ ${aliases} }`, { extensions: { code: 'TOO_COMPLEX', details: { limit: 50 } } });
});

t.test('a fragment that contains itself', async (t) => {
  await refused(
    t,
    '{ schedules { nodes { ...a } } } fragment a on Schedule { runs { nodes { schedule { ...a } } } }',
  );
});

t.test('a request that is too large', async (t) => {
  const response = await server.post({ query: `{ __typename } # ${'x'.repeat(120_000)}` });
  t.equal(response.status, 413);
});

t.test('a page is never larger than a hundred', async (t) => {
  await database.rows(
    "insert into chime.tasks (name, registered_at, updated_at) select 'task_' || n, now(), now() from generate_series(1, 150) n",
  );
  const count = async (args: string) =>
    (await server.ask(`{ tasks${args} { nodes { name } pageInfo { hasNextPage endCursor } } }`)).data.tasks;
  t.equal((await count('(first: 100000)')).nodes.length, 100);
  t.equal((await count('')).nodes.length, 50);
  const page = await count('(first: 100)');
  t.equal(page.pageInfo.hasNextPage, true);
  t.equal((await count(`(first: 100, after: ${JSON.stringify(page.pageInfo.endCursor)})`)).nodes.length, 50);
});

t.test('tools can ask for the schema, and for a page to write queries on', async (t) => {
  const { data, errors } = await server.ask(getIntrospectionQuery());
  t.equal(errors, undefined);
  t.equal(data.__schema.queryType.name, 'Query');
  const page = await fetch(`${server.url}/graphiql`, { headers: { accept: 'text/html' } });
  t.equal(page.status, 200);
  t.match(await page.text(), /graphiql|ruru/i);
});

t.test('unless that is turned off', async (t) => {
  const closed = await startGraphql(t, database, { introspection: false, graphiql: false });
  const response = await closed.post({ query: getIntrospectionQuery() });
  t.equal(response.status, 400);
  t.match(await response.json(), { errors: [{ message: /introspection/ }] });
  t.equal((await fetch(`${closed.url}/graphiql`)).status, 404);
  t.same((await closed.ask('{ __typename }')).data, { __typename: 'Query' });
});
