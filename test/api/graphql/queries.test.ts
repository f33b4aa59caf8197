// Queries and mutations over HTTP, on a real database.
import t from 'tap';
import { createDatabase } from '../../support/database.ts';
import { defaultTenant, startGraphql, tokenOf } from '../../support/graphql.ts';
import { person } from '../../support/identities.ts';
import { MovableNow } from '../../support/now.ts';

const database = await createDatabase();
await database.rows(
  "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now())",
);
const { ask } = await startGraphql(t, database);
const clock = await MovableNow.install(database, '2026-03-28T12:00:00Z');

/** The data of an answer without errors. */
async function data(query: string, variables?: Record<string, unknown>) {
  const answer = await ask(query, variables);
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
  return answer.data;
}

const create = `mutation ($input: CreateScheduleInput!) {
  createSchedule(input: $input) { outcome schedule { id name cron every catchUpWindowMs retryDelayMs jitterMs status timezone overlap tags revision }
    query { schedules { nodes { name } } } }
}`;

async function schedule(input: Record<string, unknown>): Promise<string> {
  return (await data(create, { input: { task: 'noop', ...input } })).createSchedule.schedule.id;
}

t.test('a schedule is created, answered, and by its key changed or left as it is', async (t) => {
  const input = {
    task: 'noop',
    cron: '0 9 * * *',
    key: 'report',
    name: 'Report',
    retryDelayMs: 1500,
    overlap: 'BUFFER_ONE',
    tags: ['daily'],
  };
  const { createSchedule } = await data(create, { input });
  t.match(createSchedule, {
    outcome: 'CREATED',
    schedule: {
      name: 'Report',
      cron: '0 9 * * *',
      every: null,
      retryDelayMs: 1500,
      catchUpWindowMs: 365 * 86_400_000,
      jitterMs: null,
      status: 'ACTIVE',
      timezone: 'UTC',
      overlap: 'BUFFER_ONE',
      tags: ['daily'],
    },
    query: { schedules: { nodes: [{ name: 'Report' }] } },
  });
  t.equal((await data(create, { input })).createSchedule.outcome, 'UNCHANGED');
  t.equal((await data(create, { input: { ...input, name: 'Other' } })).createSchedule.outcome, 'CHANGED');
});

t.test('an interval is text both ways, for a month has no milliseconds', async (t) => {
  const { createSchedule } = await data(create, {
    input: { task: 'noop', every: '1 month', anchorAt: '2026-01-31T00:00:00Z' },
  });
  t.equal(createSchedule.schedule.every, '1 mon');
});

t.test('a patch keeps what is left out and clears what is null', async (t) => {
  const id = await schedule({ cron: '0 9 * * *', name: 'Patched', description: 'Words', jitterMs: 60_000 });
  const update = `mutation ($id: UUID!, $patch: ScheduleChanges!, $expected: Int) {
    updateSchedule(input: { scheduleId: $id, patch: $patch, expectedRevision: $expected }) {
      schedule { name description jitterMs timeoutMs catchUp tags revision } } }`;
  const patch = { description: null, timeoutMs: 90_000, catchUp: 'ALL', tags: ['a', 'b'] };
  const { updateSchedule } = await data(update, { id, patch });
  t.same(updateSchedule.schedule, {
    name: 'Patched',
    description: null,
    jitterMs: 60_000,
    timeoutMs: 90_000,
    catchUp: 'ALL',
    tags: ['a', 'b'],
    revision: 2,
  });
  const conflict = await ask(update, { id, patch: { name: 'Late' }, expected: 1 });
  t.match(conflict.errors?.[0]?.extensions, {
    code: 'REVISION_CONFLICT',
    sqlstate: 'CH012',
    details: { revision: 2 },
  });
});

