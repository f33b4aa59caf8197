// From the words of SQL to those of GraphQL: a comment says retry_of, CH010 and buffer_one, a reader of GraphQL knows these as retryOf,
// SCHEDULE_NOT_FOUND and BUFFER_ONE.
import './quiet.ts';
import 'postgraphile';
import type { PgCodec } from 'postgraphile/@dataplan/pg';
import { errorClasses } from '../../errors.ts';
import { errorName } from './error_names.ts';
import { isOurs } from './naming.ts';

export const camel = (name: string) =>
  name.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());

/** A comment of SQL as GraphQL says it. */
export function forGraphql(comment: string, labels: ReadonlySet<string>): string {
  return comment
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\s*Example: select[\s\S]*$/, '')
    .replace(/CH(\d{3}) to CH(\d{3})/g, (_match, first: string, last: string) =>
      [...errorClasses.keys()].filter((code) => code >= `CH${first}` && code <= `CH${last}`).join(', '),
    )
    .replace(/\bCH\d{3}\b/g, (code) => {
      const type = errorClasses.get(code);
      return type === undefined ? code : errorName(type);
    })
    .replace(/\bchime\.(?=[a-z_]+\b(?!\.))/g, '')
    .replace(
      /(\w+) => '(\w+)'/g,
      (_match, name: string, value: string) => `${camel(name)}: ${value.toUpperCase()}`,
    )
    .replace(
      /(\w+) => (\w+)/g,
      (_match, name: string, value: string) =>
        `${camel(name)}: ${labels.has(value) ? value.toUpperCase() : value}`,
    )
    .replace(/\b[a-z]+(?:_[a-z0-9]+)+\b/g, (word) => (labels.has(word) ? word.toUpperCase() : camel(word)))
    .replace(/\bscheduledFor\b/g, 'scheduledAt')
    .replace(/\b([a-z_]+)(?= =\s)/g, (word) => (labels.has(word) ? word.toUpperCase() : word));
}

const labelsOf = new WeakMap<object, ReadonlySet<string>>();

/** Values of enums that are nothing else too: max_runs is a reason, and an argument. */
function labels(build: GraphileBuild.Build): ReadonlySet<string> {
  const registry = build.input.pgRegistry;
  const known = labelsOf.get(registry);
  if (known !== undefined) return known;
  const codecs = (
    Object.values(registry.pgCodecs) as unknown as (PgCodec & { values?: { value: string }[] })[]
  ).filter((codec) => isOurs(codec as never));
  const columns = new Set(codecs.flatMap((codec) => Object.keys(codec.attributes ?? {})));
  const found = new Set(
    codecs
      .flatMap((codec) => (codec.values ?? []).map(({ value }) => value))
      .filter((value) => !columns.has(value)),
  );
  labelsOf.set(registry, found);
  return found;
}

/** A comment of SQL, rewritten; undefined where there is none. */
export function comment(build: GraphileBuild.Build, text: string | null | undefined): string | undefined {
  return text ? forGraphql(text, labels(build)) : undefined;
}
