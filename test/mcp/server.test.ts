// The tools over MCP, in process: how they are listed, what is answered, and who is asked.
import t from 'tap';
import { NotAuthenticatedError } from '../../src/errors.ts';
import { inProcess } from '../support/mcp.ts';
import { phrase, setUpTools } from '../support/tools.ts';

const daily = { kind: 'cron', value: '0 9 * * *' };

t.test('tools are listed with titles, schemas and what they do', async (test) => {
  const { database, ann } = await setUpTools(test);
  const { client } = await inProcess(test, database, () => ann);
  test.match(client.getServerVersion(), { name: 'pgchime', version: /^\d/ });
  test.match(client.getInstructions(), /ask the person; do not choose for them/);
  const { tools } = await client.listTools();
  test.strictSame(
    tools.map(({ name, annotations }) => [
      name,
      annotations?.readOnlyHint,
      annotations?.destructiveHint,
      annotations?.idempotentHint,
      annotations?.openWorldHint,
    ]),
    [
      ['schedule_preview', true, false, true, false],
      ['schedule_create', false, false, false, false],
      ['schedule_search', true, false, true, false],
      ['schedule_runs', true, false, true, false],
      ['schedule_edit', false, true, true, false],
      ['schedule_control', false, true, false, false],
      ['schedule_followup', false, false, false, false],
    ],
  );
  for (const tool of tools) {
    test.match(tool, {
      title: String,
      description: String,
      inputSchema: { type: 'object', additionalProperties: false },
    });
    test.match(tool.outputSchema, { type: 'object', required: ['status'] });
  }
  test.strictSame((await client.listTools()).tools, tools);
});

t.test('an answer is a sentence, data, and the same data as text', async (test) => {
  const { database, ann } = await setUpTools(test);
  const mcp = await inProcess(test, database, () => ann);
  const made = await mcp.call('schedule_create', { cadence: daily, text: 'water the plants' });
  test.match(made, { isError: false, say: /^Created “water the plants”/, data: { status: 'created' } });
  test.strictSame(made.json, made.data);
  const { id } = made.data.schedule;
  for (const [tool, args] of [
    ['schedule_preview', { cadence: daily }],
    ['schedule_search', {}],
    ['schedule_runs', { schedule_id: id }],
    ['schedule_edit', { schedule_id: id, name: 'plants' }],
    ['schedule_control', { schedule_id: id, action: 'run_now' }],
    ['schedule_runs', { schedule_id: id }],
    ['schedule_followup', { follow_up_time: 'in 2 hours', message_template: 'x', reason: 'y' }],
  ] as const) {
    const answer = await mcp.call(tool, args);
    test.notOk(answer.isError, `${tool}: ${answer.say}`);
    test.ok(answer.data.status && answer.say);
  }
});

t.test('what is ambiguous is asked of the person where the client can, else answered', async (test) => {
  const { database, ann } = await setUpTools(test);
  const wanted = { cadence: phrase('at 8'), text: 'call the bank' };
  const mute = await inProcess(test, database, () => ann);
  test.match(await mute.call('schedule_create', wanted), {
    isError: false,
    data: { status: 'ambiguous', options: [{}, {}] },
  });
  const able = await inProcess(test, database, () => ann, { person: ({ options }) => options[1] });
  test.match((await able.call('schedule_create', wanted)).data, {
    status: 'created',
    next: [{ local: '2026-11-21 08:00:00' }],
  });
  test.strictSame(able.asked, [
    {
      message: '“at 8” can mean several times. Which one: Today 20:00 or Tomorrow 08:00?',
      options: ['Today 20:00', 'Tomorrow 08:00'],
    },
  ]);
  const past = { cadence: { kind: 'once', value: '2026-11-20 09:00' }, text: 'x' };
  const asked = await inProcess(test, database, () => ann, { person: ({ options }) => options[0] });
  test.match((await asked.call('schedule_create', past)).data, {
    status: 'created',
    next: [{ local: '2026-11-21 09:00:00' }],
  });
  const unwilling = await inProcess(test, database, () => ann, { person: () => undefined });
  test.match((await unwilling.call('schedule_create', wanted)).data, { status: 'ambiguous' });
  const confused = await inProcess(test, database, () => ann, { person: () => 'something else' });
  test.match((await confused.call('schedule_create', wanted)).data, { status: 'ambiguous' });
  test.equal(await database.value('select count(*)::integer from chime.schedules'), 2);
});

t.test(
  'what is refused is an error with code, what and hint; what nobody foresaw is masked',
  async (test) => {
    const { database, ann, bob } = await setUpTools(test);
    const mcp = await inProcess(test, database, () => ann);
    const { id } = (await mcp.call('schedule_create', { cadence: daily, text: 'x' })).data.schedule;
    test.match(await mcp.call('schedule_search', { limit: 21 }), {
      isError: true,
      json: { error: { code: 'CH007', what: /limit/, hint: String } },
      data: undefined,
    });
    const stranger = await inProcess(test, database, () => bob);
    test.match(await stranger.call('schedule_runs', { schedule_id: id }), {
      isError: true,
      say: 'I find no such schedule.',
      json: { error: { code: 'CH010' } },
    });
    await test.rejects(mcp.call('schedule_destroy'), {
      code: -32602,
      message: /There is no tool "schedule_destroy"/,
    });
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const broken = await inProcess(test, database, () => ({ ...ann, userId: 'no id' }), { onError });
    await database.rows('alter function chime.search_schedules rename to gone');
    const failing = await inProcess(test, database, () => ann, { onError });
    await test.rejects(failing.call('schedule_search'), { code: -32603, message: /log of the server/ });
    test.match(errors, [/gone|search_schedules/]);
    test.match(await broken.call('schedule_search'), { isError: true, json: { error: { code: 'CH007' } } });
    const refused = await inProcess(test, database, () => {
      throw new NotAuthenticatedError('This token is over.');
    });
    test.match(await refused.call('schedule_preview', { cadence: daily }), {
      isError: true,
      json: { error: { code: 'CH041' } },
    });
  },
);

t.test('a tool that says that it only reads cannot write', async (test) => {
  const { database, ann } = await setUpTools(test);
  const { contextOf } = await import('../../src/mcp/context.ts');
  const context = await contextOf({ pool: database.pool, identity: ann }, { readOnly: true });
  await test.rejects(
    context.act(({ chime }) =>
      chime.schedules.create({ task: 'remind', payload: { text: 'x' }, every: '1 day' }),
    ),
    { code: '25006' },
  );
});
