// Descriptions: comments of SQL in the words of GraphQL, and texts.ts for what SQL has no comments on. What a rule can say, a rule says.
import 'postgraphile';
import type { PgResource } from 'postgraphile/@dataplan/pg';
import { isOurs } from './naming.ts';
import { isOurField, oursOf } from './ours.ts';
import { camel, comment } from './sql_words.ts';
import { argumentTexts, enumTexts, fieldTexts, typeTexts } from './texts.ts';

const words = (text: string) => text.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
const a = (noun: string) => `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`;

/** What a type is for, by its name. */
function typeText(name: string, prefix: string): string | undefined {
  const own = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const known = typeTexts[own];
  if (known !== undefined) return known;
  const field = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
  const [, stem = '', kind] = /^(.*?)(Connection|Edge|OrderBy|Payload|Input|Changes)$/.exec(own) ?? [];
  switch (kind) {
    case 'Connection':
      return `A page of a list: each item is ${a(words(stem))}.`;
    case 'Edge':
      return `An item of a list, ${a(words(stem))}, and its place there.`;
    case 'OrderBy':
      return `What a list can be ordered by, each item of which is ${a(words(stem))}.`;
    case 'Payload':
      return `What the mutation \`${field(stem)}\` answers.`;
    case 'Input':
      return `What the mutation \`${field(stem)}\` is given.`;
    case 'Changes':
      return `What is to be changed of the ${words(stem)}: what is left out is kept, null clears.`;
    default:
      return undefined;
  }
}

const columnTexts = new WeakMap<GraphileBuild.Build, Map<string, Map<string, string>>>();
const usualTables = ['schedules', 'event_handlers', 'calendars', 'concurrency_limits', 'runs', 'events'];

/** The comment on the column of the same name, for an argument that sets it. */
function columnText(build: GraphileBuild.Build, field: string, argument: string): string | undefined {
  const known = columnTexts.get(build) ?? new Map<string, Map<string, string>>();
  columnTexts.set(build, known);
  const tables = field === 'setTenantSettings' ? ['tenant_settings'] : usualTables;
  const texts = known.get(tables.join()) ?? readColumnTexts(build, tables);
  known.set(tables.join(), texts);
  return texts.get(argument);
}

function readColumnTexts(build: GraphileBuild.Build, tables: readonly string[]): Map<string, string> {
  const texts = new Map<string, string>();
  const resources = Object.values(build.input.pgRegistry.pgResources) as unknown as PgResource[];
  for (const table of tables) {
    const resource = resources.find(
      ({ parameters, extensions, codec }) =>
        parameters === undefined && isOurs(codec as never) && extensions?.pg?.name === table,
    );
    for (const [attributeName, { description }] of Object.entries(resource?.codec.attributes ?? {})) {
      const name = build.inflection.attribute({ codec: resource?.codec, attributeName } as never);
      if (description && !texts.has(name)) texts.set(name, description);
    }
  }
  return texts;
}

/** What sets a column is described as that; what names or seeks something is not. */
const sets = /^(?:create|update|set|preview|describe|simulate|schedule|eventHandler)/;

function argumentText(build: GraphileBuild.Build, field: string, argument: string): string | undefined {
  const own = argumentTexts[`${field}.${argument}`];
  const named = argumentTexts[argument];
  const column = columnText(build, field, argument);
  return comment(
    build,
    own ?? (sets.test(field) && argument !== 'scheduleId' ? (column ?? named) : (named ?? column)),
  );
}

const unprefixed = (name: string, prefix: string) =>
  prefix !== '' && name.toLowerCase().startsWith(prefix.replace('_', ''))
    ? name.charAt(prefix.length - 1).toLowerCase() + name.slice(prefix.length)
    : name;

