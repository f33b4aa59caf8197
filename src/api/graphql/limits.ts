// What a document may cost, decided before anything runs: how deep it goes, how often it asks for the same under other names, and how
// many rows it could come to, the pages of a list times what is asked of each of its rows.
import 'postgraphile';
import { depthLimit } from '@graphile/depth-limit';
import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'postgraphile/graphql';
import { defaultPage, largestPage } from './pages.ts';

export const limits = {
  /** The characters of a request. */
  body: 100_000,
  /** Fields within fields. */
  depth: 15,
  /** Fields of all selections together that have another name than their own. */
  aliases: 50,
  /** Rows. */
  rows: 20_000,
  /** What a list without a page size is taken for. */
  list: 10,
} as const;

const refusal = (message: string, details: Record<string, unknown>, nodes: FieldNode[] = []) =>
  new GraphQLError(message, { nodes, extensions: { code: 'TOO_COMPLEX', status: 400, details } });

/** The number that an argument asks for; a variable may be as large as it is allowed to be. */
function pageSize(field: GraphQLField<unknown, unknown>, node: FieldNode): number {
  const sized = field.args.find(({ name }) => name === 'first' || name === 'count');
  const returnsRows = isListType(getNullableType(field.type)) && isObjectType(getNamedType(field.type));
  const isPage = getNamedType(field.type).name.endsWith('Connection');
  if (sized === undefined) return returnsRows ? limits.list : 1;
  if (!isPage && !returnsRows) return 1;
  const most = sized.name === 'first' ? largestPage : 1000;
  const value = node.arguments?.find(({ name }) => name.value === sized.name)?.value;
  if (value === undefined) return sized.name === 'first' ? defaultPage : limits.list;
  return value.kind === Kind.INT ? Math.min(Math.max(0, Number(value.value)), most) : most;
}

/** How many rows a selection comes to at most; a fragment that contains itself counts once, another rule refuses it. */
function rowsOf(
  context: ValidationContext,
  type: GraphQLNamedType | undefined,
  { selections }: SelectionSetNode,
  within: ReadonlySet<string>,
): number {
  let rows = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) {
      if (selection.name.value.startsWith('__') || !(isObjectType(type) || isInterfaceType(type))) continue;
      const field = type.getFields()[selection.name.value];
      if (field === undefined) continue;
      const inner = getNamedType(field.type);
      const plumbing = type.name.endsWith('Connection') || type.name.endsWith('Edge');
      const size = plumbing ? 1 : pageSize(field as GraphQLField<unknown, unknown>, selection);
      const below =
        selection.selectionSet === undefined ? 0 : rowsOf(context, inner, selection.selectionSet, within);
      // What stands between a list and its rows is no row; nodes and edges of a page are the same rows.
      rows += plumbing || !isObjectType(inner) ? below : size * (1 + below);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const inner = selection.typeCondition
        ? context.getSchema().getType(selection.typeCondition.name.value)
        : type;
      rows += rowsOf(context, inner, selection.selectionSet, within);
    } else {
      const name = selection.name.value;
      const fragment = context.getFragment(name);
      if (!fragment || within.has(name)) continue;
      rows += rowsOf(
        context,
        context.getSchema().getType(fragment.typeCondition.name.value),
        fragment.selectionSet,
        new Set([...within, name]),
      );
    }
    if (rows > limits.rows) return rows;
  }
  return rows;
}

const rowLimit: ValidationRule = (context) => ({
  OperationDefinition(operation) {
    const type = context.getSchema().getRootType(operation.operation) ?? undefined;
    const rows = rowsOf(context, type, operation.selectionSet, new Set());
    if (rows > limits.rows) {
      context.reportError(
        refusal(
          `It could come to more than ${limits.rows} rows: ask for smaller pages (first), or for less of each row.`,
          {
            limit: limits.rows,
          },
        ),
      );
    }
  },
});

const aliasLimit: ValidationRule = (context) => {
  let aliases = 0;
  return {
    Field(node) {
      if (node.alias !== undefined && ++aliases === limits.aliases + 1) {
        context.reportError(
          refusal(
            `It has more than ${limits.aliases} aliases: send several requests.`,
            { limit: limits.aliases },
            [node],
          ),
        );
      }
    },
  };
};

/** Deep enough for the introspection of tools, whose types of types go down nine levels. */
const depth = depthLimit({
  maxDepth: limits.depth,
  maxListDepth: 6,
  maxSelfReferentialDepth: 3,
  maxIntrospectionDepth: 16,
  maxIntrospectionListDepth: 4,
  maxIntrospectionSelfReferentialDepth: 10,
  maxDepthByFieldCoordinates: { '__Type.ofType': 10 },
  revealDetails: true,
});

/** Refuses documents that are too much, before anything runs. */
export function limitsPlugin({ introspection }: { introspection: boolean }): GraphileConfig.Plugin {
  return {
    name: 'ChimeLimitsPlugin',
    version: '1.0.0',
    grafserv: {
      middleware: {
        setPreset(next, { validationRules }) {
          validationRules.push(aliasLimit, depth, rowLimit);
          if (!introspection) validationRules.push(NoSchemaIntrospectionCustomRule);
          return next();
        },
      },
    },
  };
}
