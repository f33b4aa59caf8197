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

/** What to read: conditions are joined by `and`, and use $1 and so on for `values`. */
export interface Listing {
  columns: string;
  from: string;
  /** Of the rows to count; joins of `from` that only add columns are left out. */
  countFrom: string;
  conditions: string[];
  order: string;
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
  const { columns, from, countFrom, conditions, order, values } = listing;
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  const items = await acting.rows<T>(
    `select ${columns} from ${from} ${where} order by ${order} limit ${size} offset ${(page - 1) * size}`,
    values,
  );
  const [counted] = await acting.rows<{ count: number }>(
    `select count(*)::integer as count from (select from ${countFrom} ${where} limit ${deepestRow + 1}) counted`,
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
