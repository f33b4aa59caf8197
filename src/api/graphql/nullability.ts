// What is never null says so: pages, lists and what is in them, what a mutation changed. A row that a key or a reference names may be
// null, for whoever asks may not be allowed to see it.
import 'postgraphile';
import type { GraphQLInputType, GraphQLOutputType } from 'postgraphile/graphql';
import { isOurField, oursOf } from './ours.ts';

type Graphql = GraphileBuild.Build['graphql'];

/** Takes null out of a list's items; and of the whole, if it may not be null either. */
function full<T extends GraphQLOutputType | GraphQLInputType>(graphql: Graphql, type: T, whole: boolean): T {
  const { isNonNullType, isListType, GraphQLNonNull, GraphQLList } = graphql;
  const bare = isNonNullType(type) ? type.ofType : type;
  const within = isListType(bare)
    ? new GraphQLList(isNonNullType(bare.ofType) ? bare.ofType : new GraphQLNonNull(bare.ofType as never))
    : bare;
  return (whole || isNonNullType(type) ? new GraphQLNonNull(within as never) : within) as unknown as T;
}

/** Columns of rows of functions that are always there. */
const presentInRows = /^(?:scheduledAt|localTime|outcome|keepForMs|keepRevisionsMs)$/;

export const NullabilityPlugin: GraphileConfig.Plugin = {
  name: 'ChimeNullabilityPlugin',
  version: '1.0.0',
  schema: {
    hooks: {
      GraphQLObjectType_fields_field(field, build, { scope, Self }) {
        if (!isOurField(build, Self.name, scope.fieldName)) return field;
        const { isListType, isObjectType, getNamedType, getNullableType } = build.graphql;
        const nullable = getNullableType(field.type);
        const named = getNamedType(field.type);
        const isConnection = /(?:Connection|Edge)$/.test(Self.name);
        const whole =
          scope.isMutationPayload === true ||
          named.name.endsWith('Connection') ||
          (isConnection && ['nodes', 'edges', 'node'].includes(scope.fieldName)) ||
          (isListType(nullable) && isObjectType(named)) ||
          (scope.pgCodec?.isAnonymous === true && presentInRows.test(scope.fieldName));
        return { ...field, type: full(build.graphql, field.type, whole) };
      },
      GraphQLInputObjectType_fields_field(field, build, { Self }) {
        return oursOf(build).types.has(Self.name)
          ? { ...field, type: full(build.graphql, field.type, false) }
          : field;
      },
      GraphQLObjectType_fields_field_args_arg(arg, build, { scope, Self }) {
        return isOurField(build, Self.name, scope.fieldName)
          ? { ...arg, type: full(build.graphql, arg.type, false) }
          : arg;
      },
    },
  },
};
