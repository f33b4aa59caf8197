// Text that somebody else wrote, on its way to a terminal: what would steer the terminal is shown instead of obeyed.

const show = (character: string) => `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;

/** Text for one line: control characters as \x1b, ends of lines as ↵. */
export function printable(text: string): string {
  return text.replaceAll(/\r?\n/g, '↵').replaceAll(/\p{Cc}/gu, show);
}

/** Text of several lines: the same, but ends of lines and tabs are kept. */
export function printableLines(text: string): string {
  return text.replaceAll(/\r?\n|\p{Cc}/gu, (found) =>
    /^[\r\n\t]/.test(found) && found !== '\r' ? found : show(found),
  );
}
