// The person's time zone: asked for before the first time is saved, by what time it is for them, their city, or where they are. It is never
// taken for granted. When it changes, the person says what becomes of schedules that repeat.
import tzLookup from '@photostructure/tz-lookup';
import type { Button } from '../channels/button.ts';
import { checkIn } from './check_in.ts';
import { propose } from './create.ts';
import type { Pending } from './draft.ts';
import { draftOf } from './drafts.ts';
import { orSay } from './errors.ts';
import { takeInvitation } from './invitation.ts';
import { momentIn } from './moments.ts';
import type { PressHandler, Turn } from './turn.ts';

interface Place {
  zone: string;
  en: string;
  ru: string;
}

const inRows = (buttons: Button[], width: number): Button[][] =>
  Array.from({ length: Math.ceil(buttons.length / width) }, (_row, index) =>
    buttons.slice(index * width, (index + 1) * width),
  );

/** Asks for the zone. @param then what it is needed for */
export async function askZone(turn: Turn, then?: Pending): Promise<void> {
  const clocks = await turn.recall<{ minutes: number; local: string }>(
    'select * from chime_private.clocks_to_choose($1, $2)',
    [turn.language, turn.heard.now],
  );
  await turn.keep({ awaits: 'zone', options: [], ...(then === undefined ? {} : { then }) });
  const { isGroup, channelId } = turn.incoming;
  turn.say(turn.t('zoneAsk'), [
    ...inRows(
      clocks.map(({ minutes, local }) => turn.draftButton(local, 'clock', String(minutes))),
      4,
    ),
    [
      turn.draftButton(turn.plain('buttonCity'), 'city'),
      // Telegram has that button in private chats alone.
      ...(isGroup || channelId !== 'telegram'
        ? []
        : [turn.draftButton(turn.plain('buttonLocation'), 'where')]),
    ],
  ]);
}

/** One that is sure is taken; else one is to be chosen. */
async function takePlaces(turn: Turn, places: Place[], question: string, isSure = true): Promise<void> {
  const [first] = places;
  if (first !== undefined && places.length === 1 && isSure) return choose(turn, first.zone);
  const { draft } = turn.heard;
  const then = draft?.awaits === 'zone' ? draft.then : undefined;
  await turn.keep({ awaits: 'zone', options: places.map(({ zone }) => zone), ...(then && { then }) });
  turn.show(question, [
    ...inRows(
      places.map((place, index) => turn.draftButton(place[turn.language], 'zone', String(index))),
      2,
    ),
    [turn.draftButton(turn.plain('buttonOther'), 'city')],
  ]);
}

/** What somebody has typed who was asked for it; false where it is no such thing. */
export async function takeZone(turn: Turn, text: string): Promise<boolean> {
  const clock = /^\s*(\d{1,2})[:.](\d{2})\s*$/.exec(text);
  if (clock !== null && Number(clock[1]) < 24 && Number(clock[2]) < 60) {
    const places = await turn.recall<Place>(
      'select * from chime_private.zones_of_clock($1::time, null, $2)',
      [`${clock[1]}:${clock[2]}`, turn.heard.now],
    );
    if (places.length === 0) turn.say(turn.t('zoneUnknown', { text }));
    else await takePlaces(turn, places, turn.t('zoneAskCity'));
    return true;
  }
  const found = await turn.recall<Place & { is_exact: boolean }>(
    'select * from chime_private.find_zones($1)',
    [text],
  );
  if (found.length === 0) return false;
  const isSure = found.every((place) => place.is_exact);
  await takePlaces(turn, found, isSure ? turn.t('zoneAskCity') : turn.t('zoneMeant', { text }), isSure);
  return true;
}

/** Where somebody is. */
export async function takeLocation(turn: Turn, latitude: number, longitude: number): Promise<void> {
  await choose(turn, tzLookup(latitude, longitude));
}

