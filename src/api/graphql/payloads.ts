// Mutations: each answers what it changed and the root query, and takes nothing that means nothing.
import 'postgraphile';
import type { PgResource } from 'postgraphile/@dataplan/pg';
import type { ObjectStep } from 'postgraphile/grafast';
import { functions } from './catalog.ts';
import { isOurs } from './naming.ts';
import { oursOf } from './ours.ts';

const outcomes = ['created', 'changed', 'unchanged'];

type Fields = Record<string, unknown>;
type Row = { get(name: string): never };

/** The function of ours that a payload is of, if it is. */
function functionOf(resource: PgResource | undefined): string | undefined {
  return isOurs(resource as never) ? (resource as PgResource).extensions?.pg?.name : undefined;
}

export const outcomeType = (build: GraphileBuild.Build) =>
  build.inflection.upperCamelCase(`${oursOf(build).prefix}write_outcome`);

export const PayloadsPlugin: GraphileConfig.Plugin = {
  name: 'ChimePayloadsPlugin',
  version: '1.0.0',
  schema: {
    hooks: {
      init(_, build) {
        build.registerEnumType(
          outcomeType(build),
          {},
          () => ({
            values: Object.fromEntries(
              outcomes.map((outcome) => [outcome.toUpperCase(), { value: outcome }]),
            ),
          }),
          'ChimePayloadsPlugin',
        );
        return _;
      },
      GraphQLInputObjectType_fields: {
        after: ['PgCustomTypeFieldPlugin'],
        callback(fields, build, { scope, Self }) {
          if (!scope.isMutationInput || !oursOf(build).types.has(Self.name)) return fields;
          const { clientMutationId: _id, ...rest } = fields;
          return rest;
        },
      },
      GraphQLObjectType_fields: {
        after: ['PgCustomTypeFieldPlugin', 'PgMutationPayloadEdgePlugin', 'MutationPayloadQueryPlugin'],
        callback(fields, build, { scope, fieldWithHooks }) {
          const name = functionOf(scope.pgTypeResource as PgResource | undefined);
          if (!scope.isMutationPayload || name === undefined) return fields;
          const rest = Object.fromEntries(
            Object.entries(fields).filter(
              ([field]) => field !== 'clientMutationId' && !field.endsWith('Edge'),
            ),
          ) as Fields;
          const { creates } = functions[name] ?? {};
          if (creates !== undefined) {
            const { query, ...others } = rest;
            const resources = Object.values(build.input.pgRegistry.pgResources) as unknown as PgResource[];
            const table = resources.find(
              (resource) =>
                resource.parameters === undefined &&
                isOurs(resource as never) &&
                resource.extensions?.pg?.name === creates,
            ) as PgResource;
            for (const field of Object.keys(others)) delete rest[field];
            const result = ($payload: ObjectStep) => $payload.get('result') as unknown as Row;
            const field = build.inflection.camelCase(build.inflection.singularize(creates));
            rest[field] = fieldWithHooks({ fieldName: field }, () => ({
              type: build.getOutputTypeByName(build.inflection.tableType(table.codec as never)),
              plan: ($payload: ObjectStep) => table.get({ id: result($payload).get('id') } as never),
            }));
            const answered = (scope.pgTypeResource as PgResource).codec.attributes ?? {};
            if (answered.outcome !== undefined) {
              rest.outcome = fieldWithHooks({ fieldName: 'outcome' }, () => ({
                type: build.getOutputTypeByName(outcomeType(build)),
                plan: ($payload: ObjectStep) => result($payload).get('outcome'),
              }));
            }
            if (answered.secret !== undefined) {
              rest.secret = fieldWithHooks({ fieldName: 'secret' }, () => ({
                type: build.graphql.GraphQLString,
                plan: ($payload: ObjectStep) => result($payload).get('secret'),
              }));
            }
            rest.query = query;
          }
          return rest as typeof fields;
        },
      },
    },
  },
};