t.test('what can be done with a schedule answers the schedule', async (t) => {
  const id = await schedule({ cron: '0 9 * * *', name: 'Steered' });
  const change = async (name: string, fields = '') =>
    (
      await data(
        `mutation ($id: UUID!) { ${name}(input: { scheduleId: $id ${fields} }) { schedule { status statusReason } query { schedule(id: $id) { status deletedAt } } } }`,
        { id },
      )
    )[name];
  t.match(await change('pauseSchedule', 'reason: "Holidays"'), {
    schedule: { status: 'PAUSED', statusReason: 'Holidays' },
    query: { schedule: { status: 'PAUSED' } },
  });
  t.match(await change('resumeSchedule'), { schedule: { status: 'ACTIVE' } });
  t.match(await change('skipNext'), { schedule: { status: 'ACTIVE' } });
  t.match(await change('cancelSchedule', 'reason: "Over"'), {
    schedule: { status: 'CANCELLED', statusReason: 'Over' },
  });
  t.type((await change('deleteSchedule')).query.schedule.deletedAt, 'string');
  const { schedules, searchSchedules } = await data(
    '{ schedules { nodes { id } } searchSchedules { nodes { id } } }',
  );
  for (const { nodes } of [schedules, searchSchedules])
    t.notOk(nodes.some((node: { id: string }) => node.id === id));
});

t.test('a schedule tells of its rule, its next runs, its owner and its history', async (t) => {
  await clock.set('2026-03-28T12:00:00Z');
  const id = await schedule({ cron: '30 2 * * *', timezone: 'Europe/Berlin', name: 'Night' });
  await data('mutation ($id: UUID!) { skipNext(input: { scheduleId: $id }) { schedule { id } } }', { id });
  const { schedule: found } = await data(
    `query ($id: UUID!) { schedule(id: $id) {
      ruleDescription russian: ruleDescription(locale: "ru")
      nextRuns(count: 2) { scheduledAt localTime note }
      simulation(since: "2026-03-28T00:00:00Z", until: "2026-03-30T23:00:00Z") { scheduledAt outcome reason }
      stats { health runCount skippedFireCount } handler { name } owner { id } lastRun { id } upcomingFire { dueInMs }
      runs { nodes { status skipReason coversCount latenessMs durationMs traceId } }
      revisions { nodes { action actor surface } } } }`,
    { id },
  );
  t.match(found, {
    ruleDescription: 'at 02:30 every day, Europe/Berlin time',
    nextRuns: [
      { localTime: '2026-03-30T02:30:00', note: null },
      { localTime: '2026-03-31T02:30:00', note: null },
    ],
    simulation: [
      { outcome: 'NONE', reason: 'not_created' },
      { outcome: 'SKIPPED', reason: 'by_hand' },
      { outcome: 'FIRES', reason: null },
    ],
    stats: { health: 'OK', runCount: 0, skippedFireCount: 1 },
    handler: { name: 'noop' },
    owner: null,
    lastRun: null,
    runs: {
      nodes: [
        { status: 'SKIPPED', skipReason: 'BY_HAND', coversCount: 1, latenessMs: null, durationMs: null },
      ],
    },
    revisions: { nodes: [{ action: 'SKIPPED' }, { action: 'CREATED', actor: 'alice', surface: 'graphql' }] },
  });
  t.match(found.russian, /Europe\/Berlin/);
  t.ok(found.upcomingFire.dueInMs > 0);
});

