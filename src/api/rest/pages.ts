// Pages of rows, and how many there are in all, as far as that is worth counting.
import { InvalidArgumentError } from '../../errors.ts';
import type { Acting } from './acting.ts';
import { deepestRow } from './schemas.ts';

export interface PageRequest {
  page: number;
  size: number;
}

export interface Page<T> extends PageRequest {
  items: T[];
  total: number;
  total_capped: boolean;
}

/** What to read, the latest first: conditions are joined by `and`, and use $1 and so on for `values`. */
export interface Listing {
  /** A table with its alias: `chime.runs r`. */
  table: string;
  /** What is joined to the rows of the page alone. */
  joins?: string;
  columns: string;
  conditions: string[];
  values: unknown[];
}

/**
 * One page of a listing.
 * @throws InvalidArgumentError (CH007) where it lies deeper than pages go
 */
export async function readPage<T>(
  acting: Acting,
  listing: Listing,
  { page, size }: PageRequest,
): Promise<Page<T>> {
  if ((page - 1) * size >= deepestRow) {
    throw new InvalidArgumentError(`Pages go no deeper than ${deepestRow} rows.`, {
      hint: 'Use filters to find what lies further back.',
      detail: { field: 'page' },
    });
  }
  const { table, joins = '', columns, conditions, values } = listing;
  const [, alias] = table.split(' ');
  const matching = `from ${table} where ${conditions.join(' and ')}`;
  const order = `order by ${alias}.id desc`;
  // The page first: what is computed for a row, or joined to it, is for its rows alone.
  const items = await acting.rows<T>(
    `select ${columns} from (select ${alias}.* ${matching} ${order} limit ${size} offset ${(page - 1) * size}) ${alias} ${joins} ${order}`,
    values,
  );
  const [counted] = await acting.rows<{ count: number }>(
    `select count(*)::integer as count from (select ${matching} limit ${deepestRow + 1}) counted`,
    values,
  );
  const count = counted?.count ?? 0;
  return { items, page, size, total: Math.min(count, deepestRow), total_capped: count > deepestRow };
}

/** Conditions for the filters that are given; `#` stands for the number of the value. */
export function filters(given: [unknown, string][]): { conditions: string[]; values: unknown[] } {
  const used = given.filter(([value]) => value !== undefined);
  return {
    conditions: used.map(([, condition], index) => condition.replaceAll('#', `$${index + 1}`)),
    values: used.map(([value]) => value),
  };
}
