// The dialogue: what somebody has said goes to a command, to what the bot was waiting for, to the run that they answer, or becomes a
// schedule; what they have pressed, to its button.
import pg from 'pg';
import { type Press, readButton } from '../channels/button.ts';
import { withSavepoint } from '../db/transaction.ts';
import { takeAsk } from './asks.ts';
import { pressRevoke } from './calendar_feed.ts';
import { pressCheckIn, takeCheckInTime, takePlace } from './check_in.ts';
import { commands, welcomeBack } from './commands.ts';
import {
  offer,
  pressChange,
  pressChoose,
  pressCreate,
  pressText,
  pressWhen,
  propose,
  takeWhen,
} from './create.ts';
import type { ChannelPort, Dialogue, Incoming, Outgoing } from './dialogue.ts';
import { pressDrop, sayExpired } from './drafts.ts';
import { pressReedit, pressSave, takeEdit } from './edit.ts';
import { orSay } from './errors.ts';
import { pressAgain, pressDone, pressSnooze } from './fired.ts';
import { hear } from './heard.ts';
import { pressUnbook, takeInvitation } from './invitation.ts';
import { pressList } from './list.ts';
import { pressRedraft } from './redraft.ts';
import { takeReply } from './replies.ts';
import * as cards from './schedule_buttons.ts';
import { pressLanguage, pressPart, pressSet, takeForget } from './settings.ts';
import { html, languageFor, plain } from './texts/texts.ts';
import { type Means, type PressHandler, Turn } from './turn.ts';
import { pressCity, pressClock, pressKeep, pressWhere, pressZone, takeLocation, takeZone } from './zone.ts';

const pressBack: PressHandler = async (turn, press) => {
  if (press.arg !== 'yes') return turn.show(turn.t('keptBlocked'));
  await turn.query('select chime.resume_mapping($1)', [turn.heard.mappingId]);
  turn.show(turn.t('sendsAgain'));
};

const presses: ReadonlyMap<string, PressHandler> = new Map([
  ['when', pressWhen],
  ['choose', pressChoose],
  ['create', pressCreate],
  ['change', pressChange],
  ['text', pressText],
  ['drop', pressDrop],
  ['redraft', pressRedraft],
  ['clock', pressClock],
  ['zone', pressZone],
  ['city', pressCity],
  ['where', pressWhere],
  ['keep', pressKeep],
  ['do', async (turn, press) => (await import('./calls.ts')).pressDo(turn, press)],
  ['option', async (turn, press) => (await import('./calls.ts')).pressOption(turn, press)],
  ['save', pressSave],
  ['reedit', pressReedit],
  ['list', pressList],
  ['card', cards.pressCard],
  ['run', cards.pressRun],
  ['pause', cards.pressPause],
  ['resume', cards.pressResume],
  ['edit', cards.pressEdit],
  ['output', cards.pressOutput],
  ['runs', cards.pressRuns],
  ['skip', cards.pressSkip],
  ['delete', cards.pressDelete],
  ['remove', cards.pressRemove],
  ['undo', cards.pressUndo],
  ['restore', cards.pressRestore],
  ['done', pressDone],
  ['snooze', pressSnooze],
  ['again', pressAgain],
  ['set', pressSet],
  ['part', pressPart],
  ['checkin', pressCheckIn],
  ['language', pressLanguage],
  ['unfeed', pressRevoke],
  ['unbook', pressUnbook],
  ['back', pressBack],
]);

async function takePress(turn: Turn, press: Press | undefined): Promise<void> {
  const handler = press === undefined ? undefined : presses.get(press.verb);
  if (press === undefined || handler === undefined) return turn.answer(turn.plain('stale'), true);
  await handler(turn, press);
}

/** A command, and what is written behind it; undefined for what is none, or is another bot's in a group. */
function commandIn(text: string): { name: string; rest: string } | undefined {
  const match = /^\/([a-zA-Z_]{1,32})(?:@(\w+))?(?:\s+([\s\S]*))?$/.exec(text.trim());
  return match?.[1] === undefined
    ? undefined
    : { name: match[1].toLowerCase(), rest: (match[3] ?? '').trim() };
}

async function takeCommand(turn: Turn, { name, rest }: { name: string; rest: string }): Promise<void> {
  const { isGroup } = turn.incoming;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  // In a group it may be meant for another bot.
  if (command === undefined)
    return isGroup ? undefined : turn.say(turn.t('unknownCommand', { command: `/${name}` }));
  if (command.in.includes(isGroup ? 'group' : 'private')) await command.run(turn, rest);
}