export const DescriptionsPlugin: GraphileConfig.Plugin = {
  name: 'ChimeDescriptionsPlugin',
  version: '1.0.0',
  schema: {
    hooks: {
      GraphQLObjectType(type, build, _context) {
        const { types, prefix } = oursOf(build);
        if (!types.has(type.name)) return type;
        const text =
          typeText(type.name, build.inflection.upperCamelCase(prefix)) ?? comment(build, type.description);
        return text === undefined ? type : { ...type, description: text };
      },
      GraphQLInputObjectType(type, build, _context) {
        const { prefix } = oursOf(build);
        if (!isOurInput(build, type.name)) return type;
        const text = typeText(type.name, build.inflection.upperCamelCase(prefix));
        return text === undefined ? type : { ...type, description: text };
      },
      GraphQLEnumType(type, build, _context) {
        const { types, prefix } = oursOf(build);
        const own = build.inflection.upperCamelCase(prefix);
        if (!types.has(type.name) && !type.name.endsWith('WriteOutcome')) return type;
        const text = typeText(type.name, own) ?? comment(build, type.description);
        return text === undefined ? type : { ...type, description: text };
      },
      GraphQLEnumType_values_value(value, build, { scope, Self }) {
        const name = Self.name.slice(build.inflection.upperCamelCase(oursOf(build).prefix).length);
        if (!oursOf(build).types.has(Self.name) && !name.endsWith('WriteOutcome')) return value;
        const valueName = (scope as { valueName?: string }).valueName ?? '';
        const text = comment(build, enumTexts[name]?.[valueName]) ?? orderText(valueName);
        return text === undefined ? value : { ...value, description: text };
      },
      GraphQLObjectType_fields_field(field, build, { scope, Self }) {
        const { types, prefix } = oursOf(build);
        const name = unprefixed(scope.fieldName, prefix);
        if (!isOurField(build, Self.name, scope.fieldName) && !types.has(Self.name)) return field;
        const own = Self.name.startsWith(build.inflection.upperCamelCase(prefix))
          ? Self.name.slice(prefix.length && prefix.length - 1)
          : Self.name;
        const text =
          comment(build, fieldTexts[`${own}.${name}`]) ??
          plumbingText(own, name) ??
          relationText(build, scope, field.description) ??
          comment(build, field.description) ??
          comment(build, fieldTexts[name]);
        return text === undefined ? field : { ...field, description: text };
      },
      GraphQLObjectType_fields_field_args_arg(arg, build, { scope, Self }) {
        if (!isOurField(build, Self.name, scope.fieldName)) return arg;
        const name = unprefixed(scope.fieldName, oursOf(build).prefix);
        const text = argumentText(build, name, scope.argName);
        return text === undefined ? arg : { ...arg, description: text };
      },
      GraphQLInputObjectType_fields_field(field, build, { scope, Self }) {
        if (!isOurInput(build, Self.name)) return field;
        const own = Self.name.replace(/Input$|Changes$/, '');
        const name = unprefixed(own.charAt(0).toLowerCase() + own.slice(1), oursOf(build).prefix);
        const text = argumentText(build, name, scope.fieldName);
        return text === undefined ? field : { ...field, description: text };
      },
    },
  },
};

const isOurInput = (build: GraphileBuild.Build, name: string) =>
  oursOf(build).types.has(name) || /(?:Schedule|EventHandler)Changes$/.test(name);

function orderText(value: string): string | undefined {
  const [, what = '', direction] = /^(.*)_(ASC|DESC)$/.exec(value) ?? [];
  if (direction === undefined) return undefined;
  const by = what === 'PRIMARY_KEY' ? 'its key (an id is in the order of time)' : camel(what.toLowerCase());
  return `By ${by}, ${direction === 'ASC' ? 'ascending' : 'descending'}.`;
}

interface Scope {
  isRootQuery?: boolean | undefined;
  isPgFieldConnection?: boolean | undefined;
  pgFieldResource?: { codec: { description?: string | undefined } } | undefined;
}

/** What PostGraphile says of fields that lead to rows is how they are made; what is to be said is what the rows are. */
function relationText(
  build: GraphileBuild.Build,
  scope: Scope,
  made: string | null | undefined,
): string | undefined {
  const [, typeName] = /^(?:Reads|Get)[^`]*`(\w+)`/.exec(made ?? '') ?? [];
  if (typeName === undefined) return undefined;
  const name = words(typeName);
  if (scope.isPgFieldConnection)
    return (
      comment(build, scope.pgFieldResource?.codec.description) ?? `A list, each item of which is ${a(name)}.`
    );
  return scope.isRootQuery
    ? `One ${name}, by what identifies it; null where there is none that you may see.`
    : `The ${name}.`;
}

/** What the same fields of many types say. */
function plumbingText(type: string, field: string): string | undefined {
  if (field === 'query')
    return 'The root of all queries: what is read through it is as it is after the mutation.';
  if (type.endsWith('Connection')) {
    return {
      nodes: 'The items of the page.',
      edges: 'The items of the page with their places.',
      pageInfo: 'Whether there is more.',
    }[field];
  }
  if (type.endsWith('Edge'))
    return { cursor: 'The place of the item, for `after`.', node: 'The item.' }[field];
  return undefined;
}
