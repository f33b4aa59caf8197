// Tables of text: columns side by side, numbers to the right, as wide as what they hold looks on a terminal.
import stringWidth from 'string-width';

/** A value of a row, as people read it. */
function show(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value).replaceAll('\n', '↵');
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
  const cells = rows.map((row) => columns.map((column) => show(row[column])));
  const isNumber = columns.map(
    (column) =>
      rows.length > 0 && rows.every((row) => row[column] === null || typeof row[column] === 'number'),
  );
  const widths = columns.map((column, index) =>
    Math.max(stringWidth(column), ...cells.map((line) => stringWidth(line[index] ?? ''))),
  );
  const pad = (text: string, index: number) => {
    const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - stringWidth(text)));
    return isNumber[index] ? space + text : text + space;
  };
  const line = (texts: readonly string[], row: Record<string, unknown> | undefined) =>
    texts
      .map((text, index) => paint(pad(text, index), columns[index] ?? '', row))
      .join('  ')
      .trimEnd();
  return `${[line(columns, undefined), ...cells.map((texts, index) => line(texts, rows[index]))].join('\n')}\n`;
}