t.test('a rule is previewed, simulated and described before anything is stored', async (t) => {
  await clock.set('2026-03-28T12:00:00Z');
  const before = await database.value('select count(*) from chime.schedules');
  t.match(
    await data(`{
      previewSchedule(cron: "0 9 * * MON-FRI", timezone: "Europe/Berlin", count: 2) { scheduledAt localTime note }
      simulateSchedule(every: "1 day", anchorAt: "2026-03-01T06:00:00Z", since: "2026-03-10T00:00:00Z", until: "2026-03-20T00:00:00Z", maxRuns: 3) { scheduledAt }
      describeSchedule(cron: "0 9 * * MON-FRI", timezone: "Europe/Berlin")
      gap: previewSchedule(cron: "30 2 * * *", timezone: "Europe/Berlin", count: 1) { localTime note }
    }`),
    {
      previewSchedule: [{ localTime: '2026-03-30T09:00:00' }, { localTime: '2026-03-31T09:00:00' }],
      simulateSchedule: [
        { scheduledAt: /^2026-03-10T06/ },
        { scheduledAt: /^2026-03-11/ },
        { scheduledAt: /^2026-03-12/ },
      ],
      describeSchedule: 'at 09:00 on weekdays, Europe/Berlin time',
      gap: [{ localTime: '2026-03-29T03:00:00', note: /does not exist/ }],
    },
  );
  t.equal(await database.value('select count(*) from chime.schedules'), before);
});

t.test('a run is made by hand, told of in full, cancelled and run again', async (t) => {
  const id = await schedule({ cron: '0 9 * * *', name: 'By hand', payload: { a: 1 } });
  const { runNow } = await data(
    'mutation ($id: UUID!) { runNow(input: { scheduleId: $id, payload: { b: 2 } }) { run { id status trigger payload schedule { name } } } }',
    { id },
  );
  t.match(runNow.run, {
    status: 'QUEUED',
    trigger: 'MANUAL',
    payload: { b: 2 },
    schedule: { name: 'By hand' },
  });
  const { cancelRun } = await data(
    'mutation ($id: UUID!) { cancelRun(input: { runId: $id, reason: "No" }) { run { status cancelReason finishedAt } } }',
    { id: runNow.run.id },
  );
  t.match(cancelRun.run, { status: 'CANCELLED', cancelReason: 'No' });
  const { retryRun } = await data(
    'mutation ($id: UUID!) { retryRun(input: { runId: $id }) { run { id status retriedRun { id retryRuns { nodes { status } } } } } }',
    { id: runNow.run.id },
  );
  t.match(retryRun.run, {
    status: 'QUEUED',
    retriedRun: { id: runNow.run.id, retryRuns: { nodes: [{ status: 'QUEUED' }] } },
  });

  await database.rows(
    `update chime.runs set status = 'running', attempt = 1, started_at = due_at + interval '250 milliseconds', worker_id = gen_random_uuid() where id = $1`,
    [retryRun.run.id],
  );
  await database.rows(
    `update chime.runs set status = 'succeeded', finished_at = started_at + interval '1.5 seconds', worker_id = null, output = repeat('x', 700), output_summary = repeat('x', 500) where id = $1`,
    [retryRun.run.id],
  );
  await database.rows(
    `insert into chime.run_logs (tenant_id, run_id, seq, attempt, level, message, logged_at)
     select tenant_id, id, n, 1, 'info', 'line ' || n, now() from chime.runs, generate_series(1, 5) n where id = $1`,
    [retryRun.run.id],
  );
  const { run, findRun } = await data(
    `query ($id: UUID!, $begin: String!) {
      run(id: $id) { latenessMs durationMs output outputSummary logs(afterSeq: 2, first: 2) { seq level message } attempts { nodes { attempt } } spanId }
      findRun(reference: $begin) { id } }`,
    { id: retryRun.run.id, begin: retryRun.run.id },
  );
  t.match(run, {
    latenessMs: 250,
    durationMs: 1500,
    logs: [{ seq: 3, level: 'INFO', message: 'line 3' }, { seq: 4 }],
    attempts: { nodes: [] },
  });
  t.equal(run.output.length, 700);
  t.equal(run.outputSummary.length, 500);
  t.equal(findRun.id, retryRun.run.id);
});

