// The texts of the bot in the language of whoever it speaks to.
import { IntlMessageFormat } from 'intl-messageformat';
import { en, type TextKey } from './en.ts';
import { ru } from './ru.ts';

export type { TextKey } from './en.ts';

export type Language = 'en' | 'ru';
export type TextValues = Readonly<Record<string, string | number>>;

const catalogues: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, ru };
const formats = new Map<string, IntlMessageFormat>();

/** The language for a locale: Russian for Russian, English for all others. */
export const languageFor = (locale: string | null | undefined): Language =>
  /^ru\b/i.test(locale ?? '') ? 'ru' : 'en';

/** Text as it stands in Telegram's HTML. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A text as it is, for buttons and short answers, which have no HTML. */
export function plain(language: Language, key: TextKey, values: TextValues = {}): string {
  const name = `${language}:${key}`;
  let format = formats.get(name);
  if (format === undefined) {
    // Tags are Telegram's, and not for the library to read.
    format = new IntlMessageFormat(catalogues[language][key], language, undefined, { ignoreTag: true });
    formats.set(name, format);
  }
  return String(format.format(values as Record<string, string | number>));
}

/** A text in Telegram's HTML; the values are escaped. */
export function html(language: Language, key: TextKey, values: TextValues = {}): string {
  return plain(
    language,
    key,
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        typeof value === 'string' ? escaped(value) : value,
      ]),
    ),
  );
}
