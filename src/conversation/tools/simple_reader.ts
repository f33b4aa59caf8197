// The plain ways to say when, as the bot reads them, behind the interface of a reader of phrases.
import { type Choice, readWhen } from '../../bot/when/when.ts';
import type { PhraseContext } from '../phrases/reading.ts';
import type { ReadPhrase } from './tool.ts';

function momentOf({ now, timezone }: PhraseContext) {
  const format = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'short',
    timeZone: timezone,
  });
  const [date = '', time = ''] = format.format(now).split(' ');
  return { instant: now, date, time };
}

const labels = {
  en: { today: 'today', tomorrow: 'tomorrow', at: 'at' },
  ru: { today: 'сегодня', tomorrow: 'завтра', at: 'в' },
};

export const simpleReader: ReadPhrase = (phrase, context) => {
  const { timezone, locale } = context;
  const moment = momentOf(context);
  const reading = readWhen(phrase, { now: moment, timezone, locale });
  if (reading.kind === 'none')
    return { kind: 'none', timezone, message: phrase, understood: [], assumptions: [] };
  const common = { timezone, message: reading.what, understood: [reading.phrase], assumptions: [] };
  const time = reading.time === undefined ? {} : { time: reading.time };
  if (reading.kind === 'rule') {
    const kind = reading.rule.at === undefined ? 'recurring' : 'once';
    return { ...common, kind, rule: reading.rule, ...time };
  }
  const option = ({ day, time: at, rule }: Choice) => ({
    label: `${labels[locale][day]} ${labels[locale].at} ${at}`,
    kind: 'once' as const,
    rule,
  });
  return { ...common, kind: 'ambiguous', options: reading.choices.map(option), time: reading.time };
};
