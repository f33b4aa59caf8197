// What a text is about: all of it but what says when, and what only asks to be reminded.
import type { Language } from './reading.ts';

const asking: Record<Language, RegExp> = {
  en: /^[\s,;:.!–—-]*(?:(?:hey|hi|hello|ok|okay)[\s,!]+)?(?:please,?\s+)?(?:(?:can|could|would|will)\s+you\s+)?(?:please,?\s+)?(?:(?:i\s+(?:want|need|would\s+like)\s+(?:you\s+)?to\s+)?remind\s+(?:me|us)|(?:set|create|add|make)\s+(?:me\s+)?(?:a|an|the)\s+(?:reminder|alarm)(?:\s+for\s+me)?|(?:a\s+)?reminder(?=\s*[:,-]|\s+(?:to|about|that|for)\s))(?:,?\s+(?:please\s+)?(?:to|that|about|of)(?=\s|$))?/i,
  ru: /^[\s,;:.!–—-]*(?:привет[\s,!]+)?(?:пожалуйста,?\s+)?(?:(?:можешь|мог\s+бы)\s+)?(?:напомни(?:те|ть)?(?:ка)?|поставь(?:те)?\s+(?:мне\s+)?(?:напоминание|будильник)|напоминание|нужно\s+напомнить)(?:\s*,?\s*(?:мне|нам))?(?:\s*,?\s*пожалуйста)?(?:\s*,)?(?:\s+(?:о\s+том,?\s+что|о\s+том,?\s+чтобы|что|чтобы|про|о|об|обо)(?=\s))?/iu,
};

const rest: Record<Language, (text: string) => string> = {
  en: (text) =>
    edges(text.replace(asking.en, ''))
      .replace(/^(?:please,?\s+)?(?:to|that)\s+(?=\p{L})/iu, '')
      .replace(/(^|[\s,]{1,3})please[.!]?$/i, '')
      .replace(/^please,?\s+/i, ''),
  ru: (text) =>
    edges(text.replace(asking.ru, ''))
      .replace(/^(?:пожалуйста,?\s+)?(?:что|чтобы)\s+(?=\p{L})/iu, '')
      .replace(/(^|[\s,]{1,3})пожалуйста[.!]?$/iu, '')
      .replace(/^пожалуйста,?\s+/iu, ''),
};

/** Without the marks at both ends. By hand: an expression for the end would try each mark of a long row of them anew. */
function edges(text: string): string {
  const begun = text.replace(/^[\s,;:.–—-]+(?!\d)/, '');
  let end = begun.length;
  while (end > 0 && /[\s,;:–—-]/.test(begun[end - 1] ?? '')) end--;
  return begun.slice(0, end);
}

const spaces = (text: string): string => text.replace(/[^\S\n]+/g, ' ').replace(/ ?\n ?/g, '\n');

/** What a text is about where it says nothing of when. */
export function withoutAsking(text: string, locale: Language): string {
  const other = locale === 'ru' ? 'en' : 'ru';
  return edges(rest[other](rest[locale](spaces(text)))).trim();
}

/** A text without some of its parts. */
export function without(
  text: string,
  spans: readonly { start: number; end: number }[],
  locale: Language,
): string {
  let left = '';
  let from = 0;
  for (const { start, end } of spans) {
    left += `${text.slice(from, start).trimEnd()}${/\n\s*$/.test(text.slice(from, start)) ? '\n' : ' '}`;
    from = end;
  }
  left += text.slice(from);
  // Marks that stood around what was taken out.
  const joined = spaces(left)
    .replace(/\(\s*\)|"\s*"|«\s*»|“\s*”/g, ' ')
    .replace(/ ([,.;:!?])(?=\s|$)/g, '$1')
    .replace(/([,;:])\s*(?=[,;:.])/g, '');
  return withoutAsking(joined, locale);
}
