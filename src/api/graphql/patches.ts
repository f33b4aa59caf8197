// Patches: the functions that change something take one jsonb, in which a field that is absent is kept and null clears it. Here they are
// inputs with the fields that creating takes, so that a wrong field or value is refused before anything runs.
import 'postgraphile';
import type { PgCodec, PgResource, PgResourceParameter } from 'postgraphile/@dataplan/pg';
import { sql } from 'postgraphile/pg-sql2';
import { functions } from './catalog.ts';
import { schemaName } from './catalog_plugin.ts';
import { isOurs } from './naming.ts';
import { oursOf } from './ours.ts';

interface Patch {
  codec: PgCodec;
  /** Its fields by their names in GraphQL: how SQL calls them, and how it writes their values. */
  fields: Map<string, PgResourceParameter>;
}

/** By the function that takes it: made when the database is read, filled when the schema is made. */
const patchesOf = new WeakMap<PgCodec, Patch>();

function createPatch(name: string): PgCodec {
  const fields = new Map<string, PgResourceParameter>();
  const codec = {
    name: `chimePatchOf_${name}`,
    sqlType: sql`jsonb`,
    fromPg: JSON.parse,
    toPg(patch: Record<string, unknown>) {
      const entries = Object.entries(patch).flatMap(([field, value]) => {
        const parameter = fields.get(field);
        return parameter === undefined ? [] : [[parameter.name, jsonOf(parameter.codec, value)]];
      });
      return JSON.stringify(Object.fromEntries(entries));
    },
    attributes: undefined,
    executor: null,
    isBinary: false,
    isEnum: false,
    hasNaturalOrdering: false,
    hasNaturalEquality: false,
    extensions: {},
  } as unknown as PgCodec;
  patchesOf.set(codec, { codec, fields });
  return codec;
}

/** A value as it stands in the jsonb: durations as text, all else as it came. */
function jsonOf(codec: PgCodec, value: unknown): unknown {
  return value !== null && codec.name === 'chimeMilliseconds' ? codec.toPg(value) : value;
}

export const PatchesPlugin: GraphileConfig.Plugin = {
  name: 'ChimePatchesPlugin',
  version: '1.0.0',
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions: {
        after: ['ChimeCodecsPlugin'],
        callback(_info, { pgProc, resourceOptions }) {
          if (
            pgProc.getNamespace()?.nspname !== schemaName ||
            functions[pgProc.proname]?.patches === undefined
          )
            return;
          const parameter = resourceOptions.parameters?.find(({ name }) => name === 'patch');
          if (parameter !== undefined) parameter.codec = createPatch(pgProc.proname);
        },
      },
    },
  },
  schema: {
    hooks: {
      init: {
        before: ['PgCustomTypeFieldPlugin'],
        callback(_, build) {
          const resources = Object.values(build.input.pgRegistry.pgResources) as unknown as PgResource[];
          const ours = (name: string) =>
            resources.find((resource) => isOurs(resource as never) && resource.extensions?.pg?.name === name);
          for (const [name, { patches }] of Object.entries(functions)) {
            const changing = ours(name);
            const creating = patches === undefined ? undefined : ours(patches);
            const patch = patchesOf.get(
              changing?.parameters?.find((parameter) => parameter.name === 'patch')?.codec as PgCodec,
            );
            if (creating?.parameters === undefined || patch === undefined) continue;
            const typeName = build.inflection.upperCamelCase(
              `${oursOf(build).prefix}${name.replace(/^update_/, '')}_changes`,
            );
            build.registerInputObjectType(
              typeName,
              { isChimePatch: true } as never,
              () => ({ fields: () => fieldsOf(build, creating, patch) }),
              'ChimePatchesPlugin',
            );
            build.setGraphQLTypeForPgCodec(patch.codec as never, 'input', typeName);
          }
          return _;
        },
      },
    },
  },
};

function fieldsOf(build: GraphileBuild.Build, creating: PgResource, patch: Patch) {
  const { GraphQLList, GraphQLNonNull } = build.graphql;
  return Object.fromEntries(
    (creating.parameters ?? []).map((param, index) => {
      const name = build.inflection.argument({ param, resource: creating, index } as never);
      patch.fields.set(name, param as PgResourceParameter);
      const type = build.getGraphQLTypeByPgCodec((param.codec.arrayOfCodec ?? param.codec) as never, 'input');
      return [
        name,
        { type: param.codec.arrayOfCodec ? new GraphQLList(new GraphQLNonNull(type as never)) : type },
      ];
    }),
  ) as never;
}
