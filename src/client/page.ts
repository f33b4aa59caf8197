// Lists, a page at a time, by the ids of their rows: what is new meanwhile moves nothing.
import { InvalidArgumentError } from '../errors.ts';
import type { Send } from './chime.ts';
import { fromRow, isId } from './rows.ts';

/** A part of a list, the latest first. */
export interface Page<T> {
  items: T[];
  /** What to give as `after` for the next page; null where there is none. */
  next: string | null;
}

export interface PageOptions {
  /** How many at most: 50 by default, 1000 at most. */
  limit?: number;
  /** `next` of the page before. */
  after?: string | null;
}

/**
 * Reads a page.
 * @param source what to select from, whose rows are called `r`; it may use $3 and so on for `values`
 * @throws InvalidArgumentError (CH007)
 */
export async function readPage<T extends { id: string }>(
  send: Send,
  { columns, source, joins = '' }: { columns: string; source: string; joins?: string },
  values: unknown[],
  { limit = 50, after = null }: PageOptions,
): Promise<Page<T>> {
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new InvalidArgumentError(`A page has 1 to 1000 items, not ${limit}.`, {
      hint: 'Read the others with `after`.',
      detail: { field: 'limit' },
    });
  if (after !== null && !isId(after))
    throw new InvalidArgumentError('`after` does not come from a page.', {
      hint: 'Give `next` of the page before.',
      detail: { field: 'after' },
    });
  // The rows first: what is joined to them, or computed, is for those of the page alone.
  const rows = await send(
    `select ${columns} from (select * from ${source} r where ($2::uuid is null or r.id < $2) order by r.id desc limit $1) r
     ${joins} order by r.id desc`,
    [limit + 1, after, ...values],
  );
  const items = rows.slice(0, limit).map((row) => fromRow<T>(row));
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
