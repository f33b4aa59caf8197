// Everything that GraphQL has, asked for by those who may not: every query, mutation, subscription and computed field, made from the schema.
import t from 'tap';
import { readGraphqlSchema } from '../../../src/api/graphql/schema.ts';
import type { Identity } from '../../../src/api/identity.ts';
import { SecretBox } from '../../../src/net/secret_box.ts';
import { createDatabase } from '../../support/database.ts';
import { rowsWhere } from '../../support/everything.ts';
import { startGraphql, tokenOf } from '../../support/graphql.ts';
import { absent, type Named } from '../../support/graphql_arguments.ts';
import { type Document, Walk } from '../../support/graphql_walk.ts';
import { person } from '../../support/identities.ts';
import { type Maker, makeTenants } from '../../support/tenants.ts';

const database = await createDatabase();
const makers = await makeTenants(database);
const maker = (name: string) => makers[name] as Maker;
// Schedules that nobody fired in time, so that there is something late, too.
await database.rows(
  `update chime.schedules set accounted_until = accounted_until - interval '2 hours', next_run_at = next_run_at - interval '2 hours',
     next_due_at = next_due_at - interval '2 hours'`,
);
const walk = new Walk(await readGraphqlSchema(database.pool));
const queries = walk.documents('query', 2);
const mutations = walk.documents('mutation', 1);
const subscriptions = walk.documents('subscription', 1);
const server = await startGraphql(t, database, {
  secrets: new SecretBox(Buffer.alloc(32, 7).toString('base64')),
});

/** Of no tenant: what is known of an installation, of its tasks and workers, and what is only computed. */
const ofNobody = /^(health|retention|tasks?|workers?|describeSchedule|previewSchedule|simulateSchedule)$/;
/** What users may see of their tenant. */
const ofTheTenant = /^(calendars?|concurrencyLimits?)$/;
/** Of the reader, where nobody else is named. */
const ofTheReader = /^(inbox|tenantSettings|exportPerson)$/;

async function namedOf(name: string): Promise<Named> {
  const { identity, left } = maker(name);
  const shared = identity.tenantId === maker('tenant_a').identity.tenantId ? 'tenant_a' : 'tenant_b';
  return {
    ...{
      schedule: left.schedule,
      run: left.failed,
      handler: left.handler,
      user: left.user,
      token: left.token,
      feed: left.feed,
    },
    ...{
      mapping: left.mapping,
      webhook: left.webhook,
      followUp: left.followUp,
      checkIn: left.checkIn,
      meeting: left.meeting,
      message: left.deliveries[0],
      delivery: left.deliveries[1],
    },
    event: await database.value('select id from chime.events where name = $1', [`${name}.happened`]),
    calendar: await database.value('select id from chime.calendars where name = $1', [shared]),
    mark: name,
    shared,
  };
}

async function ask(document: Document, who: Named, token: string) {
  const variables = document.variables(who);
  const response = await server.post(
    { query: document.query, variables },
    { authorization: `Bearer ${token}` },
  );
  const text = await response.text();
  const { data, errors } = JSON.parse(text) as {
    data?: unknown;
    errors?: { extensions?: { code?: string } }[];
  };
  let anonymous = text;
  for (const value of Object.values(who)) anonymous = anonymous.replaceAll(value, '(what was sent)');
  return {
    status: response.status,
    data,
    codes: (errors ?? []).map(({ extensions }) => extensions?.code),
    text,
    anonymous,
  };
}

const toOwners = new Map<string, ReturnType<typeof ask>>();
/** What an owner is told, asked once for all others who ask the same. */
function askAsOwner(document: Document, who: Named, token: string) {
  const key = JSON.stringify([document.query, document.variables(who), token]);
  const known = toOwners.get(key) ?? ask(document, who, token);
  toOwners.set(key, known);
  return known;
}

const { tenantId: otherTenant } = maker('tenant_b').identity;
const ofOtherTenant = () =>
  rowsWhere(database, (columns) =>
    columns.includes('tenant_id') ? `tenant_id = '${otherTenant}'` : undefined,
  );
