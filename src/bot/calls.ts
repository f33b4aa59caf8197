// What the language model would do for somebody, and what they have to say yes to first. Whatever they read of it comes from the tools.
import type { Button } from '../channels/button.ts';
import { actingBy } from '../conversation/tools/acting.ts';
import { callTool, type ToolResult } from '../conversation/tools/call.ts';
import type { ToolAnswer, ToolContext } from '../conversation/tools/tool.ts';
import { tools } from '../conversation/tools/tools.ts';
import type { ToolCall } from './draft.ts';
import { draftOf } from './drafts.ts';
import { readSchedule } from './schedules.ts';
import { escaped } from './texts/texts.ts';
import type { PressHandler, Turn } from './turn.ts';

const toolNamed = (name: string) => tools.find((tool) => tool.name === name);

/** What tools may do for whoever speaks, and that they have it put on record who asked. */
export function contextOf(turn: Turn): { context: ToolContext; noteAuthors(): Promise<void> } {
  const { heard, incoming } = turn;
  const created: string[] = [];
  return {
    context: {
      act: (work) => turn.as((client) => work(actingBy(client, 'bot'))),
      ...{ timezone: turn.timezone, locale: turn.language },
      dayParts: { morning: heard.morningAt, evening: heard.eveningAt },
      ...{ channelMappingId: heard.mappingId, userId: heard.userId },
      mayCreate: async () => !incoming.isGroup || !heard.adminsCreate || turn.isAdmin(),
      mayChange: (id) => turn.mayChange(id),
      created: async (id) => {
        created.push(id);
      },
    },
    // Not as the person, who must not write that themselves.
    async noteAuthors() {
      if (!incoming.isGroup) return;
      for (const id of created)
        await turn.recall('select chime_private.note_author($1, $2)', [id, heard.personId]);
    },
  };
}

/** When it would be, as the tool that previews answers; undefined where nothing is said of when. */
async function previewOf(turn: Turn, { input }: ToolCall): Promise<ToolResult | undefined> {
  const { cadence, timezone, bounds } = input;
  const preview = toolNamed('schedule_preview');
  if (cadence === undefined || preview === undefined) return undefined;
  const args = {
    cadence,
    ...(timezone !== undefined && { timezone }),
    ...(bounds !== undefined && { bounds }),
  };
  return callTool(preview, args, contextOf(turn).context);
}

/** What one call would do, for people. */
function wordsOf(turn: Turn, { input, tool }: ToolCall, name: string): string {
  const texts = [input.text, input.name, input.message_template];
  return turn.t('wouldDo', {
    ...{ tool, name },
    action: typeof input.action === 'string' ? input.action : 'none',
    what: texts.find((each) => typeof each === 'string') ?? 'none',
  });
}

/** What one call would do, in words and HTML; says why, and answers undefined, where it cannot be done as it is. */
async function shown(turn: Turn, call: ToolCall): Promise<string | undefined> {
  const { schedule_id: id } = call.input;
  const schedule = typeof id === 'string' ? await readSchedule(turn, id) : undefined;
  const isThere = id === undefined || schedule !== undefined;
  const preview = isThere ? await previewOf(turn, call) : undefined;
  if (!isThere) turn.say(turn.t('gone'));
  else if (preview?.ok === true && preview.data.status !== 'preview') await showOptions(turn, call, preview);
  else if (preview?.ok === false) turn.say(escaped(preview.say));
  else
    return [wordsOf(turn, call, schedule?.name ?? ''), escaped(preview?.say ?? '')]
      .filter(Boolean)
      .join('\n');
  return undefined;
}

/** Shows what would be done, and asks; what cannot be done as it is, is said. */
export async function showCalls(turn: Turn, calls: readonly ToolCall[]): Promise<void> {
  const wanted: ToolCall[] = [];
  const lines: string[] = [];
  for (const call of calls) {
    const words = await shown(turn, call);
    if (words === undefined) continue;
    wanted.push(call);
    lines.push(words);
  }
  if (wanted.length === 0) return;
  await turn.keep({ awaits: 'calls', calls: wanted });
  turn.say([...lines, turn.t('shallI')].join('\n\n'), [
    [turn.draftButton(turn.plain('buttonDo'), 'do'), turn.draftButton(turn.plain('buttonCancel'), 'drop')],
  ]);
}

/** Shows the ways to take a time, each as a button. */
export async function showOptions(
  turn: Turn,
  call: ToolCall,
  { say, data }: Pick<ToolAnswer, 'say' | 'data'>,
): Promise<void> {
  const options = (data.options ?? []) as {
    label: string;
    cadence: unknown;
    timezone?: string;
    bounds?: unknown;
  }[];
  if (options.length === 0) return turn.say(escaped(say));
  await turn.keep({
    ...{ awaits: 'option', call },
    options: options.map(({ cadence, timezone, bounds }) => ({
      cadence,
      ...(timezone !== undefined && { timezone }),
      ...(bounds !== undefined && { bounds }),
    })),
  });
  const buttons = options.map(({ label }, index): Button[] => [
    turn.draftButton(label, 'option', String(index)),
  ]);
  turn.say(escaped(say), [...buttons, [turn.draftButton(turn.plain('buttonCancel'), 'drop')]]);
}

/** Does it, and says what the tools say. */
async function doAll(turn: Turn, calls: readonly ToolCall[]): Promise<void> {
  await turn.keep(null);
  const lines: string[] = [];
  for (const { tool: name, input } of calls) {
    const tool = toolNamed(name);
    if (tool === undefined) continue;
    const { context, noteAuthors } = contextOf(turn);
    const { say } = await callTool(tool, input, context);
    await noteAuthors();
    lines.push(escaped(say));
  }
  turn.show(lines.join('\n\n') || turn.t('stale'));
}

export const pressDo: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'calls');
  if (draft !== undefined) await doAll(turn, draft.calls);
};

export const pressOption: PressHandler = async (turn, press) => {
  const draft = await draftOf(turn, press, 'option');
  const option = draft?.options[Number(press.arg)];
  if (draft === undefined || option === undefined) return;
  await doAll(turn, [{ ...draft.call, input: { ...draft.call.input, ...option } }]);
};
