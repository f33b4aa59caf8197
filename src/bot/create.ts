// From what somebody has written to a schedule: what and when are read, what is missing is asked for, what is not plain is shown first.
import { whenLines } from './card.ts';
import type { Pending } from './draft.ts';
import { draftOf } from './drafts.ts';
import { momentIn } from './moments.ts';
import { isOnce, overdueArgument, previewRule, ruleArguments } from './rules.ts';
import { readSchedule, stateOf } from './schedules.ts';
import type { PressHandler, Turn } from './turn.ts';
import { type Choice, type Reading, type Rule, readWhen, withoutAsking } from './when/when.ts';
import { askZone } from './zone.ts';

/** Characters of a reminder: with its notes it still is one message. */
const mostText = 2000;

/** The phrase behind a button that says when. */
function phraseOf(arg: string, { morningAt, eveningAt }: Turn['heard']): string | undefined {
  if (arg === 'hour') return 'in 1 hour';
  if (arg === 'tonight') return `today at ${eveningAt}`;
  return arg === 'tomorrow' ? `tomorrow at ${morningAt}` : undefined;
}

async function read(turn: Turn, { text, saidAt }: Pending): Promise<Reading> {
  const timezone = turn.timezone ?? 'UTC';
  const now = await momentIn(turn, new Date(saidAt), timezone);
  return readWhen(text, { now, timezone, locale: turn.language });
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
  const reading = await read(turn, { text, saidAt });
  if (reading.kind === 'none') return askWhen(turn, withoutAsking(text, turn.language));
  // A time means nothing before the zone is known.
  if (turn.timezone === null) return askZone(turn, { text, saidAt });
  if (reading.kind === 'question') return askWhich(turn, reading.what, reading.phrase, reading.choices);
  if (reading.what === '') {
    await turn.keep({ awaits: 'what', rule: reading.rule });
    return turn.say(turn.t('whatOnly', { when: reading.phrase }), [
      [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
    ]);
  }
  await offer(turn, reading.what, reading.rule, text);
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

async function askWhich(turn: Turn, what: string, phrase: string, choices: Choice[]): Promise<void> {
  await turn.keep({ awaits: 'choice', what, rules: choices.map(({ rule }) => rule) });
  const label = ({ day, time }: Choice) => turn.plain(day === 'today' ? 'todayAt' : 'tomorrowAt', { time });
  turn.say(turn.t('whenAmbiguous', { when: phrase }), [
    choices.map((choice, index) => turn.draftButton(label(choice), 'choose', String(index))),
    [turn.draftButton(turn.plain('buttonCancel'), 'drop')],
  ]);
}

/** Saves what is plain, with a way back; shows all else before. */
export async function offer(turn: Turn, what: string, rule: Rule, text: string): Promise<void> {
  const timezone = turn.timezone as string;
  if (isOnce(rule) && !turn.incoming.isGroup) return save(turn, what, rule);
  const { words, next, seconds } = await previewRule(turn, rule, timezone);
  await turn.keep({ awaits: 'confirm', what, rule, text });
  turn.show(
    [
      turn.t('confirm'),
      turn.t('created', { what }).replace('✅', '📝'),
      ...whenLines(turn, words, next, seconds),
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

async function save(turn: Turn, what: string, rule: Rule): Promise<void> {
  const timezone = turn.timezone as string;
  const { sql, values } = ruleArguments(rule, 5);
  const [created] = await turn.query<{ id: string }>(
    `select id from chime.create_schedule(task => 'remind', payload => $1::jsonb, name => $2::text, timezone => $3::text,
       channel_mapping_id => $4::uuid, ${sql}${overdueArgument(rule)})`,
    [JSON.stringify({ text: what }), nameOf(what), timezone, turn.heard.mappingId, ...values],
  );
  const schedule = created === undefined ? undefined : await readSchedule(turn, created.id);
  if (schedule === undefined) return;
  const { id, words, next, seconds } = schedule;
  if (turn.incoming.isGroup)
    await turn.recall('select chime_private.note_author($1, $2)', [id, turn.heard.personId]);
  await turn.keep(null);
  const rev = stateOf(schedule);
  turn.show([turn.t('created', { what }), ...whenLines(turn, words, next, seconds)].join('\n'), [
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
  const reading = await read(turn, { text, saidAt: turn.saidAt.toISOString() });
  return propose(turn, reading.kind !== 'none' && reading.what === '' ? `${text} ${what}` : text);
}

export const pressWhen: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'when');
  const phrase = phraseOf(press.arg, turn.heard);
  if (draft !== undefined && phrase !== undefined) await propose(turn, `${phrase} ${draft.what}`);
};

export const pressChoose: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'choice');
  const rule = draft?.rules[Number(press.arg)];
  if (draft === undefined || rule === undefined) return;
  if (draft.what !== '') return offer(turn, draft.what, rule, draft.what);
  await turn.keep({ awaits: 'what', rule });
  turn.show(turn.t('newWhat'));
};

export const pressCreate: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'confirm');
  if (draft !== undefined && (await mayCreate(turn))) await save(turn, draft.what, draft.rule);
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
