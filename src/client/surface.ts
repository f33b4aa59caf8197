// Who makes a change, and from where: settings of the transaction, which the database puts on record with it.

/** What chime.schedule_revisions says of a change. */
export interface Signature {
  /** What the change comes from: `typescript`, `cli`, ... */
  surface: string;
  /** Who makes it; by default the role that is logged in. */
  actor?: string | undefined;
}

/**
 * A statement that calls a function on somebody's behalf. What the transaction says already stays.
 * @param select everything before `from`
 * @param call the call, whose argument $1 is of the type `type`
 * @param rest everything behind the call
 */
export function signed(
  { surface, actor }: Signature,
  { select, call, type, rest }: { select: string; call: string; type: string; rest: string },
  values: unknown[],
): { text: string; values: unknown[] } {
  const settings = [['chime.surface', surface], ...(actor === undefined ? [] : [['chime.actor', actor]])] as [
    string,
    string,
  ][];
  const set = settings.map(
    ([name], index) =>
      `set_config('${name}', coalesce(nullif(current_setting('${name}', true), ''), $${values.length + index + 1}), true) is not null`,
  );
  // The call takes an argument from there, so that the settings are made before.
  const first = call.replace(/\$1(?!\d)/, `case when signed.known then $1::${type} end`);
  return {
    text: `${select} from (select ${set.join(' and ')} as known offset 0) signed cross join lateral ${first} ${rest}`,
    values: [...values, ...settings.map(([, value]) => value)],
  };
}
