// Subscriptions with the client that programs use, over real sockets.
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { deliveriesOf } from '../../support/deliveries.ts';
import { startGraphql, tokenOf } from '../../support/graphql.ts';
import { defaultTenant, person } from '../../support/identities.ts';
import { channelsOf, startSender } from '../../support/sender.ts';

async function prepared(t: Test): Promise<TestDatabase> {
  const database = await createDatabase(t);
  await database.rows(
    "insert into chime.tasks (name, registered_at, updated_at) values ('noop', now(), now()), ('other', now(), now())",
  );
  return database;
}

const create = (database: TestDatabase, fields: string) =>
  database.value<string>(
    `select id from chime.create_schedule(task => 'noop', cron => '0 9 1 1 *', ${fields})`,
  );
const runNow = (database: TestDatabase, id: string) =>
  database.value<string>('select id from chime.run_now($1, allow_overlap => true)', [id]);

const runChanged = `subscription ($id: UUID, $task: String) { runChanged(scheduleId: $id, task: $task) { kind id at run { status schedule { name } } } }`;

t.test('runs of a schedule are told of as they change, and no others', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const [one, other] = [await create(database, "name => 'one'"), await create(database, "name => 'other'")];
  const live = server.connect();
  const events = live.subscribe(runChanged, { id: one });
  const all = live.subscribe(runChanged);
  await server.subscribed(2);
  await runNow(database, other);
  const run = await runNow(database, one);
  const { data, errors } = await events.next();
  t.equal(errors, undefined);
  t.match(data.runChanged, {
    kind: 'CHANGED',
    id: run,
    run: { status: 'QUEUED', schedule: { name: 'one' } },
  });
  await database.rows('select chime.cancel_run($1)', [run]);
  t.match((await events.next()).data.runChanged, { id: run, run: { status: 'CANCELLED' } });
  t.match(
    (await all.next()).data.runChanged.run.schedule,
    { name: 'other' },
    'all of them where nothing is said',
  );
  t.match((await all.next()).data.runChanged.run.schedule, { name: 'one' });
  for (const { first } of [events, all])
    t.match(
      first,
      { data: { runChanged: { kind: 'REFETCH', id: null, run: null } } },
      'first it is said from when on',
    );
});

t.test('changes of a schedule are told of, also that it fires', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const id = await create(database, "name => 'one'");
  const events = server
    .connect()
    .subscribe(
      'subscription ($id: UUID) { scheduleChanged(scheduleId: $id) { kind id schedule { status nextRunAt } } }',
      { id },
    );
  await server.subscribed(1);
  await database.rows('select chime.pause_schedule($1)', [id]);
  t.match((await events.next()).data.scheduleChanged, {
    kind: 'CHANGED',
    id,
    schedule: { status: 'PAUSED' },
  });
  await database.rows('select chime.resume_schedule($1)', [id]);
  t.match((await events.next()).data.scheduleChanged, { schedule: { status: 'ACTIVE' } });
});

t.test('a log is followed: what is there, then what comes', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const run = await runNow(database, await create(database, "name => 'one'"));
  const write = (from: number, to: number) =>
    database.rows(
      `insert into chime.run_logs (tenant_id, run_id, seq, attempt, level, message, logged_at)
       select tenant_id, id, n, 1, 'info', 'line ' || n, now() from chime.runs, generate_series($2::integer, $3::integer) n where id = $1`,
      [run, from, to],
    );
  await write(1, 150);
  const events = server
    .connect()
    .subscribe(
      'subscription ($run: UUID!) { runLogs(runId: $run, afterSeq: 20) { kind lines { seq message } } }',
      { run },
    );
  const lines: number[] = [];
  const read = async (until: number) => {
    while (lines.at(-1) !== until) {
      const { data } = await events.next();
      lines.push(...data.runLogs.lines.map(({ seq }: { seq: number }) => seq));
    }
  };
  await read(150);
  await write(151, 152);
  await write(153, 153);
  await read(153);
  t.same(
    lines,
    Array.from({ length: 133 }, (_, n) => 21 + n),
    'each line once, in order',
  );
});

