// How many columns of a terminal a text takes. What knows that of all letters takes longer to load than a short command takes for all the
// rest, and of plain ASCII nobody need ask it.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
let widthOfAny: ((text: string) => number) | undefined;

export function stringWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  widthOfAny ??= (require('string-width') as typeof import('string-width')).default;
  return widthOfAny(text);
}
