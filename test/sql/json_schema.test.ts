// Payloads are checked in SQL with what zod writes as JSON Schema: both must agree, and SQL must say where.
import fc from 'fast-check';
import t from 'tap';
import { z } from 'zod';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const toSchema = (schema: z.ZodType) =>
  JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));

/** What SQL says of each value; null where it fits. */
async function errors(schema: z.ZodType, values: unknown[]): Promise<(string | null)[]> {
  const rows = await database.rows<{ error: string | null }>(
    `select chime_private.json_schema_error($1, v) as error
     from unnest($2::jsonb[]) with ordinality as given(v, n) order by n`,
    [toSchema(schema), values.map((value) => JSON.stringify(value))],
  );
  return rows.map((row) => row.error);
}

interface Tree {
  name: string;
  children?: Tree[] | undefined;
}
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(tree).optional();
  },
});

t.test('the message says where and what', async (test) => {
  const payload = z.object({
    to: z.array(z.object({ name: z.string().min(1), level: z.enum(['low', 'high']) })).max(2),
    times: z.int().min(1).max(9).default(3),
    ratio: z.number().gt(0).lt(1).optional(),
    when: z.union([z.literal('now'), z.object({ in: z.number().multipleOf(5) })]).optional(),
  });
  const cases: [unknown, string | null][] = [
    [{ to: [] }, null],
    [{ to: [{ name: 'Ann', level: 'low' }], times: 9, ratio: 0.5, when: { in: 15 } }, null],
    ['text', 'payload must be of type object, not string'],
    [{}, 'payload.to is missing'],
    [{ to: {} }, 'payload.to must be of type array, not object'],
    [{ to: [{ name: 'a', level: 'low' }, { level: 'low' }] }, 'payload.to[1].name is missing'],
    [{ to: [{ name: '', level: 'low' }] }, 'payload.to[0].name must have at least 1 characters'],
    [{ to: [{ name: 'a', level: 'mid' }] }, 'payload.to[0].level must be one of ["low", "high"]'],
    [{ to: [1, 2, 3] }, 'payload.to must have at most 2 items'],
    [{ to: [], times: 1.5 }, 'payload.times must be of type integer, not number'],
    [{ to: [], times: 10 }, 'payload.times must be 9 or less'],
    [{ to: [], ratio: 1 }, 'payload.ratio must be less than 1'],
    [{ to: [], ratio: 0 }, 'payload.ratio must be more than 0'],
    [{ to: [], when: 'later' }, 'payload.when must be now'],
    [{ to: [], when: { in: 7 } }, 'payload.when must be of type string, not object'],
  ];
  const found = await errors(
    payload,
    cases.map(([value]) => value),
  );
  for (const [index, [value, expected]] of cases.entries()) {
    test.equal(found[index]?.replaceAll('"now"', 'now') ?? null, expected, JSON.stringify(value));
  }
  test.strictSame(await errors(z.strictObject({ a: z.string() }), [{ a: '', b: 1 }]), [
    'payload.b is not known',
  ]);
  test.strictSame(await errors(tree, [{ name: 'a', children: [{ name: 'b', children: [{}] }] }]), [
    'payload.children[0].children[0].name is missing',
  ]);
});

t.test('formats that zod writes as patterns refuse nothing that zod takes', async (test) => {
  const examples: [z.ZodType, string[]][] = [
    [z.email(), ['ann@example.com', "o'neil+tag@sub.example.co.uk", 'a.b-c_d@x-y.org']],
    [z.uuid(), ['0199aa3f-8c0e-7b1e-9d3a-3f1f0c2d4e5f', '00000000-0000-0000-0000-000000000000']],
    [z.url(), ['https://example.com/a?b=c#d', 'http://127.0.0.1:8080']],
    [z.iso.datetime({ offset: true }), ['2026-02-28T10:00:00Z', '2024-02-29T23:59:59.123+05:30']],
    [z.iso.date(), ['2024-02-29', '2026-12-31']],
    [z.iso.time(), ['10:00:00', '23:59:59.5']],
    [z.iso.duration(), ['P1DT2H', 'PT15M', 'P3Y6M4DT12H30M5S']],
    [z.ipv4(), ['127.0.0.1', '255.255.255.255']],
    [z.ipv6(), ['::1', '2001:db8::ff00:42:8329']],
    [z.cidrv4(), ['10.0.0.0/8']],
    [z.base64(), ['', 'aGVsbG8=', 'AA==']],
    [z.hostname(), ['example.com', 'a-b.example']],
    [z.e164(), ['+491511234567']],
    [z.nanoid(), ['V1StGXR8_Z5jdHi6B-myT']],
    [z.string().regex(/^[\w-]+\.\d{2,}$/), ['a-b_c.42']],
    [z.string().startsWith('a.b').endsWith('(c)').includes('*'), ['a.b*(c)']],
    [z.string().regex(/^(?<year>\d{4})$/), ['2026']],
    [z.string().regex(/\bword\b/), ['a word here']],
    [z.string().regex(/^\p{L}+$/u), ['Ünïcode']],
    [z.string().regex(/^[^\]]+$/), ['a[b']],
    [z.string().regex(/(?<=a)b/), ['ab']],
    [z.string().regex(/^a.c$/s), ['a\nc']],
  ];
  for (const [schema, values] of examples) {
    for (const value of values) {
      test.ok(schema.safeParse(value).success, `zod takes ${JSON.stringify(value)}`);
    }
    test.strictSame(
      await errors(schema, values),
      values.map(() => null),
      toSchema(schema),
    );
  }
});