async function takeText(turn: Turn, text: string): Promise<void> {
  const { incoming, heard } = turn;
  if (incoming.repliesTo !== undefined && (await takeReply(turn, incoming.repliesTo, text))) return;
  const { draft } = heard;
  if (draft !== null && heard.isExpired && draft.awaits !== 'forget') {
    // What is said now may well be something new; only an answer would make no sense by itself.
    const isAnswer = draft.awaits === 'what' || draft.awaits === 'edit' || draft.awaits === 'place';
    if (isAnswer || (draft.awaits === 'zone' && !/\d/.test(text))) return sayExpired(turn);
  } else if (draft !== null) {
    switch (draft.awaits) {
      case 'zone':
        if (await takeZone(turn, text)) return;
        if (draft.options.length > 0 || !/\d/.test(text)) return turn.say(turn.t('zoneUnknown', { text }));
        break;
      case 'when':
        return takeWhen(turn, draft.what, text);
      case 'what':
        return offer(turn, text, draft.found, text);
      case 'edit':
        return takeEdit(turn, draft, text);
      case 'check_in_time':
        return takeCheckInTime(turn, text);
      case 'place':
        return takePlace(turn, text);
      case 'forget':
        return takeForget(turn, text);
    }
  }
  if (!(await takeAsk(turn, text))) await propose(turn, text);
}

async function take(turn: Turn): Promise<void> {
  const { incoming, heard } = turn;
  if (incoming.membership === 'returned')
    return heard.mappingStatus === 'blocked' ? welcomeBack(turn) : undefined;
  if (incoming.pressed !== undefined) return takePress(turn, readButton(incoming.pressed.data));
  // In a group it is nobody's to say where all of it is.
  if (incoming.location !== undefined && !incoming.isGroup)
    return takeLocation(turn, incoming.location.latitude, incoming.location.longitude);
  if (incoming.document !== undefined) {
    if (heard.mappingStatus === 'blocked') await welcomeBack(turn);
    return takeInvitation(turn, incoming.document);
  }
  const text = incoming.text?.replaceAll('\0', '').toWellFormed().trim() ?? '';
  if (text === '') return;
  const command = commandIn(text);
  if (command !== undefined) return takeCommand(turn, command);
  if (heard.mappingStatus === 'blocked') await welcomeBack(turn);
  await takeText(turn, text);
}

/** Answers somebody who may not use the bot. */
function refuse({ pressed, channelContextId, from, isGroup, membership }: Incoming): Outgoing[] {
  if (membership !== undefined) return [];
  const text = plain(languageFor(from.languageCode), 'notAllowed');
  if (pressed !== undefined) return [{ kind: 'answer', queryId: pressed.queryId, text, alert: true }];
  return isGroup ? [] : [{ kind: 'message', channelContextId, html: text }];
}

const isRefused = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === 'CH041';

/** In a group people talk to each other, too: what is not for the bot leaves no trace, not even of who they are. */
const isHeard = ({ isGroup, isToBot, text, document, location }: Incoming): boolean => {
  if (!isGroup || isToBot === true) return !isGroup || location === undefined;
  return location === undefined && document === undefined && (text === undefined || text.startsWith('/'));
};

async function handle(
  incoming: Incoming,
  client: pg.ClientBase,
  channel: ChannelPort,
  means: Means,
): Promise<Outgoing[]> {
  // Of the place alone, which is on record: see place.ts.
  if (incoming.migratedTo !== undefined || incoming.membership === 'left' || !isHeard(incoming)) return [];
  let turn: Turn;
  const listen = () =>
    withSavepoint(
      client,
      async () => new Turn(incoming, await hear(incoming, client), client, channel, means),
    );
  try {
    // Who was forgotten at this very moment is somebody new when asked again; who is blocked still is.
    turn = await listen().catch((error: unknown) => {
      if (isRefused(error)) return listen();
      throw error;
    });
  } catch (error) {
    if (isRefused(error)) return refuse(incoming);
    throw error;
  }
  await orSay(turn, () => take(turn));
  turn.answer();
  return turn.said;
}

/** To somebody whose message cannot be handled, whatever is tried. Who they are, and what they have chosen, is not asked for any more. */
function sorry({ pressed, channelContextId, from, membership }: Incoming, code: string): Outgoing[] {
  if (membership !== undefined) return [];
  const said = html(languageFor(from.languageCode), 'broken', { code });
  return [
    ...(pressed === undefined ? [] : [{ kind: 'answer' as const, queryId: pressed.queryId }]),
    { kind: 'message', channelContextId, html: said },
  ];
}

/**
 * The dialogue of the bot. It remembers nothing itself: one is as good as another.
 * @param means what is configured
 */
export const makeDialogue = (means: Means = {}): Dialogue => ({
  handle: (incoming, client, channel) => handle(incoming, client, channel, means),
  sorry,
});