t.test('events are those that the reader may see', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  await database.rows(
    `insert into chime.tenants (id, name) values ('00000000-0000-0000-0000-0000000000aa', 'another');
     insert into chime.users (id, tenant_id, subject, created_at, updated_at) values
       ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000001', 'ann', now(), now()),
       ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000001', 'bob', now(), now())`,
  );
  const owned = async (user: string, name: string) => {
    const id = await create(database, `name => '${name}'`);
    await database.rows('update chime.schedules set owner_id = $2 where id = $1', [id, user]);
    return id;
  };
  const anns = await owned('00000000-0000-0000-0000-00000000000a', 'ann');
  const bobs = await owned('00000000-0000-0000-0000-00000000000b', 'bob');
  const ann = server.connect(tokenOf({ role: 'user', userId: '00000000-0000-0000-0000-00000000000a' }));
  const stranger = server.connect(tokenOf({ tenantId: '00000000-0000-0000-0000-0000000000aa' }));
  const [own, foreign, strangers] = [
    ann.subscribe(runChanged),
    ann.subscribe(runChanged, { id: bobs }),
    stranger.subscribe(runChanged, { id: anns }),
  ];
  await server.subscribed(3);
  await runNow(database, bobs);
  await runNow(database, anns);
  t.match(
    (await own.next()).data.runChanged.run.schedule,
    { name: 'ann' },
    'the first that she hears of is her own',
  );
  // What is then told to all says that nothing was told before.
  server.feed.refetchAll();
  t.equal((await foreign.next()).data.runChanged.kind, 'REFETCH');
  t.equal((await strangers.next()).data.runChanged.kind, 'REFETCH');
});

t.test('an inbox is told of to whom it belongs: what comes in, and what is read', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const other = await database.value<string>("select id from chime.create_tenant('other')");
  const [ann, bob, zoe] = await Promise.all([
    person(database, defaultTenant, 'ann'),
    person(database, defaultTenant, 'bob'),
    person(database, other, 'zoe', 'admin'),
  ]);
  const { scheduleOf, end } = deliveriesOf(database);
  await startSender(t, database, channelsOf(t, {}));
  const inboxChanged =
    'subscription ($of: UUID) { inboxChanged(ownerId: $of) { kind id item { text isRead schedule { name } owner { subject } } } }';
  const [anns, bobs, admin] = [tokenOf(ann), tokenOf(bob), tokenOf()];
  const own = server.connect(anns).subscribe(inboxChanged);
  const watched = server.connect(admin).subscribe(inboxChanged, { of: ann.userId });
  const deaf = [
    server.connect(bobs).subscribe(inboxChanged),
    server.connect(bobs).subscribe(inboxChanged, { of: ann.userId }),
    server.connect(tokenOf(zoe)).subscribe(inboxChanged, { of: ann.userId }),
    server.connect(tokenOf({ ...zoe, userId: ann.userId })).subscribe(inboxChanged),
    server.connect(admin).subscribe(inboxChanged),
  ];
  await server.subscribed(7);
  await end(await scheduleOf(ann, "name => 'Report'"), { output: 'all is well' });
  const { data } = await own.next();
  const item = {
    text: 'all is well',
    isRead: false,
    schedule: { name: 'Report' },
    owner: { subject: 'ann' },
  };
  t.match(data.inboxChanged, { kind: 'CHANGED', item });
  t.match((await watched.next()).data.inboxChanged, { item }, 'an administrator may look on');
  const read =
    'mutation { markInboxRead(input: {}) { readCount query { inbox(unread: true) { nodes { id } } } } }';
  t.same((await server.ask(read, {}, bobs)).data.markInboxRead.readCount, 0);
  t.same((await server.ask(read, {}, anns)).data.markInboxRead, {
    readCount: 1,
    query: { inbox: { nodes: [] } },
  });
  t.match((await own.next()).data.inboxChanged, { id: data.inboxChanged.id, item: { isRead: true } });
  // What is then told to all says that nothing was told before.
  server.feed.refetchAll();
  for (const [index, events] of deaf.entries())
    t.same((await events.next()).data.inboxChanged, { kind: 'REFETCH', id: null, item: null }, `${index}`);
});

