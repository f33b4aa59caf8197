// /calendar: the person's calendar to subscribe to, at an address that is shown once. Asked for again, another takes its place.
import { feedPath } from '../client/calendar_feeds.ts';
import type { PressHandler, Turn } from './turn.ts';

/** By this at the end of its name a feed is known that the bot has made; those of others are left alone. */
const mark = ' · Telegram';

async function revokeOld(turn: Turn): Promise<number> {
  const revoked = await turn.query(
    `select chime.revoke_calendar_feed(f.id) from chime.calendar_feeds f
     where f.user_id = $1 and f.revoked_at is null and right(f.name, length($2)) = $2`,
    [turn.heard.userId, mark],
  );
  return revoked.length;
}

export async function makeCalendar(turn: Turn): Promise<void> {
  if (turn.publicUrl === undefined) return turn.say(turn.t('calendarNoAddress'));
  const old = await revokeOld(turn);
  const [feed] = await turn.query<{ id: string; secret: string }>(
    'select c.id, c.secret from chime.create_calendar_feed($1) c',
    [`${turn.plain('calendarName')}${mark}`],
  );
  if (feed === undefined) throw new Error('The feed was not made.');
  turn.say(
    [
      turn.t('calendarMade'),
      turn.t('calendarAddress', { url: `${turn.publicUrl}${feedPath(feed.secret)}` }),
      turn.t('calendarSecret'),
      ...(old > 0 ? [turn.t('calendarReplaced')] : []),
    ].join('\n\n'),
    [[turn.button('buttonRevoke', 'unfeed', feed.id)]],
  );
}

export const pressRevoke: PressHandler = async (turn, press) => {
  await turn.query('select chime.revoke_calendar_feed($1)', [press.id]);
  turn.show(turn.t('calendarRevoked'));
};
