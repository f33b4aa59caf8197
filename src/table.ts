// Tables of text: columns side by side, numbers to the right, as wide as what they hold looks on a terminal.
import { printable } from './printable.ts';
import { stringWidth } from './width.ts';

/** No cell is padded to more than this: one long value must not make every line as long as itself. */
const widest = 200;

/** How wide a text looks; of one that is wider than any column, only that. */
const widthOf = (text: string) => (text.length > widest * 4 ? widest : Math.min(widest, stringWidth(text)));

/** Whether a value is a number, or one with more digits than a number of JavaScript has. */
const isNumeral = (value: unknown) =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

/** A value of a row, as people read it. */
function show(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return printable(JSON.stringify(value));
  return printable(String(value));
}

/**
 * A table with a line of headings.
 * @param columns the names of the columns, in order
 * @param rows objects with these names
 * @param paint colours a cell after it was padded; by default it is left as it is
 */
export function formatTable(
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
  paint: (text: string, column: string, row: Record<string, unknown> | undefined) => string = (text) => text,
): string {
  return [...tableLines(columns, rows, paint)].join('');
}

/** The same, line by line: for tables that would be too large as one text. */
export function* tableLines(
  columns: readonly string[],
  rows: readonly Record<string, unknown>[],
  paint: (text: string, column: string, row: Record<string, unknown> | undefined) => string = (text) => text,
): Generator<string> {
  const titles = columns.map(printable);
  const cells = rows.map((row) => columns.map((column) => show(row[column])));
  const isNumber = columns.map(
    (column) => rows.length > 0 && rows.every((row) => row[column] === null || isNumeral(row[column])),
  );
  const widths = titles.map((title, index) =>
    cells.reduce((width, line) => Math.max(width, widthOf(line[index] ?? '')), stringWidth(title)),
  );
  const pad = (text: string, index: number) => {
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)));
    return isNumber[index] ? space + text : text + space;
  };
  const line = (texts: readonly string[], row: Record<string, unknown> | undefined) =>
    texts
      .map((text, index) => paint(pad(text, index), columns[index] ?? '', row))
      .join('  ')
      .trimEnd()
      .concat('\n');
  yield line(titles, undefined);
  for (const [index, texts] of cells.entries()) yield line(texts, rows[index]);
}