async function repeating(turn: Turn, zone: string): Promise<number> {
  const [row] = await turn.query<{ count: number }>(
    `select count(*)::integer as count from chime.schedules s
     where s.at is null and s.timezone = $1 and s.status in ('active', 'paused') and s.deleted_at is null`,
    [zone],
  );
  return row?.count ?? 0;
}

async function setZone(turn: Turn, zone: string): Promise<void> {
  const [row] = await turn.query<{ timezone: string }>(
    'select (chime.set_preferences(timezone => $1)).timezone',
    [zone],
  );
  turn.timezone = row?.timezone ?? zone;
}

/** What the zone was needed for. */
async function goOn(turn: Turn, { text, saidAt, document }: Pending): Promise<void> {
  if (document !== undefined) return takeInvitation(turn, document);
  if (text === '/checkin') return checkIn(turn, '');
  await propose(turn, text, saidAt);
}

/** Takes a zone; schedules that repeat by the old one are asked for. */
export async function choose(turn: Turn, zone: string): Promise<void> {
  const { draft } = turn.heard;
  const old = turn.timezone;
  const then = draft?.awaits === 'zone' ? draft.then : undefined;
  await setZone(turn, zone);
  const taken = turn.timezone as string;
  const { time } = await momentIn(turn, turn.heard.now, taken);
  turn.show(turn.t('zoneSet', { zone: taken, local: time }));
  const count = old === null || old === taken ? 0 : await repeating(turn, old);
  if (old !== null && count > 0) {
    await turn.keep({ awaits: 'keep', zone: taken, old });
    return turn.say(turn.t('zoneKeep', { count, old, zone: taken }), [
      [turn.draftButton(turn.plain('buttonKeepClock'), 'keep', 'clock')],
      [turn.draftButton(turn.plain('buttonKeepMoments'), 'keep', 'moments')],
      [turn.draftButton(turn.plain('buttonCancel'), 'keep', 'old')],
    ]);
  }
  await turn.keep(null);
  // The zone is taken, whatever becomes of what it was asked for.
  if (then !== undefined) await orSay(turn, () => goOn(turn, then));
}

export const pressClock: PressHandler = async (turn, press) => {
  if ((await draftOf(turn, press, 'zone')) === undefined) return;
  const places = await turn.recall<Place>('select * from chime_private.zones_of_clock(null, $1, $2)', [
    Number(press.arg),
    turn.heard.now,
  ]);
  await takePlaces(turn, places, turn.t('zoneAskCity'));
};

export const pressZone: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'zone');
  const zone = draft?.options[Number(press.arg)];
  if (zone !== undefined) await choose(turn, zone);
};

export const pressCity: PressHandler = async (turn, press) => {
  if ((await draftOf(turn, press, 'zone')) !== undefined) turn.show(turn.t('zoneAskName'));
};

export const pressWhere: PressHandler = async (turn, press) => {
  if ((await draftOf(turn, press, 'zone')) === undefined) return;
  turn.said.push({
    kind: 'ask_location',
    channelContextId: turn.incoming.channelContextId,
    html: turn.t('zoneAskLocation'),
    label: turn.plain('buttonLocation'),
  });
};

export const pressKeep: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'keep');
  if (draft === undefined) return;
  const { zone, old } = draft;
  if (press.arg === 'clock') {
    await turn.query(
      `select chime.update_schedule(s.id, jsonb_build_object('timezone', $2::text)) from chime.schedules s
       where s.at is null and s.timezone = $1 and s.status in ('active', 'paused') and s.deleted_at is null`,
      [old, zone],
    );
    turn.show(turn.t('zoneKeptClock', { zone }));
  } else if (press.arg === 'moments') {
    turn.show(turn.t('zoneKeptMoments', { old }));
  } else {
    await setZone(turn, old);
    turn.show(turn.t('zoneKeptOld', { old }));
  }
  await turn.keep(null);
};
