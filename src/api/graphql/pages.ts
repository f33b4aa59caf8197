// Pages: never more than a hundred rows of a list, fifty where nothing is said, in an order that a cursor can go on from. A page far
// down costs no more than the first, which is why rows cannot be counted off (offset).
import 'postgraphile';
import type { PgResource } from 'postgraphile/@dataplan/pg';
import { connection, type ExecutableStep, lambda } from 'postgraphile/grafast';
import type { GraphQLEnumType, GraphQLFieldConfigArgumentMap } from 'postgraphile/graphql';
import { sql } from 'postgraphile/pg-sql2';
import { functions } from './catalog.ts';
import { isOurs, isRowOfOurs } from './naming.ts';

export const largestPage = 100;
export const defaultPage = 50;

type Paged = { setFirst(step: ExecutableStep): void };
type Arg = { getRaw(): ExecutableStep };

const limit = (n: unknown) => (typeof n === 'number' ? Math.max(0, Math.min(n, largestPage)) : defaultPage);

function applyFirst(_parent: unknown, $list: Paged, arg: Arg): void {
  $list.setFirst(lambda(arg.getRaw(), limit, true));
}

export const PagesPlugin: GraphileConfig.Plugin = {
  name: 'ChimePagesPlugin',
  version: '1.0.0',
  gather: {
    hooks: {
      pgProcedures_functionResourceOptions(_info, { functionResourceOptions }) {
        // Its rows have no order of their own, so that they can be given one, and a cursor is a place in that.
        if (isSearch(functionResourceOptions)) functionResourceOptions.hasImplicitOrder = false;
      },
    },
  },
  schema: {
    hooks: {
      GraphQLObjectType_fields_field_args: {
        after: ['PgFirstLastBeforeAfterArgsPlugin', 'PgConnectionArgOrderByPlugin'],
        callback(args, build, { scope }) {
          const { isPgFieldConnection, isPgFieldSimpleCollection, pgFieldResource: resource } = scope;
          if (!isPgFieldConnection && !isPgFieldSimpleCollection) return args;
          if (!isOurs(resource as never) && !isRowOfOurs(resource?.codec)) return args;
          const { offset: _offset, ...rest } = args as GraphQLFieldConfigArgumentMap;
          if (isPgFieldSimpleCollection && resource?.codec.isAnonymous) {
            const { first: _first, ...others } = rest;
            return others as typeof args;
          }
          const { GraphQLInt, GraphQLNonNull } = build.graphql;
          if (rest.first !== undefined) {
            rest.first = {
              ...rest.first,
              type: new GraphQLNonNull(GraphQLInt),
              defaultValue: defaultPage,
              applyPlan: applyFirst,
            } as never;
          }
          return rest as typeof args;
        },
      },
      GraphQLObjectType_fields_field_args_arg: {
        after: ['PgConnectionArgOrderByDefaultValuePlugin'],
        callback(arg, build, { scope }) {
          const {
            argName,
            isPgFieldConnection,
            pgFieldResource: resource,
          } = scope as typeof scope & {
            isPgFieldConnection?: boolean;
            pgFieldResource?: PgResource;
          };
          if (argName !== 'orderBy' || !isPgFieldConnection || !isOurs(resource as never)) return arg;
          const { getNullableType, getNamedType, GraphQLNonNull } = build.graphql;
          const tags = resource?.codec.extensions?.tags as Record<string, unknown> | undefined;
          const values = (getNamedType(arg.type) as GraphQLEnumType).getValues();
          const chosen = values.find(({ name }) => name === (tags?.defaultOrder ?? 'PRIMARY_KEY_ASC'));
          return {
            ...arg,
            type: new GraphQLNonNull(getNullableType(arg.type)) as never,
            defaultValue: [chosen?.value],
          };
        },
      },
      // What was deleted stays to be read by its id, and is in no list.
      GraphQLObjectType_fields_field(field, _build, { scope }) {
        const { isRootQuery, isPgFieldConnection, pgFieldResource: resource } = scope;
        if (!isRootQuery || !isPgFieldConnection || !isOurs(resource as never) || resource?.parameters)
          return field;
        if (resource?.codec.attributes?.deleted_at === undefined) return field;
        return {
          ...field,
          plan() {
            const $rows = (resource as PgResource).find();
            $rows.where(sql`${$rows.alias}.deleted_at is null`);
            return connection($rows as never);
          },
        } as typeof field;
      },
      // The order in which rows happen to lie is none.
      GraphQLEnumType_values: {
        after: ['PgOrderByPrimaryKeyPlugin', 'PgOrderAllAttributesPlugin', 'PgConnectionArgOrderByPlugin'],
        callback(values, _build, { scope }) {
          if (!scope.isPgRowSortEnum || !isOurs(scope.pgCodec) || Object.keys(values).length < 2)
            return values;
          const { NATURAL: _natural, ...rest } = values;
          return rest;
        },
      },
    },
  },
};

function isSearch(resource: { extensions?: { pg?: { name?: string } } | undefined }): boolean {
  return functions[resource.extensions?.pg?.name ?? '']?.search === true;
}