/** A schema of zod together with values, some of which fit it. */
interface Pair {
  schema: z.ZodType;
  values: fc.Arbitrary<unknown>;
}
const anything = fc.jsonValue({ maxDepth: 2 });
const leaf: fc.Arbitrary<Pair> = fc.oneof(
  fc.constant({ schema: z.string(), values: fc.string() }),
  fc.constant({ schema: z.boolean(), values: fc.boolean() }),
  fc.constant({ schema: z.null(), values: fc.constant(null) }),
  fc.constant({ schema: z.unknown(), values: anything }),
  fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(5)).map(([low, span]) => ({
    schema: z
      .int()
      .min(low)
      .max(low + span),
    values: fc.oneof(fc.integer({ min: -6, max: 11 }), fc.constantFrom(0.5, -0.5)),
  })),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([low, span]) => ({
    schema: z
      .string()
      .min(low)
      .max(low + span),
    values: fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
  })),
  fc.constant({ schema: z.enum(['a', 'b']), values: fc.constantFrom('a', 'b', 'c') }),
  fc.constant({ schema: z.literal([1, 'one']), values: fc.constantFrom(1, 'one', 2, null) }),
);
const { pair } = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.tuple(tie('pair'), fc.nat(3)).map(([item, most]) => ({
      schema: z.array(item.schema).max(most),
      values: fc.array(item.values, { maxLength: 4 }),
    })),
    fc.tuple(tie('pair'), tie('pair'), fc.boolean()).map(([first, second, strict]) => ({
      schema: (strict ? z.strictObject : z.looseObject)({
        first: first.schema,
        'second one': second.schema.optional(),
      }),
      values: fc.record(
        { first: first.values, 'second one': second.values, more: fc.integer() },
        { requiredKeys: [] },
      ),
    })),
    fc.tuple(tie('pair'), tie('pair')).map(([first, second]) => ({
      schema: z.union([first.schema, second.schema]),
      values: fc.oneof(first.values, second.values),
    })),
    tie('pair').map((item) => ({ schema: item.schema.nullable(), values: fc.option(item.values) })),
    tie('pair').map((item) => ({
      schema: z.record(z.string(), item.schema),
      values: fc.dictionary(fc.string({ maxLength: 3 }), item.values, { maxKeys: 3, noNullPrototype: true }),
    })),
    fc.tuple(tie('pair'), tie('pair')).map(([first, second]) => ({
      schema: z.tuple([first.schema, second.schema]),
      values: fc.tuple(first.values, second.values),
    })),
  ),
}));

t.test('random schemas and values', async (test) => {
  test.comment(`SEED=${seed}`);
  let fits = 0;
  let total = 0;
  const cases = pair.chain(({ schema, values }) =>
    fc.tuple(
      fc.constant(schema),
      fc.array(fc.oneof({ weight: 4, arbitrary: values }, { weight: 1, arbitrary: anything }), {
        minLength: 1,
        maxLength: 12,
      }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(cases, async ([schema, given]) => {
      // What Postgres cannot store never gets as far as this check.
      const values = given.filter(
        (value) => !JSON.stringify(value).includes('\\u0000') && !/\\ud[89a-f]/.test(JSON.stringify(value)),
      );
      const found = await errors(schema, values);
      for (const [index, value] of values.entries()) {
        const expected = schema.safeParse(JSON.parse(JSON.stringify(value))).success;
        total++;
        if (expected) fits++;
        if ((found[index] === null) !== expected) {
          throw new Error(`${JSON.stringify(value)}: ${found[index] ?? 'it fits'}; ${toSchema(schema)}`);
        }
      }
    }),
    { seed, numRuns: 400 },
  );
  test.ok(fits > total / 10 && fits < (total * 9) / 10, `${fits} of ${total} fit`);
});
