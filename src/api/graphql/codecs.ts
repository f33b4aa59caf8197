// How values of SQL look in GraphQL, where PostGraphile's way would not do: durations are milliseconds, the interval of a rule is text
// (a month has no milliseconds), large counts are numbers.
import 'postgraphile';
import { enumCodec, listOfCodec, type PgCodec, TYPES } from 'postgraphile/@dataplan/pg';
import { sql } from 'postgraphile/pg-sql2';
import { functions, textEnums } from './catalog.ts';
import { prefixOf, schemaName } from './catalog_plugin.ts';

function codec(
  name: string,
  options: Pick<PgCodec, 'sqlType'> &
    Partial<Pick<PgCodec, 'fromPg' | 'toPg' | 'castFromPg' | 'listCastFromPg'>>,
): PgCodec {
  return {
    name,
    fromPg: (value) => value,
    toPg: (value) => value,
    attributes: undefined,
    executor: null,
    isBinary: false,
    isEnum: false,
    hasNaturalOrdering: true,
    hasNaturalEquality: true,
    extensions: {},
    ...options,
  } as PgCodec;
}

/** An interval as milliseconds; of a month it is 30 days. */
export const milliseconds = codec('chimeMilliseconds', {
  sqlType: sql`interval`,
  castFromPg: (expression) => sql`(extract(epoch from ${expression}) * 1000)::float8::text`,
  listCastFromPg: (list) =>
    sql`(select array_agg((extract(epoch from i.value) * 1000)::float8 order by i.place)::text from unnest(${list}) with ordinality i(value, place))`,
  fromPg: Number,
  toPg: (value) => `${value} milliseconds`,
});

/** Several of them. */
export const millisecondsList = listOfCodec(milliseconds as never) as unknown as PgCodec;

/** An interval as Postgres writes it. */
export const intervalText = codec('chimeIntervalText', {
  sqlType: sql`interval`,
  castFromPg: (expression) => sql`${expression}::text`,
});

/** A number that may be larger than 2^31. */
export const largeNumber = codec('chimeLargeNumber', { sqlType: sql`bigint`, fromPg: Number, toPg: String });

/** A wall-clock time, to the second, without what would make it look like an instant. */
export const wallTime = codec('chimeWallTime', {
  sqlType: sql`timestamp`,
  castFromPg: (expression) => sql`to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS')`,
});

/** A time of day, to the second. */
export const timeOfDay = codec('chimeTimeOfDay', {
  sqlType: sql`time`,
  castFromPg: (expression) => sql`to_char(${expression}::interval, 'HH24:MI:SS')`,
});

/** What is only passed on to functions of ours. */
const opaque = (type: string) =>
  codec(`chimeOpaque_${type}`, { sqlType: sql.identifier(type), hasNaturalOrdering: false } as never);
const opaques = new Map<string, PgCodec>();

const enums = new Map<string, PgCodec>();

/** The enum of a text that is one of a few. */
function textEnum(key: string, prefix: string): PgCodec | undefined {
  const [name, values] = textEnums[key] ?? [];
  if (name === undefined || values === undefined) return undefined;
  const known = enums.get(prefix + name);
  if (known !== undefined) return known;
  const made = enumCodec({
    name: prefix + name,
    identifier: sql`text`,
    values: [...values],
    extensions: { pg: { serviceName: 'main', schemaName, name } },
  }) as unknown as PgCodec;
  enums.set(prefix + name, made);
  return made;
}

interface Place {
  /** A table, the rows of functions, or * for arguments. */
  owner: string;
  name: string;
  prefix: string;
}

/** What a column or an argument of ours has instead of the codec that PostGraphile gives it. */
function codecOf({ owner, name, prefix }: Place, given: PgCodec): PgCodec {
  if (given === TYPES.interval) return name === 'every' ? intervalText : milliseconds;
  if (given.arrayOfCodec === TYPES.interval) return millisecondsList;
  if ((given === TYPES.bigint && name !== 'id') || given === TYPES.numeric) return largeNumber;
  if (given === TYPES.timestamp) return wallTime;
  if (given === TYPES.time) return timeOfDay;
  return given === TYPES.text ? (textEnum(`${owner}.${name}`, prefix) ?? given) : given;
}

/** Functions whose rows are the same thing share its type. */
const sharedRows = new WeakMap<object, Map<string, PgCodec>>();

export const CodecsPlugin: GraphileConfig.Plugin = {
  name: 'ChimeCodecsPlugin',
  version: '1.0.0',
  gather: {
    hooks: {
      pgCodecs_findPgCodec(_info, event) {
        const { pgType } = event;
        if (event.pgCodec || pgType.typtype !== 'm') return;
        const found = opaques.get(pgType.typname) ?? opaque(pgType.typname);
        opaques.set(pgType.typname, found);
        event.pgCodec = found;
      },
      pgCodecs_attribute(info, { serviceName, pgClass, attribute, pgAttribute }) {
        if (pgClass.getNamespace()?.nspname !== schemaName) return;
        const place = {
          owner: pgClass.relname,
          name: pgAttribute.attname,
          prefix: prefixOf(info, serviceName),
        };
        attribute.codec = codecOf(place, attribute.codec);
      },
      pgProcedures_PgResourceOptions(info, { serviceName, pgProc, resourceOptions }) {
        if (pgProc.getNamespace()?.nspname !== schemaName) return;
        const prefix = prefixOf(info, serviceName);
        for (const parameter of resourceOptions.parameters ?? []) {
          parameter.codec = codecOf({ owner: '*', name: parameter.name ?? '', prefix }, parameter.codec);
          // Whatever has no default has to be given.
          if (!parameter.optional) parameter.notNull = true;
        }
        const { codec: rows } = resourceOptions;
        if (rows.isAnonymous && rows.attributes) {
          const known = sharedRows.get(info) ?? new Map<string, PgCodec>();
          sharedRows.set(info, known);
          const shared = known.get(rows.name);
          if (shared !== undefined) {
            resourceOptions.codec = shared as typeof rows;
            return;
          }
          known.set(rows.name, rows);
          const owner = functions[pgProc.proname]?.rows ?? '';
          for (const [name, attribute] of Object.entries(rows.attributes))
            attribute.codec = codecOf({ owner, name, prefix }, attribute.codec);
        }
      },
    },
  },
  schema: {
    hooks: {
      init(_, build) {
        const float = build.graphql.GraphQLFloat.name;
        const string = build.graphql.GraphQLString.name;
        for (const situation of ['input', 'output']) {
          build.setGraphQLTypeForPgCodec(milliseconds, situation as never, float);
          build.setGraphQLTypeForPgCodec(largeNumber, situation as never, float);
          build.setGraphQLTypeForPgCodec(intervalText, situation as never, string);
          build.setGraphQLTypeForPgCodec(timeOfDay, situation as never, string);
          build.setGraphQLTypeForPgCodec(wallTime, situation as never, string);
          for (const type of opaques.values())
            build.setGraphQLTypeForPgCodec(type, situation as never, string);
        }
        return _;
      },
    },
  },
};
