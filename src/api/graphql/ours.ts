// Which types and fields of a schema are ours: it may have a program's own beside them, and those are left as they are.
import 'postgraphile';
import type { PgCodec, PgResource } from 'postgraphile/@dataplan/pg';
import { NotMigratedError } from '../../errors.ts';
import { schemaName } from './catalog_plugin.ts';
import { isOurs, isRowOfOurs } from './naming.ts';

export interface Ours {
  types: ReadonlySet<string>;
  /** Fields of Query and Mutation. */
  rootFields: ReadonlySet<string>;
  /** What our names begin with, where our schema is not the first. */
  prefix: string;
}

const known = new WeakMap<object, Ours>();

type Registry = { pgCodecs: Record<string, PgCodec>; pgResources: Record<string, PgResource> };

export function oursOf(build: GraphileBuild.Build): Ours {
  const registry = build.input.pgRegistry as unknown as Registry;
  const found = known.get(registry) ?? find(build, registry);
  known.set(registry, found);
  return found;
}

function find({ inflection }: GraphileBuild.Build, { pgCodecs, pgResources }: Registry): Ours {
  const types = new Set<string>();
  const rootFields = new Set<string>();
  for (const codec of Object.values(pgCodecs)) {
    if (!isOurs(codec as never) && !isRowOfOurs(codec)) continue;
    if (codec.attributes === undefined) {
      types.add(inflection.enumType(codec as never));
      continue;
    }
    types.add(inflection.tableType(codec as never));
    types.add(inflection.tableConnectionType(codec as never));
    types.add(inflection.tableEdgeType(codec as never));
    types.add(inflection.orderByType(inflection.tableType(codec as never)));
  }
  for (const resource of Object.values(pgResources)) {
    if (!isOurs(resource as never)) continue;
    if (resource.parameters === undefined) {
      rootFields.add(inflection.allRowsConnection(resource as never));
      for (const unique of resource.uniques)
        rootFields.add(inflection.rowByUnique({ resource, unique } as never));
    } else if (resource.isMutation) {
      types.add(inflection.customMutationPayload({ resource } as never));
      types.add(inflection.customMutationInput({ resource } as never));
      rootFields.add(inflection.customMutationField({ resource } as never));
    } else {
      rootFields.add(inflection.customQueryField({ resource } as never));
    }
  }
  const first = Object.values(pgResources).find(
    (resource) => resource.extensions?.pg?.name === 'schedules' && isOurs(resource as never),
  );
  return { types, rootFields, prefix: first?.name.startsWith(`${schemaName}_`) ? `${schemaName}_` : '' };
}

/**
 * A table or view of ours, for what is added to the schema by hand.
 * @throws NotMigratedError (CH031) where the database has none
 */
export function tableOf(build: GraphileBuild.Build, name: string): PgResource {
  const found = (Object.values(build.input.pgRegistry.pgResources) as unknown as PgResource[]).find(
    (each) => isOurs(each as never) && each.extensions?.pg?.name === name && each.parameters === undefined,
  );
  if (found !== undefined) return found;
  throw new NotMigratedError(`There is no table chime.${name}: the database has not been migrated.`, {
    hint: 'Run: chime migrate',
  });
}

/** Whether a field is ours, by the type that it belongs to or, at a root, by its name. */
export function isOurField(build: GraphileBuild.Build, typeName: string, fieldName: string): boolean {
  const { types, rootFields } = oursOf(build);
  return types.has(typeName) || (['Query', 'Mutation'].includes(typeName) && rootFields.has(fieldName));
}
