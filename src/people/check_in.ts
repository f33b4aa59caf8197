// What a daily check-in says: words of a language model that knows what is remembered of the person, or, without one, a greeting.
import type { Person } from './person.ts';

export type Language = 'en' | 'ru';

export const languageOf = ({ locale }: Pick<Person, 'locale'>): Language =>
  locale?.toLowerCase().startsWith('ru') ? 'ru' : 'en';

/** More is no one or two sentences. */
export const longestCheckIn = 600;

type PartOfDay = 'night' | 'morning' | 'day' | 'evening';

function partOfDay(localTime: string): PartOfDay {
  const hour = Number(localTime.slice(11, 13));
  if (hour < 4 || hour >= 23) return 'night';
  if (hour < 12) return 'morning';
  return hour < 18 ? 'day' : 'evening';
}

const greetings: Readonly<Record<Language, Readonly<Record<PartOfDay, string>>>> = {
  en: { night: 'Hello', morning: 'Good morning', day: 'Good afternoon', evening: 'Good evening' },
  ru: { night: 'Привет', morning: 'Доброе утро', day: 'Добрый день', evening: 'Добрый вечер' },
};

const questions: Readonly<Record<Language, readonly string[]>> = {
  en: [
    'How are you today?',
    'How is your day going?',
    'How are things with you?',
    'What is on your mind today?',
    'How have you been?',
    'Is there anything I can help you with today?',
    'How do you feel today?',
  ],
  ru: [
    'Как дела?',
    'Как проходит день?',
    'Как у вас дела сегодня?',
    'О чём думаете сегодня?',
    'Как вы?',
    'Могу ли я чем-нибудь помочь сегодня?',
    'Как настроение?',
  ],
};

/** A greeting for which no model is needed: not the same one every day. */
export function plainCheckIn(person: Person, weather: string | undefined): string {
  const language = languageOf(person);
  const name = person.name === null ? '' : `, ${person.name}`;
  const day = Math.floor(Date.parse(`${person.localTime.slice(0, 10)}T00:00:00Z`) / 86_400_000);
  const question = questions[language][day % questions[language].length] as string;
  const outside =
    weather === undefined
      ? ''
      : ` ${language === 'en' ? `In ${person.place}:` : `${person.place}:`} ${weather}.`;
  return `${greetings[language][partOfDay(person.localTime)]}${name}!${outside} ${question}`;
}

const languages: Readonly<Record<Language, string>> = { en: 'English', ru: 'Russian' };

/** Who the model is to be. */
export const checkInInstructions = [
  'You write the daily check-in message of a friendly assistant to one person: one or two warm, simple sentences that ask how they are.',
  'What is known of the person stands in <data>. Where something there makes a good occasion, mention one such thing; otherwise just ask. Never invent anything, give no advice, make no promises.',
  'Write the message alone: no quotation marks, no subject, no signature, no Markdown, at most one emoji.',
].join('\n');

/** What the model is asked, and what it may know. */
export function checkInPrompt(person: Person, weather: string | undefined): { prompt: string; data: string } {
  const { name, place, localTime, context } = person;
  return {
    prompt: `Write today's check-in in ${languages[languageOf(person)]}.`,
    data: JSON.stringify(
      {
        ...{ name, local_time: localTime },
        ...(weather !== undefined && { weather: `${place}: ${weather}` }),
        ongoing_situations: context.situations,
        recent_facts: context.facts,
      },
      null,
      1,
    ),
  };
}

/** What a model has said, as it can be sent; undefined where it is of no use. */
export function usableCheckIn(said: string): string | undefined {
  const text = said
    .trim()
    .replace(/^["«“](.*)["»”]$/su, '$1')
    .trim();
  return text === '' || text.length > longestCheckIn ? undefined : text;
}