t.test('events, their handlers and the runs that they lead to refer to each other', async (t) => {
  const { createEventHandler } = await data(
    `mutation { createEventHandler(input: { event: "order.*", task: "noop", key: "orders" }) { outcome eventHandler { id name enabled delayMs } } }`,
  );
  t.match(createEventHandler, { outcome: 'CREATED', eventHandler: { enabled: true, delayMs: null } });
  const { id } = createEventHandler.eventHandler;
  const { updateEventHandler } = await data(
    'mutation ($id: UUID!) { updateEventHandler(input: { handlerId: $id, patch: { filter: { paid: true }, name: "Orders" } }) { eventHandler { name filter } } }',
    { id },
  );
  t.same(updateEventHandler.eventHandler, { name: 'Orders', filter: { paid: true } });
  const { triggerEvent } = await data(
    `mutation { triggerEvent(input: { name: "order.created", payload: { paid: true } }) { event { id handlerCount runs { nodes { trigger eventHandler { name runs { nodes { status } } } } } } } }`,
  );
  t.match(triggerEvent.event, {
    handlerCount: 1,
    runs: {
      nodes: [
        { trigger: 'EVENT', eventHandler: { name: 'Orders', runs: { nodes: [{ status: 'QUEUED' }] } } },
      ],
    },
  });
  t.match(
    await data(
      'mutation ($id: UUID!) { disableEventHandler(input: { handlerId: $id }) { eventHandler { enabled } } }',
      { id },
    ),
    {
      disableEventHandler: { eventHandler: { enabled: false } },
    },
  );
  await data(
    'mutation ($id: UUID!) { deleteEventHandler(input: { handlerId: $id }) { eventHandler { deletedAt } } }',
    { id },
  );
  t.same((await data('{ eventHandlers { nodes { id } } }')).eventHandlers.nodes, []);
});

t.test('calendars and limits are set, read and deleted', async (t) => {
  t.same(
    (
      await data(
        'mutation { setCalendar(input: { name: "closed", dates: ["2026-12-24/2026-12-26", "2027-01-01"] }) { calendar { name dates } } }',
      )
    ).setCalendar.calendar,
    { name: 'closed', dates: ['2026-12-24/2026-12-26', '2027-01-01'] },
  );
  t.match(await data('mutation { deleteCalendar(input: { name: "closed" }) { calendar { name dates } } }'), {
    deleteCalendar: { calendar: { name: 'closed' } },
  });
  t.match(
    await data(
      'mutation { setConcurrencyLimit(input: { key: "mail", maxRunning: 3 }) { concurrencyLimit { maxRunning } query { concurrencyLimit(key: "mail") { maxRunning } } } }',
    ),
    {
      setConcurrencyLimit: {
        concurrencyLimit: { maxRunning: 3 },
        query: { concurrencyLimit: { maxRunning: 3 } },
      },
    },
  );
  await data('mutation { deleteConcurrencyLimit(input: { key: "mail" }) { concurrencyLimit { key } } }');
  t.same((await data('{ concurrencyLimits { nodes { key } } }')).concurrencyLimits.nodes, []);
});

t.test('fires of the past are run by a backfill, which first only tells', async (t) => {
  await clock.set('2026-03-28T12:00:00Z');
  const id = await schedule({ cron: '0 9 * * *', name: 'Backfilled' });
  const backfill = (more: string) =>
    data(
      `mutation ($id: UUID!) { backfill(input: { scheduleId: $id, since: "2026-03-26T00:00:00Z", until: "2026-03-28T00:00:00Z" ${more} }) { backfilledFires { scheduledAt outcome runId } } }`,
      { id },
    );
  t.match((await backfill('')).backfill.backfilledFires, [{ outcome: 'QUEUED' }, { outcome: 'QUEUED' }]);
  await backfill('dryRun: false');
  t.match((await backfill('')).backfill.backfilledFires, [{ outcome: 'EXISTS' }, { outcome: 'EXISTS' }]);
});

