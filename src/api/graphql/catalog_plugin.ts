// Shows PostGraphile of the schema chime what catalog.ts names, and nothing else: internals are taken out of what was read of the
// database, names and relations are put in. Schemas that are not ours stay as they are.
import 'postgraphile';
import type { PgAttribute, PgClass, PgConstraint, PgProc } from 'pg-introspection';
import { functions, type Shown, type ShownFunction, tables } from './catalog.ts';

export const schemaName = 'chime';

/** What names of ours begin with: as PostGraphile itself does it, the schema's, where that is not the first. */
export function prefixOf(
  { resolvedPreset }: { resolvedPreset: GraphileConfig.ResolvedPreset },
  serviceName: string,
): string {
  const service = resolvedPreset.pgServices?.find(({ name }) => name === serviceName);
  return service?.schemas?.[0] === schemaName ? '' : `${schemaName}_`;
}

type Tags = Record<string, string | true | (string | true)[]>;

function tag(entity: PgClass | PgAttribute | PgProc | PgConstraint, tags: Tags): void {
  Object.assign(entity.getTags(), tags);
}

/** What is never done with a table of ours but by its functions. */
const readOnly = [
  '-insert',
  '-update',
  '-delete',
  '-filter',
  '-condition',
  '-list',
  '-type:node',
  '-manyRelation:resource:list',
  '-singularRelation:resource:list',
  '-totalCount',
  '-resource:connection:backwards',
];

function shapeClass(pgClass: PgClass, shown: Shown, prefix: string): void {
  const { name = pgClass.relname, hide = [], order = [], key, references = [], inner, present = [] } = shown;
  const isView = pgClass.relkind === 'v';
  tag(pgClass, {
    name: `${prefix}${name}`,
    ...(shown.type === undefined ? {} : { typeName: shown.type }),
    behavior: [
      ...readOnly,
      ...(inner ? ['-query:resource:connection', '-query:resource:list', '-query:resource:single'] : []),
    ].join(' '),
    ...(key === undefined ? {} : isView ? { primaryKey: key } : { unique: key }),
    ...(shown.defaultOrder === undefined ? {} : { defaultOrder: shown.defaultOrder }),
    foreignKey: references.map(
      ({ column, to: [table, remote], field, back }) =>
        `(${column}) references ${schemaName}.${table} (${remote})|@fieldName ${field}|@foreignFieldName ${back ?? `${name}_by_${column}`}|@behavior ${
          back === undefined
            ? '-manyRelation:resource:connection -manyRelation:resource:list'
            : '-manyRelation:resource:list'
        }`,
    ),
  });
  // Our own constraints have the tenant in them, and lead to tables that are not shown; the catalog says what refers to what.
  for (const constraint of pgClass.getConstraints()) {
    if (constraint.contype !== 'p' || constraint.conkey?.length !== 1) tag(constraint, { behavior: '-*' });
  }
  for (const constraint of pgClass.getForeignConstraints()) tag(constraint, { behavior: '-*' });
  for (const attribute of pgClass.getAttributes()) {
    if (attribute.attnum < 1) continue;
    const hidden = attribute.attname === 'tenant_id' || hide.includes(attribute.attname);
    tag(attribute, {
      behavior: hidden
        ? '-*'
        : order.includes(attribute.attname)
          ? '-condition -filter +orderBy'
          : '-condition -filter -orderBy',
      ...(present.includes(attribute.attname) ? { notNull: true } : {}),
    });
  }
}

/** In place: PostGraphile goes on with the same arrays. */
function keep<T>(entities: T[], wanted: (entity: T) => boolean): void {
  entities.splice(0, entities.length, ...entities.filter(wanted));
}

function shapeFunction(proc: PgProc, shown: ShownFunction, prefix: string): void {
  const name = shown.name ?? proc.proname;
  tag(proc, {
    name: `${prefix}${name}`,
    ...(shown.present ? { notNull: true } : {}),
    ...(shown.result === undefined ? {} : { resultFieldName: shown.result }),
    ...(shown.rows === undefined ? {} : { rows: `${prefix}${shown.rows}` }),
    behavior: [
      '-filter',
      '-condition',
      ...(shown.search ? ['+order'] : []),
      shown.list
        ? '-queryField:resource:connection +queryField:resource:list -typeField:resource:connection +typeField:resource:list'
        : '-queryField:resource:list -typeField:resource:list',
    ].join(' '),
  });
}

export const CatalogPlugin: GraphileConfig.Plugin = {
  name: 'ChimeCatalogPlugin',
  version: '1.0.0',
  gather: {
    hooks: {
      pgIntrospection_introspection: {
        before: ['smart-tags', 'PgFakeConstraintsPlugin'],
        callback(info, { introspection, serviceName }) {
          const namespace = introspection.namespaces.find(({ nspname }) => nspname === schemaName);
          const service = info.resolvedPreset.pgServices?.find(({ name }) => name === serviceName);
          if (namespace === undefined || !service?.schemas?.includes(schemaName)) return;
          const prefix = prefixOf(info, serviceName);

          const ours = (id: string | null | undefined) => id === namespace._id;
          keep(introspection.procs, (proc) => {
            if (!ours(proc.pronamespace)) return true;
            const shown = functions[proc.proname];
            return (
              shown !== undefined &&
              (shown.argument === undefined || proc.proargnames?.includes(shown.argument) === true)
            );
          });
          for (const proc of introspection.procs) {
            const shown = functions[proc.proname];
            if (ours(proc.pronamespace) && shown !== undefined) shapeFunction(proc, shown, prefix);
          }

          const isTable = (pgClass: PgClass) => ['r', 'v', 'm', 'p'].includes(pgClass.relkind);
          const classes = introspection.classes.filter(
            (pgClass) => ours(pgClass.relnamespace) && isTable(pgClass),
          );
          const ids = new Set(classes.map(({ _id }) => _id));
          // Ours have the tenant in them, and lead to tables that are not shown; the catalog says what refers to what.
          for (const pgClass of classes) {
            const shown = tables[pgClass.relname];
            if (shown !== undefined) shapeClass(pgClass, shown, prefix);
          }
          keep(
            introspection.classes,
            (pgClass) => !ids.has(pgClass._id) || tables[pgClass.relname] !== undefined,
          );
        },
      },
    },
  },
};
