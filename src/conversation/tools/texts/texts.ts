// The sentences of tools in the language of whoever they are for. They are plain text: who shows them elsewhere escapes them.
import { IntlMessageFormat } from 'intl-messageformat';
import type { Language } from '../../phrases/reading.ts';
import { en, type TextKey } from './en.ts';
import { ru } from './ru.ts';

export type { TextKey } from './en.ts';
export type TextValues = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, ru };
const formats = new Map<string, IntlMessageFormat>();

/** A sentence with its values; what people or programs wrote goes into it by `quoted` alone. */
export function text(language: Language, key: TextKey, values: TextValues = {}): string {
  const name = `${language}:${key}`;
  let format = formats.get(name);
  if (format === undefined) {
    format = new IntlMessageFormat(catalogues[language][key], language, undefined, { ignoreTag: true });
    formats.set(name, format);
  }
  return String(format.format(values as Record<string, string | number>));
}

/** What somebody wrote, short enough and on one line, so that it cannot pass for the sentence around it. */
export function quoted(written: string, most = 60): string {
  const line = written
    .replace(/[\s\p{C}]+/gu, ' ')
    .replace(/[“”«»"]/g, "'")
    .trim();
  return line.length <= most
    ? line
    : `${line
        .slice(0, most - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

/** The language for a locale: Russian for Russian, English for all others. */
export const languageFor = (locale: string | null | undefined): Language =>
  /^ru\b/i.test(locale ?? '') ? 'ru' : 'en';