t.test('what watches over everything can be read', async (t) => {
  const answer = await data(`{
    failingSchedules { nodes { failuresInARow schedule { name } lastFailedRun { id } } } lateItems { nodes { kind lateByMs } } upcomingFires { nodes { dueAt schedule { name } } }
    queues { nodes { task queuedCount waitingForMs } } taskHours { nodes { hourAt task runCount averageDurationMs } }
    workers { nodes { name state runningCount } } tasks { nodes { name handlerType } } users { nodes { name } } calendars { nodes { name } } events { nodes { name runs { nodes { id } } } }
    retention { keepForMs keepRevisionsMs }
  }`);
  t.match(answer, {
    tasks: { nodes: [{ name: 'noop', handlerType: 'FUNCTION' }] },
    retention: { keepForMs: 30 * 86_400_000 },
  });
  t.ok(answer.queues.nodes.some((queue: { queuedCount: number }) => queue.queuedCount > 0));
});

t.test('the settings of the tenant', async (t) => {
  const fields =
    'timezone maxRetries retryDelayMs retryBackoff quietFrom quietUntil checkInSilenceMs meetingReminders keepExecutedMs changed';
  const { tenantSettings } = await data(`{ tenantSettings { ${fields} } }`);
  t.strictSame(JSON.parse(JSON.stringify(tenantSettings)), {
    ...{ timezone: 'UTC', maxRetries: 3, retryDelayMs: 60_000, retryBackoff: 'EXPONENTIAL' },
    ...{ quietFrom: null, quietUntil: null, checkInSilenceMs: null },
    ...{ meetingReminders: ['24:00:00', '01:00:00'], keepExecutedMs: 30 * 86_400_000, changed: [] },
  });
  const set = `mutation ($input: SetTenantSettingsInput!) { setTenantSettings(input: $input) { tenantSettings { ${fields} } } }`;
  const input = {
    ...{ timezone: 'Asia/Tokyo', retryDelayMs: 1500, quietFrom: '22:00', quietUntil: '08:00' },
    meetingReminders: ['1 minute', '2 hours'],
  };
  t.match((await data(set, { input })).setTenantSettings.tenantSettings, {
    ...input,
    ...{ quietFrom: '22:00:00', quietUntil: '08:00:00', meetingReminders: ['02:00:00', '00:01:00'] },
    changed: ['timezone', 'retry_delay', 'quiet_from', 'quiet_until', 'meeting_reminders'],
  });
  const [fire] = (await data(`{ previewSchedule(cron: "0 9 * * *", count: 1) { scheduledAt } }`))
    .previewSchedule;
  t.equal(Date.parse(fire.scheduledAt), Date.parse('2026-03-29T00:00:00Z'), 'on the clock of the tenant');
  t.match((await ask(set, { input: { maxRetries: 101 } })).errors, [
    { extensions: { code: 'INVALID_ARGUMENT', details: { field: 'max_retries' } } },
  ]);
  const reset = ['timezone', 'retryDelayMs', 'quietFrom', 'quietUntil', 'meetingReminders'];
  t.match((await data(set, { input: { reset } })).setTenantSettings.tenantSettings, { changed: [] });
});

t.test('a person takes along all that is known of them, and is forgotten', async (t) => {
  const eve = await person(database, defaultTenant, 'eve');
  const token = tokenOf(eve);
  await ask(
    `mutation { createSchedule(input: { task: "noop", cron: "0 9 * * *", name: "swim" }) { outcome } }`,
    {},
    token,
  );
  t.match((await ask('{ exportPerson }', {}, token)).data.exportPerson, {
    person: { subject: 'eve' },
    schedules: [{ name: 'swim' }],
  });
  const forget = 'mutation { forgetPerson(input: {}) { removed query { schedules { nodes { id } } } } }';
  t.match((await ask(forget, {}, token)).data.forgetPerson, {
    removed: { schedules: 1 },
    query: { schedules: { nodes: [] } },
  });
  t.match(await data(`{ user(id: "${eve.userId}") { subject name status } }`), {
    user: { subject: `forgotten:${eve.userId}`, name: null, status: 'FORGOTTEN' },
  });
});
