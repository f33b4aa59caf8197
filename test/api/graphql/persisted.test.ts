// Persisted operations: only what was put there beforehand is accepted.
import fs from 'node:fs/promises';
import path from 'node:path';
import t from 'tap';
import { InvalidConfigError } from '../../../src/errors.ts';
import { emptyDir } from '../../support/cli.ts';
import { createDatabase } from '../../support/database.ts';
import { startGraphql } from '../../support/graphql.ts';

const database = await createDatabase();
const document = '{ tasks { nodes { name } } }';

for (const kind of ['directory', 'file']) {
  t.test(`of a ${kind}`, async (t) => {
    const dir = await emptyDir(t);
    await fs.writeFile(path.join(dir, 'tasks.graphql'), document);
    await fs.writeFile(
      path.join(dir, 'operations.json'),
      JSON.stringify({ tasks: document, live: 'subscription { runChanged { kind } }' }),
    );
    const server = await startGraphql(t, database, {
      persistedOperations: kind === 'directory' ? dir : path.join(dir, 'operations.json'),
    });
    const known = await server.post({ documentId: 'tasks' });
    t.same(await known.json(), { data: { tasks: { nodes: [] } } });
    for (const body of [
      { query: document },
      { documentId: 'other' },
      { documentId: '../tasks' },
      { documentId: 'tasks', query: '{ health }' },
    ]) {
      const response = await server.post(body);
      const answer = (await response.json()) as { data?: unknown };
      if (body.documentId === 'tasks')
        t.same(answer.data, { tasks: { nodes: [] } }, 'what stands there counts');
      else t.notOk(answer.data, JSON.stringify(body));
    }
    const events = server.connect().subscribe('subscription { scheduleChanged { kind } }');
    t.match(await events.finished(), [{ message: /approved|persisted/i }]);
  });
}

t.test('a path that leads nowhere is told when the server starts', async (t) => {
  await t.rejects(startGraphql(t, database, { persistedOperations: '/nowhere' }), InvalidConfigError);
});