t.test(
  'where the listening connection is lost, everybody is told to read again, and then hears of changes again',
  async (t) => {
    const database = await prepared(t);
    const server = await startGraphql(t, database);
    const id = await create(database, "name => 'one'");
    const events = server.connect().subscribe(runChanged, { id });
    await server.subscribed(1);
    await database.rows(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'pgchime listen'",
    );
    t.match((await events.next()).data.runChanged, { kind: 'REFETCH', id: null, run: null });
    const run = await runNow(database, id);
    t.match((await events.next()).data.runChanged, { kind: 'CHANGED', id: run });
  },
);

t.test('nobody is told of anything while nobody listens', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const id = await create(database, "name => 'one'");
  const client = await database.connect(t);
  await client.query('listen chime_live');
  const heard: string[] = [];
  client.on('notification', ({ payload }) => heard.push(payload ?? ''));
  await runNow(database, id);
  await client.query('select 1');
  t.same(heard, []);
  server.connect().subscribe(runChanged);
  await server.subscribed(1);
  const notified = once(client, 'notification');
  const run = await runNow(database, id);
  const [{ payload }] = await notified;
  t.match(payload, /^(run|schedule) 00000000-0000-0000-0000-000000000001 /);
  t.ok(payload.length < 200 && run.length > 0);
});

t.test('when the last has gone, nobody listens any more, until the next comes', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database, { renewEvery: 50 });
  const listeners = () =>
    database.value<number>('select count(*)::integer from chime_private.live_listeners');
  const first = server.connect().subscribe(runChanged);
  await server.subscribed(1);
  t.equal(await listeners(), 1);
  first.stop();
  while ((await listeners()) > 0) await database.rows('select pg_sleep(0.01)');
  t.equal(server.feed.listens, false);
  const id = await create(database, "name => 'one'");
  const second = server.connect().subscribe(runChanged, { id });
  await server.subscribed(2);
  const run = await runNow(database, id);
  t.match((await second.next()).data.runChanged, { id: run });
});

t.test('transactions that began before anybody listened are made up for', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database, { renewEvery: 50 });
  const id = await create(database, "name => 'one'");
  const early = await database.connect(t);
  await early.query('begin');
  await early.query('select chime.run_now($1)', [id]);
  const events = server.connect().subscribe(runChanged, { id });
  await server.subscribed(1);
  await early.query('commit');
  t.match((await events.next()).data.runChanged, { kind: 'REFETCH', id: null });
});

t.test('a connection needs a token, and ends with it', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const refused = server.connect('wrong');
  refused.subscribe(runChanged);
  t.match(await refused.closed, { code: 4401, reason: /token is wrong/ });

  const short = server.connect(tokenOf({ expiresAt: new Date(Date.now() + 300) }));
  short.subscribe(runChanged);
  t.match(await short.closed, { code: 4401, reason: /expired/ });
});

t.test('a connection may have so many subscriptions, and messages so large', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database, { mostSubscriptions: 2 });
  const live = server.connect();
  live.subscribe(runChanged);
  live.subscribe(runChanged);
  await server.subscribed(2);
  const third = live.subscribe(runChanged);
  t.match(await third.finished(), [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS' } }]);
  live.subscribe(`subscription { runChanged { kind } } # ${'x'.repeat(120_000)}`);
  t.match(await live.closed, { code: 1009 });
});

t.test('a hostile subscription is refused before it listens, and its errors are clear', async (t) => {
  const database = await prepared(t);
  const server = await startGraphql(t, database);
  const events = server.connect().subscribe('subscription { runChanged(scheduleId: "no id") { kind } }');
  t.match(await events.finished(), [{ message: /UUID/ }]);
  t.equal(server.feed.size, 0);
});
