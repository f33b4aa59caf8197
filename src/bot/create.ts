// From what somebody has written to a schedule: what and when are read, what is missing is asked for, what is not plain is shown first.
import { withoutAsking } from '../conversation/phrases/message.ts';
import type { PhraseRule, Reading } from '../conversation/phrases/reading.ts';
import { whenLines } from './card.ts';
import type { Pending } from './draft.ts';
import { draftOf } from './drafts.ts';
import { momentIn } from './moments.ts';
import { type Found, readIn, waysOf } from './phrase.ts';
import { isOnce, overdueArgument, previewRule, ruleArguments } from './rules.ts';
import { readSchedule, stateOf } from './schedules.ts';
import type { PressHandler, Turn } from './turn.ts';
import { askZone } from './zone.ts';

/** Characters of a reminder: with its notes it still is one message. */
const mostText = 2000;

/** The phrase behind a button that says when. */
function phraseOf(arg: string, { morningAt, eveningAt }: Turn['heard']): string | undefined {
  if (arg === 'hour') return 'in 1 hour';
  if (arg === 'tonight') return `today at ${eveningAt}`;
  return arg === 'tomorrow' ? `tomorrow at ${morningAt}` : undefined;
}

const read = (turn: Turn, { text, saidAt }: Pending): Reading =>
  readIn(turn, text, { saidAt: new Date(saidAt) });

