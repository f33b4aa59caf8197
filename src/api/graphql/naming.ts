// How what is ours is called in GraphQL, by rule: instants end in At (or say until when), durations in Ms, counts in Count; ids stay ids;
// enum values are in capitals. Names of what is not ours stay PostGraphile's.
import 'postgraphile';
import type { PgCodec, PgResource } from 'postgraphile/@dataplan/pg';
import { TYPES } from 'postgraphile/@dataplan/pg';
import { schemaName } from './catalog_plugin.ts';
import { largeNumber, milliseconds } from './codecs.ts';

type Extended = { extensions?: { pg?: { schemaName?: string }; tags?: object } | undefined };

/** Whether a codec or a resource is of our schema; rows of functions have their resource's mark. */
export function isOurs(entity: Extended | null | undefined): boolean {
  return entity?.extensions?.pg?.schemaName === schemaName;
}

const tagOf = (entity: Extended, tag: string): string | undefined => {
  const value = (entity.extensions?.tags as Record<string, unknown> | undefined)?.[tag];
  return typeof value === 'string' ? value : undefined;
};

const says = /(?:^|_)(?:at|since|until|after|before)$/;

/** The name of a column or an argument of ours, still with underscores. */
export function wordsFor(name: string, codec: PgCodec): string {
  if (codec === TYPES.timestamptz)
    return says.test(name) ? name : name.endsWith('_for') ? name.replace(/_for$/, '_at') : `${name}_at`;
  if (codec === milliseconds) return `${name}_ms`;
  if (codec === largeNumber && !/_percent$/.test(name)) return `${name.replace(/s$/, '')}_count`;
  return name;
}

const capitals = (text: string) =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/\W+/g, '_')
    .toUpperCase();

export const NamingPlugin: GraphileConfig.Plugin = {
  name: 'ChimeNamingPlugin',
  version: '1.0.0',
  inflection: {
    replace: {
      _attributeName(previous, _options, details) {
        const { codec, attributeName } = details;
        const attribute = codec.attributes?.[attributeName];
        if (attribute === undefined || !(isOurs(codec) || rowsOfOurs.has(codec)))
          return previous?.(details) ?? attributeName;
        return this.coerceToGraphQLName(wordsFor(attributeName, attribute.codec));
      },
      argument(previous, _options, details) {
        const { param, resource } = details;
        if (!isOurs(resource as Extended) || !param.name) return previous?.(details) ?? '';
        return this.coerceToGraphQLName(this.camelCase(wordsFor(param.name, param.codec)));
      },
      enumValue(previous, _options, value, codec) {
        const name = previous?.(value, codec) ?? value;
        return isOurs(codec) ? capitals(name) : name;
      },
      tableType(previous, _options, codec) {
        return (isOurs(codec) ? tagOf(codec, 'typeName') : undefined) ?? previous?.(codec) ?? codec.name;
      },
      functionRecordReturnCodecName(previous, _options, details) {
        const rows = details.pgProc.getTags().rows;
        return typeof rows === 'string'
          ? this.upperCamelCase(this.singularize(rows))
          : (previous?.(details) ?? '');
      },
      allRowsConnection(previous, _options, resource) {
        return isOurs(resource as Extended)
          ? this.camelCase(this._resourceName(resource))
          : (previous?.(resource) ?? '');
      },
      rowByUnique(previous, _options, details) {
        const { resource } = details;
        if (!isOurs(resource as Extended)) return previous?.(details) ?? '';
        return this.camelCase(this._singularizedCodecName(resource.codec));
      },
      customQueryListField(previous, _options, details) {
        return isOurs(details.resource as Extended)
          ? this.customQueryField(details)
          : (previous?.(details) ?? '');
      },
      computedAttributeField(previous, _options, details) {
        const { resource } = details;
        if (!isOurs(resource as Extended)) return previous?.(details) ?? '';
        const name = (resource as PgResource).extensions?.pg?.name ?? resource.name;
        // schedules_next_runs of a schedule is its nextRuns.
        return this.camelCase(name.replace(/^(?:schedules|runs|calendars|tenant_settings|users)_/, ''));
      },
      computedAttributeListField(previous, _options, details) {
        return isOurs(details.resource as Extended)
          ? this.computedAttributeField(details)
          : (previous?.(details) ?? '');
      },
      functionMutationResultFieldName(previous, _options, details) {
        const { resource, returnGraphQLTypeName } = details;
        if (!isOurs(resource as Extended)) return previous?.(details) ?? 'result';
        const named = tagOf(resource as Extended, 'resultFieldName');
        if (named !== undefined) return named;
        const name = this.camelCase(returnGraphQLTypeName.replace(/^Chime(?=[A-Z])/, ''));
        return resource.isUnique ? name : this.pluralize(name);
      },
    },
  },
  gather: {
    hooks: {
      pgProcedures_PgResourceOptions(_info, { pgProc, resourceOptions }) {
        if (pgProc.getNamespace()?.nspname === schemaName && resourceOptions.codec.isAnonymous) {
          rowsOfOurs.add(resourceOptions.codec);
        }
      },
    },
  },
};

/** The types of rows of functions of ours: they belong to no table, and so to no schema. */
const rowsOfOurs = new WeakSet<PgCodec>();
export const isRowOfOurs = (codec: PgCodec | undefined) => codec !== undefined && rowsOfOurs.has(codec);
