// The dashboard and the alerts: every query can be read, and asks for what is really told.
import fs from 'node:fs/promises';
import { parser } from '@prometheus-io/lezer-promql';
import t from 'tap';
import { parse } from 'yaml';
import { makeJwt, startApi } from './support/api.ts';
import { attemptsOf } from './support/attempts.ts';
import { createDatabase } from './support/database.ts';
import { channelOf, deliveriesOf } from './support/deliveries.ts';
import { readExposition } from './support/exposition.ts';

const read = (name: string) => fs.readFile(new URL(`../grafana/${name}`, import.meta.url), 'utf8');

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; refId: string; datasource: { uid: string } }[];
  fieldConfig?: { defaults: { unit?: string } };
}
interface Dashboard {
  title: string;
  uid: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: { name: string; type: string; query: unknown }[] };
}
interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

const dashboard = JSON.parse(await read('pgchime.json')) as Dashboard;
const { groups } = parse(await read('alerts.yml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

/** What a server tells once everything has happened: the labels of each name. */
const database = await createDatabase();
const { call, server } = await startApi(t, database);
const { register, attempt } = attemptsOf(database);
await register();
await database.rows("select chime_private.tick(1, gen_random_uuid(), 'a clock')");
const schedule = await database.value<string>(
  "select id from chime.create_schedule(task => 'noop', every => '1 hour', overlap => 'allow')",
);
await attempt(await database.value<string>('select (chime.run_now($1)).id', [schedule]));
await database.rows('select chime.run_now($1)', [schedule]);
const as = await makeJwt({ role: 'admin' });
await deliveriesOf(database).register(channelOf('telegram'));
// Of the first answer to this question the second tells.
await call('GET', '/readyz');
const exposition = readExposition((await call('GET', '/metrics', { as })).text);
await server.stop();
const told = new Map<string, Set<string>>();
for (const { name, labels } of exposition.samples)
  told.set(name, new Set([...(told.get(name) ?? []), ...Object.keys(labels)]));

/** The names and labels that a query asks for; throws where it is none. */
function asks(expr: string): { names: string[]; labels: string[] } {
  const text = expr.replaceAll('$__rate_interval', '5m').replaceAll('$task', '.*');
  const found = { names: [] as string[], labels: [] as string[] };
  parser.parse(text).iterate({
    enter(node) {
      const part = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`Not PromQL at ${node.from}: ${text}`);
      if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') found.names.push(part);
      if (node.name === 'LabelName') found.labels.push(part);
    },
  });
  return found;
}

const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

t.test('a query that is none is not taken for one', async (test) => {
  test.throws(() => asks('sum by (task (chime_clocks)'));
  test.strictSame(asks('sum by (task) (rate(a_total{b="c"}[$__rate_interval]))'), {
    names: ['a_total'],
    labels: ['task', 'b'],
  });
});

t.test('everything that is asked for is told', async (test) => {
  test.ok(queries.length > 25 && rules.length >= 6);
  for (const expr of [...queries, ...rules.map((rule) => rule.expr)]) {
    const { names, labels } = asks(expr);
    test.ok(names.length > 0, expr);
    for (const name of names) test.ok(told.has(name), `${name} of ${expr}`);
    const known = new Set(names.flatMap((name) => [...(told.get(name) ?? [])]));
    // Prometheus itself says which server it asked.
    for (const label of labels) test.ok(known.has(label) || label === 'instance', `${label} of ${expr}`);
  }
});

t.test('everything that is told is shown', async (test) => {
  const shown = new Set(
    queries.flatMap((expr) => asks(expr).names.map((name) => name.replace(/_(bucket|sum|count)$/, ''))),
  );
  test.strictSame(
    [...exposition.types.keys()].filter((name) => !shown.has(name)),
    [],
  );
});

/** As Grafana writes the variable of that name. */
const uid = `\${datasource}`;

t.test('the dashboard can be imported', async (test) => {
  test.match(dashboard, { title: 'pgchime', uid: 'pgchime', schemaVersion: Number });
  test.notMatch(dashboard, { id: Number }, 'an id of its own is that of another Grafana');
  const [datasource] = dashboard.templating.list;
  test.match(datasource, { name: 'datasource', type: 'datasource', query: 'prometheus' });
  const ids = dashboard.panels.map(({ id }) => id);
  test.equal(new Set(ids).size, ids.length);
  const taken = new Set<string>();
  for (const panel of dashboard.panels) {
    const { x, y, w, h } = panel.gridPos;
    test.ok(x >= 0 && w > 0 && x + w <= 24, panel.title);
    const place = Array.from({ length: w * h }, (_each, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`);
    test.notOk(
      place.some((each) => taken.has(each)),
      `${panel.title} has a place of its own`,
    );
    for (const each of place) taken.add(each);
    if (panel.type === 'row') continue;
    test.match(panel, {
      title: /./,
      description: /\.$/,
      datasource: { type: 'prometheus', uid },
    });
    test.type(panel.fieldConfig?.defaults.unit, 'string', `${panel.title} has a unit`);
    for (const target of panel.targets ?? []) test.equal(target.datasource.uid, uid);
  }
});

t.test('the alerts say what is wrong, and what to do', async (test) => {
  test.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const rule of rules) {
    test.match(rule, {
      alert: /^Chime[A-Za-z]+$/,
      for: /^\d+m$/,
      labels: { severity: /^(critical|warning)$/ },
      annotations: { summary: /\.$/, description: /\.$/ },
    });
    for (const [, label] of JSON.stringify(rule.annotations).matchAll(/\$labels\.(\w+)/g)) {
      const { names, labels } = asks(rule.expr);
      const kept = [...labels, ...(rule.expr.includes(' by ') ? [] : ['instance'])];
      test.ok(kept.includes(label as string), `${rule.alert} keeps ${label} ${names}`);
    }
  }
});