const ofBob = () =>
  rowsWhere(database, (columns) =>
    columns.includes('owner_id')
      ? `owner_id = '${maker('bob').left.user}' or owner_id is null`
      : columns.includes('user_id')
        ? `user_id = '${maker('bob').left.user}'`
        : undefined,
  );
const everything = () => rowsWhere(database);

/** What must not be in an answer: ids and names that its reader may not see. */
async function marksOf(names: string[]): Promise<RegExp> {
  const ids: string[] = [];
  for (const name of names) {
    const { calendar: _ofTheTenant, mark: _mark, shared: _shared, ...theirs } = await namedOf(name);
    ids.push(...Object.values(theirs), maker(name).left.queued);
  }
  return new RegExp(
    [...ids, ...names.flatMap((name) => [`${name}\\.(never|happened)`, `"${name}"`])].join('|'),
  );
}

const tokens = {
  ann: tokenOf(maker('ann').identity),
  bob: tokenOf(maker('bob').identity),
  zoe: tokenOf(maker('zoe').identity),
  admin: tokenOf(maker('tenant_a').identity),
  otherAdmin: tokenOf(maker('tenant_b').identity),
  reporter: tokenOf(await reporterOf(maker('tenant_a').identity)),
};

async function reporterOf({ tenantId }: Identity): Promise<Identity> {
  return person(database, tenantId, 'rob', 'reporter');
}

const cases = [
  {
    who: 'a user of another tenant',
    token: tokens.ann,
    whose: 'zoe',
    hidden: ['zoe', 'tenant_b'],
    owner: tokens.otherAdmin,
    rows: ofOtherTenant,
  },
  {
    who: 'the administrator of another tenant',
    token: tokens.admin,
    whose: 'zoe',
    hidden: ['zoe', 'tenant_b'],
    owner: tokens.otherAdmin,
    rows: ofOtherTenant,
  },
  {
    who: 'a reporter of another tenant',
    token: tokens.reporter,
    whose: 'zoe',
    hidden: ['zoe', 'tenant_b'],
    owner: tokens.otherAdmin,
    rows: ofOtherTenant,
  },
  {
    who: 'another user of the tenant',
    token: tokens.ann,
    whose: 'bob',
    hidden: ['bob'],
    owner: tokens.admin,
    rows: ofBob,
  },
];

t.test('the walk leaves nothing out', async (test) => {
  test.ok(queries.length > 40 && mutations.length >= 26 && subscriptions.length >= 5);
  test.strictSame(walk.notAsked(), []);
});

for (const { who, token, whose, hidden, owner, rows } of cases) {
  t.test(`queries of ${who} find nothing`, async (test) => {
    const theirs = await namedOf(whose);
    const marks = await marksOf(hidden);
    const sameTenant = whose === 'bob';
    for (const document of queries) {
      const { field, names } = document;
      if (ofNobody.test(field) || (sameTenant && ofTheTenant.test(field))) continue;
      const what = `${field} ${JSON.stringify(document.variables(theirs))}`;
      const found = await ask(document, theirs, token);
      test.notOk(
        found.codes.includes('INTERNAL') || found.status >= 500,
        `${what} ${found.text.slice(0, 300)}`,
      );
      test.notMatch(found.anonymous, marks, what);
      const control = await askAsOwner(document, theirs, owner);
      if (names) {
        const missing = await ask(document, absent, token);
        test.equal(found.anonymous, missing.anonymous, `${what}: as if it were not there`);
        test.not(
          control.anonymous,
          (await askAsOwner(document, absent, owner)).anonymous,
          `${what}: to its owner it is`,
        );
      } else if (!ofTheReader.test(field)) {
        test.match(control.text, marks, `${what}: its owner finds it`);
      }
    }
  });

  t.test(`mutations of ${who} change nothing`, async (test) => {
    const theirs = await namedOf(whose);
    const marks = await marksOf(hidden);
    const before = await rows();
    for (const document of mutations) {
      const what = `${document.field} ${JSON.stringify(document.variables(theirs))}`;
      const found = await ask(document, theirs, token);
      test.notOk(
        found.codes.includes('INTERNAL') || found.status >= 500,
        `${what} ${found.text.slice(0, 300)}`,
      );
      test.notMatch(found.anonymous, marks, what);
      if (!document.names) continue;
      // Of what is not in the inbox of the reader, none is marked.
      if (document.field === 'markInboxRead' && found.codes.length === 0)
        test.match(found.data, { markInboxRead: { readCount: 0 } }, what);
      else test.match(String(found.codes[0]), /^(NOT_ALLOWED|[A-Z_]+_NOT_FOUND|INVALID_ARGUMENT)$/, what);
      const missing = await ask(document, absent, token);
      test.equal(found.anonymous, missing.anonymous, `${what}: as if it were not there`);
    }
    test.strictSame(await rows(), before);
  });
}

