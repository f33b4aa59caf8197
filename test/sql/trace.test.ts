// W3C Trace Context: what is taken from the caller, what is ignored, and what runs show.
import t from 'tap';
import { createDatabase } from '../support/database.ts';
import { eventsOf } from '../support/events.ts';
import { shorthand } from '../support/schedules.ts';

const database = await createDatabase();
const { create } = shorthand(database);
const { handler } = eventsOf(database);
const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';
const read = (text: string | null) => database.value('select chime_private.read_traceparent($1)', [text]);
const traced = (run: unknown) =>
  database.row(
    `select chime.runs_trace_id(r) as trace, chime.runs_span_id(r) as span, chime.runs_parent_span_id(r) as parent
     from chime.runs r where r.id = $1`,
    [run],
  );

t.test('what is a traceparent, and what is none', async (test) => {
  for (const flags of ['00', '01', 'ff'])
    test.equal(await read(`00-${trace}-${span}-${flags}`), `00-${trace}-${span}-${flags}`);
  test.equal(await read(`cc-${trace}-${span}-01`), `00-${trace}-${span}-01`, 'a version to come');
  test.equal(await read(`cc-${trace}-${span}-01-and-more`), `00-${trace}-${span}-01`);
  for (const wrong of [
    ...[null, '', ' ', 'x', `00-${trace}-${span}`, `00-${trace}-${span}-01-more`, `00-${trace}-${span}-1`],
    ...[`ff-${trace}-${span}-01`, `00-${'0'.repeat(32)}-${span}-01`, `00-${trace}-${'0'.repeat(16)}-01`],
    ...[`00-${trace.toUpperCase()}-${span}-01`, ` 00-${trace}-${span}-01`, `00-${trace}-${span}-01\n`],
    ...[
      `00-${trace.slice(1)}-${span}-01`,
      `0-${trace}-${span}-01`,
      `cc-${trace}-${span}-01.`,
      'x'.repeat(100_000),
    ],
  ])
    test.equal(await read(wrong), null, JSON.stringify(wrong?.slice(0, 80)));
});

t.test('a run that nobody brought about begins its own trace', async (test) => {
  const schedule = await create("cron => '0 0 1 1 *', overlap => 'allow'");
  const { id, traceparent } = await database.row('select * from chime.run_now($1)', [schedule]);
  test.equal(traceparent, null);
  const digits = String(id).replaceAll('-', '');
  test.strictSame(await traced(id), { trace: digits, span: digits.slice(16), parent: null });
});

t.test('the caller says what trace it is in', async (test) => {
  const schedule = await create("cron => '0 0 1 1 *', overlap => 'allow'");
  const answering = await handler("event => 'traced'");
  const client = await database.connect(test);
  await client.query('begin');
  await client.query("select set_config('chime.traceparent', $1, true)", [`00-${trace}-${span}-00`]);
  const { rows: manual } = await client.query('select * from chime.run_now($1)', [schedule]);
  await client.query("select chime.trigger_event('traced')");
  await client.query('commit');
  const answer = await database.row('select * from chime.runs where event_handler_id = $1', [answering]);
  for (const run of [manual[0], answer]) {
    test.equal(run.traceparent, `00-${trace}-${span}-00`);
    test.hasStrict(await traced(run.id), { trace, parent: span });
  }
  const { rows: after } = await client.query('select * from chime.run_now($1)', [schedule]);
  test.equal(after[0].traceparent, null, 'only for that transaction');
  await client.query("select set_config('chime.traceparent', 'nonsense', false)");
  const { rows: nonsense } = await client.query('select * from chime.run_now($1)', [schedule]);
  test.equal(nonsense[0].traceparent, null);
  await client.query("select set_config('chime.run_id', $1, false)", [answer.id]);
  const { rows: below } = await client.query('select * from chime.run_now($1)', [schedule]);
  const { span: above } = await traced(answer.id);
  test.equal(below[0].traceparent, `00-${trace}-${above}-00`, 'below the run that acts');
});
