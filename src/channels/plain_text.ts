// Text as people read it in a chat: what a program has written for a terminal, without what only a terminal understands.
import { stripVTControlCharacters } from 'node:util';

/** Text without colours and other control sequences; line ends are \n, tabs stay. A line that was overwritten stays as a line. */
export function plainText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '')
      .toWellFormed()
  );
}