/** What is written like an expression of cron, and is none, is refused by whoever knows what is wrong with it. */
async function refuseCron(turn: Turn, text: string): Promise<void> {
  const [written] = /^(?:[\d*][\d*/,-]*\s+){4}[\d*?][\d*/,#-]*(?=\s|$)/.exec(text) ?? [];
  if (written?.includes('*') === true) await previewRule(turn, { cron: written }, turn.timezone ?? 'UTC');
}

/** Whether the person may create schedules there; says so where not. */
export async function mayCreate(turn: Turn): Promise<boolean> {
  if (!turn.incoming.isGroup || !turn.heard.adminsCreate || (await turn.isAdmin())) return true;
  turn.say(turn.t('adminsOnly'));
  return false;
}

/** Makes a schedule of what somebody has written, or asks for what is missing. */
export async function propose(
  turn: Turn,
  text: string,
  saidAt: string = turn.saidAt.toISOString(),
): Promise<void> {
  if (text.length > mostText) return turn.say(turn.t('tooLong', { most: mostText }));
  if (!(await mayCreate(turn))) return;
  const reading = read(turn, { text, saidAt });
  if (reading.kind === 'none') {
    if (turn.timezone !== null) await refuseCron(turn, text);
    // Loaded where there is a model alone.
    if (turn.model !== undefined && (await (await import('./assistant.ts')).takeFree(turn, text))) return;
    return askWhen(turn, withoutAsking(text, turn.language));
  }
  // A time means nothing before the zone is known.
  if (turn.timezone === null) return askZone(turn, { text, saidAt });
  if (!('rule' in reading)) return askWhich(turn, reading);
  const { rule, timezone, assumptions, message } = reading;
  const found = { rule, timezone, assumptions };
  if (message === '') {
    await turn.keep({ awaits: 'what', found });
    return turn.say(turn.t('whatOnly', { when: phraseIn(reading) }), [
      [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
    ]);
  }
  await offer(turn, message, found, text);
}

async function askWhen(turn: Turn, what: string): Promise<void> {
  await turn.keep({ awaits: 'when', what });
  turn.say(turn.t('whenMissing', { what }), [
    [
      turn.draftButton(turn.plain('buttonHour'), 'when', 'hour'),
      turn.draftButton(turn.plain('buttonTonight', { time: turn.heard.eveningAt }), 'when', 'tonight'),
      turn.draftButton(turn.plain('buttonTomorrow', { time: turn.heard.morningAt }), 'when', 'tomorrow'),
    ],
    [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
  ]);
}

/** The words that say when. */
const phraseIn = ({ understood }: Reading): string => understood.join(' … ');

/** Which of several times is meant, or what instead of one that is over. */
async function askWhich(turn: Turn, reading: Reading): Promise<void> {
  const ways = waysOf(reading);
  const { message: what } = reading;
  const when = phraseIn(reading);
  const isOver = reading.kind === 'past';
  const { time: now } = await momentIn(turn, turn.saidAt, reading.timezone);
  await turn.keep(ways.length === 0 ? { awaits: 'when', what } : { awaits: 'choice', what, ways });
  const buttons = ways.map(({ label }, index) => turn.draftButton(label, 'choose', String(index)));
  turn.say(
    [
      turn.t(isOver ? (ways.length === 0 ? 'whenOver' : 'whenOverOr') : 'whenAmbiguous', { when, now }),
      ...assumptionLines(turn, reading.assumptions),
    ].join('\n'),
    [
      ...(buttons.length > 2 ? buttons.map((button) => [button]) : buttons.length > 0 ? [buttons] : []),
      [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
    ],
  );
}

/** What was taken for granted, a line each. */
const assumptionLines = (turn: Turn, assumptions: readonly string[]): string[] =>
  assumptions.map((text) => turn.t('assumed', { text }));

/** Saves what is plain, with a way back; shows all else before. */
export async function offer(turn: Turn, what: string, found: Found, text: string): Promise<void> {
  const { rule, timezone, assumptions } = found;
  if (isOnce(rule) && !turn.incoming.isGroup) return save(turn, what, found);
  const { words, next, seconds } = await previewRule(turn, rule, timezone);
  await turn.keep({ awaits: 'confirm', what, found, text });
  turn.show(
    [
      turn.t('confirm'),
      turn.t('created', { what }).replace('✅', '📝'),
      ...whenLines(turn, words, next, seconds),
      ...assumptionLines(turn, assumptions),
    ].join('\n'),
    [
      [
        turn.draftButton(turn.plain('buttonCreate'), 'create'),
        turn.draftButton(turn.plain('buttonChange'), 'change'),
        turn.draftButton(turn.plain('buttonCancel'), 'drop'),
      ],
      [turn.draftButton(turn.plain('buttonText'), 'text')],
    ],
  );
}

const createSql = (rule: PhraseRule, sql: string): string =>
  `select id from chime.create_schedule(task => 'remind', payload => $1::jsonb, name => $2::text, timezone => $3::text,
     channel_mapping_id => $4::uuid, ${sql}${overdueArgument(rule)})`;

async function save(turn: Turn, what: string, { rule, timezone, assumptions }: Found): Promise<void> {
  const { sql, values } = ruleArguments(rule, 5);
  const [created] = await turn.query<{ id: string }>(createSql(rule, sql), [
    JSON.stringify({ text: what }),
    nameOf(what),
    timezone,
    turn.heard.mappingId,
    ...values,
  ]);
  const schedule = created === undefined ? undefined : await readSchedule(turn, created.id);
  if (schedule === undefined) return;
  const { id, words, next, seconds } = schedule;
  if (turn.incoming.isGroup)
    await turn.recall('select chime_private.note_author($1, $2)', [id, turn.heard.personId]);
  await turn.keep(null);
  const rev = stateOf(schedule);
  const notes = isOnce(rule) ? assumptionLines(turn, assumptions) : [];
  turn.show([turn.t('created', { what }), ...whenLines(turn, words, next, seconds), ...notes].join('\n'), [
    [turn.button('buttonUndo', 'undo', id, { rev }), turn.button('buttonEdit', 'edit', id, { rev })],
  ]);
}

/** What a reminder is called: the first line of its text, as far as a name may be. */
export function nameOf(what: string): string {
  const [line = ''] = what.trim().split('\n');
  return line.length <= 100 ? line.trim() : `${line.slice(0, 99).toWellFormed().trimEnd()}…`;
}

/** The time that was asked for. Anything else that is said then is a new wish. */
export async function takeWhen(turn: Turn, what: string, text: string): Promise<void> {
  const reading = read(turn, { text, saidAt: turn.saidAt.toISOString() });
  return propose(turn, reading.kind !== 'none' && reading.message === '' ? `${text} ${what}` : text);
}

export const pressWhen: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'when');
  const phrase = phraseOf(press.arg, turn.heard);
  if (draft !== undefined && phrase !== undefined) await propose(turn, `${phrase} ${draft.what}`);
};

export const pressChoose: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'choice');
  const found = draft?.ways[Number(press.arg)];
  if (draft === undefined || found === undefined) return;
  if (draft.what !== '') return offer(turn, draft.what, found, draft.what);
  await turn.keep({ awaits: 'what', found });
  turn.show(turn.t('newWhat'));
};

export const pressCreate: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm');
  if (draft !== undefined && (await mayCreate(turn))) await save(turn, draft.what, draft.found);
};

/** The phrase was no time after all: the text as it stands, and its time is asked for. */
export const pressText: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm');
  if (draft === undefined) return;
  turn.show(turn.t('created', { what: draft.text }).replace('✅', '📝'));
  await askWhen(turn, draft.text);
};

/** To be written anew: what comes next takes the place of what there is. */
export const pressChange: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm');
  if (draft === undefined) return;
  await turn.keep({ awaits: 'when', what: draft.what });
  turn.show(turn.t('whenMissing', { what: draft.what }));
};
