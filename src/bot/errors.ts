// What the database refuses, in words for whoever asked for it.
import pg from 'pg';
import { momentIn } from './moments.ts';
import type { Turn } from './turn.ts';

/** Does something, or says why it cannot be done; what is nobody's mistake is for who runs the bot, and thrown. */
export async function orSay(turn: Turn, work: () => Promise<void>): Promise<void> {
  try {
    await turn.whole(work);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !/^CH0(0[1-7]|1[0-9]|2[34]|4[12])$/.test(error.code ?? ''))
      throw error;
    const text = await wordsOf(turn, error);
    const isPress = turn.incoming.pressed !== undefined && turn.said.length === 0;
    if (isPress) turn.answer(plainOf(text), true);
    else turn.say(text);
  }
}

async function wordsOf(turn: Turn, error: pg.DatabaseError): Promise<string> {
  switch (error.code) {
    case 'CH001':
    case 'CH002':
    case 'CH003':
      return turn.t('unclearTime', { reason: error.message });
    case 'CH004': {
      const { date, time } = await momentIn(turn, turn.heard.now, turn.timezone ?? 'UTC');
      const when = /^(\S+ \S+) is in the past/.exec(error.message)?.[1] ?? '';
      return turn.t('past', { when: when.replace(`${date} `, '').slice(0, 16), now: time });
    }
    case 'CH005':
      return turn.t('noTask');
    case 'CH010':
    case 'CH011':
    case 'CH018':
    case 'CH019':
    case 'CH023':
    case 'CH024':
      return turn.t('gone');
    case 'CH012':
      return turn.t('stale');
    default:
      return turn.t('refused', { reason: error.message });
  }
}

const plainOf = (text: string): string =>
  text
    .replace(/<[^>]+>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