t.test('of what only computes and of what nobody owns, nothing is told of tenants', async (test) => {
  const ids = new RegExp(
    Object.values(makers)
      .flatMap(({ left }) => Object.values(left))
      .join('|'),
  );
  for (const document of queries.filter(({ field }) => ofNobody.test(field)))
    for (const token of Object.values(tokens))
      test.notMatch((await ask(document, absent, token)).text, ids, document.field);
});

t.test('reporters change nothing, whosever it is', async (test) => {
  const before = await everything();
  for (const whose of ['ann', 'zoe']) {
    const theirs = await namedOf(whose);
    for (const document of mutations) {
      const { codes, data } = await ask(document, theirs, tokens.reporter);
      test.strictSame([codes, Object.values(data ?? {})], [['NOT_ALLOWED'], [null]], document.field);
    }
  }
  test.strictSame(await everything(), before);
});

t.test('nobody does nothing', async (test) => {
  const before = await everything();
  const theirs = await namedOf('ann');
  for (const document of [...queries, ...mutations]) {
    const { status, codes, data } = await ask(document, theirs, 'wrong');
    test.strictSame([status, codes, data], [401, ['NOT_AUTHENTICATED'], undefined], document.field);
  }
  const live = server.connect('wrong');
  const events = subscriptions.map(({ query, variables }) => live.subscribe(query, variables(theirs)));
  test.match(await live.closed, { code: 4401 });
  for (const each of events) test.match(await each.finished(), { code: 4401 });
  test.strictSame(await everything(), before);
});

t.test('subscriptions are told of what their reader may see, and of nothing else', async (test) => {
  const change = async (name: string) => {
    const { schedule, failed, deliveries } = maker(name).left;
    await database.rows(
      `insert into chime.run_logs (run_id, seq, tenant_id, owner_id, attempt, level, message, logged_at)
       select r.id, 100, r.tenant_id, r.owner_id, 1, 'info', $2, chime.now() from chime.runs r where r.id = $1`,
      [failed, name],
    );
    await database.rows('update chime.schedules set description = $2 where id = $1', [schedule, name]);
    await database.rows('update chime.runs set due_at = due_at where id = $1', [failed]);
    await database.rows('update chime.deliveries set read_at = chime.now() where id = $1', [deliveries[0]]);
  };
  const readers = { ann: 'ann', zoe: 'zoe' };
  const marks = await marksOf(['zoe', 'tenant_b']);
  let count = 0;
  const open = async (reader: keyof typeof readers, whose: string) => {
    const live = server.connect(tokens[reader]);
    const who = await namedOf(whose);
    const opened = subscriptions.map((document) => ({
      what: `${document.field} ${JSON.stringify(document.variables(who))}`,
      names: document.names,
      events: live.subscribe(document.query, document.variables(who)),
    }));
    count += opened.length;
    return opened;
  };
  const spying = await open('ann', 'zoe');
  const own = await open('ann', 'ann');
  const theirs = await open('zoe', 'zoe');
  await server.subscribed(count);
  await change('zoe');
  for (const { what, events } of theirs)
    test.match(JSON.stringify(await events.next()), marks, `${what}: its owner is told`);
  await change('ann');
  // What comes to Ann comes in order: what was Zoe's would have come before.
  for (const { what, events } of own) test.notMatch(JSON.stringify(await events.next()), marks, what);
  for (const { what, names, events } of spying) {
    if (!names) test.notMatch(JSON.stringify(await events.next()), marks, what);
    test.equal(events.size, 0, `${what}: no word`);
  }
});
