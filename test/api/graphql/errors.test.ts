// What clients are told of errors.
import t from 'tap';
import { errorName } from '../../../src/api/graphql/error_names.ts';
import { errorClasses } from '../../../src/errors.ts';
import { createDatabase } from '../../support/database.ts';
import { startGraphql, tokenOf } from '../../support/graphql.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())",
);
const { ask, post, lines } = await startGraphql(t, database);

/** The only error of an answer. */
async function error(query: string, variables?: Record<string, unknown>, token?: string) {
  const { errors } = await ask(query, variables, token);
  t.equal(errors?.length, 1);
  return errors?.[0];
}

t.test('the code of an error is the name of its class', async (t) => {
  const codes = [...errorClasses.values()].map(errorName);
  t.equal(new Set(codes).size, codes.length);
  for (const code of codes) t.match(code, /^[A-Z]+(_[A-Z]+)*$/);
  t.ok(codes.includes('SCHEDULE_NOT_FOUND'));
});

t.test('an error of ours comes with its code, hint, status and details', async (t) => {
  const none = '00000000-0000-0000-0000-000000000000';
  t.match(
    await error('mutation ($id: UUID!) { pauseSchedule(input: { scheduleId: $id }) { schedule { id } } }', {
      id: none,
    }),
    {
      message: /There is no schedule/,
      path: ['pauseSchedule'],
      extensions: { code: 'SCHEDULE_NOT_FOUND', sqlstate: 'CH010', status: 404, hint: /./ },
    },
  );
  t.match(await error('{ previewSchedule(cron: "0 25 * * *") { scheduledAt } }'), {
    extensions: { code: 'INVALID_RULE', status: 400, details: { position: Number } },
  });
  t.match(await error('{ findRun(reference: "ffffffff") { id } }'), {
    extensions: { code: 'RUN_NOT_FOUND' },
  });
});

t.test('a payload that does not fit its task is told with the path', async (t) => {
  await database.rows(
    `insert into chime.tasks (name, registered_at, updated_at, payload_schema)
     values ('mail', now(), now(), '{"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}')`,
  );
  t.match(
    await error(
      'mutation { createSchedule(input: { task: "mail", cron: "* * * * *", payload: { to: 1 } }) { outcome } }',
    ),
    { extensions: { code: 'INVALID_PAYLOAD', details: { path: 'to' } } },
  );
});

t.test('what the client wrote wrong is clear, and no internal error', async (t) => {
  t.match(await error('{ schedule(id: "no id") { id } }'), { message: /UUID/ });
  t.match(await error('{ searchRuns(status: [BROKEN]) { nodes { id } } }'), { message: /BROKEN/ });
  t.match(await error('{ schedule { id } }'), { message: /required/ });
  t.match(await error('{ schedule('), { message: /Syntax Error/ });
  t.match(await error('mutation { createSchedule(input: { task: "noop", every: "a while" }) { outcome } }'), {
    extensions: { code: 'INVALID_ARGUMENT', status: 400, hint: /15 minutes/ },
  });
  t.match(await error('{ searchRuns(after: "nonsense") { nodes { id } } }'), { message: /cursor/i });
  t.notOk(lines.some(({ level }) => level === 'error'));
});

t.test('who may not is told so', async (t) => {
  const token = tokenOf({ role: 'user', userId: '00000000-0000-0000-0000-00000000000a' });
  t.match(
    await error(
      'mutation { setRetention(input: { keepForMs: 1000 }) { retention { keepForMs } } }',
      {},
      token,
    ),
    {
      extensions: { code: 'NOT_ALLOWED', status: 403 },
    },
  );
});

t.test('who is nobody gets 401', async (t) => {
  const response = await post({ query: '{ __typename }' }, { authorization: 'Bearer wrong' });
  t.equal(response.status, 401);
  t.equal(response.headers.get('www-authenticate'), 'Bearer');
  t.match(await response.json(), {
    errors: [{ message: 'The token is wrong.', extensions: { code: 'NOT_AUTHENTICATED' } }],
  });
});

t.test('of everything else only an id is told, under which the log has it', async (t) => {
  await database.rows('alter table chime.calendars rename column name to renamed');
  t.teardown(() => database.rows('alter table chime.calendars rename column renamed to name'));
  const answer = await error('{ calendars { nodes { name } } }');
  t.match(answer, {
    message: 'Internal error.',
    path: ['calendars'],
    extensions: { code: 'INTERNAL', status: 500 },
  });
  t.notMatch(JSON.stringify(answer), /does not exist|renamed/);
  const line = lines.find(({ id }) => id === answer?.extensions?.id);
  t.match(line, { level: 'error', err: { message: /column .*name.* does not exist/ } });
});

t.test('a statement that takes too long is told as that', async (t) => {
  await database.rows(`create or replace function chime.health() returns jsonb language plpgsql stable as $$ begin
    raise exception using errcode = '57014', message = 'canceling statement due to statement timeout'; end $$`);
  t.match(await error('{ health }'), { extensions: { code: 'TIMEOUT', status: 503, hint: /Ask for less/ } });
});
