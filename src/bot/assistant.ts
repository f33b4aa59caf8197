// What nothing else understands goes to the language model, where one is configured. It acts by tools alone, as whoever speaks; what is
// easily taken back it may do at once, of all else the person sees first what it would be. Where it is of no help, nobody hears of it.
import { assist } from '../conversation/model/assistant.ts';
import { refusalOf } from '../conversation/tools/call.ts';
import type { Tool, ToolAnswer } from '../conversation/tools/tool.ts';
import { tools } from '../conversation/tools/tools.ts';
import { contextOf, showCalls, showOptions } from './calls.ts';
import type { ToolCall } from './draft.ts';
import { runOfMessage } from './fired.ts';
import { readIn } from './phrase.ts';
import { escaped } from './texts/texts.ts';
import type { Turn } from './turn.ts';
import { askZone } from './zone.ts';

/** What is done at once, and undone as easily. */
const mild: ReadonlySet<unknown> = new Set(['pause', 'resume', 'run_now', 'skip_next', 'restore']);

/** Whether it is a reminder that fires once: such a one is saved at once, as when it is read without a model. */
function isOneReminder(turn: Turn, { cadence, task, bounds }: Record<string, unknown>): boolean {
  const { kind, value } = (cadence ?? {}) as { kind?: unknown; value?: unknown };
  if ((task !== undefined && task !== 'remind') || bounds !== undefined || typeof value !== 'string')
    return false;
  // What is not plain the tool only asks about.
  return kind === 'once' || (kind === 'phrase' && readIn(turn, value).kind !== 'recurring');
}

/** In a group what concerns others is shown before it is done. */
function mayCall(turn: Turn, { name, readOnly }: Tool, input: Record<string, unknown>): boolean {
  if (readOnly) return true;
  if (turn.incoming.isGroup) return false;
  if (name === 'schedule_create') return isOneReminder(turn, input);
  return name === 'schedule_followup' || (name === 'schedule_control' && mild.has(input.action));
}

/** The tools, and the last of their questions that only the person can answer. */
function watched(): { tools: Tool[]; question(): { call: ToolCall; answer: ToolAnswer } | undefined } {
  let asked: { call: ToolCall; answer: ToolAnswer } | undefined;
  return {
    question: () => asked,
    tools: tools.map((tool) => ({
      ...tool,
      async run(input, context) {
        const answer = await tool.run(input, context);
        const isQuestion = answer.kind === 'asked' && answer.data.status !== 'unclear';
        asked = isQuestion ? { call: { tool: tool.name, input }, answer } : undefined;
        return answer;
      },
    })),
  };
}

/** What the message told of that is answered: what a task wrote, and so data. */
async function aboutOf(turn: Turn): Promise<{ source: string; text: string }[]> {
  const { repliesTo } = turn.incoming;
  const run = repliesTo === undefined ? undefined : await runOfMessage(turn, repliesTo);
  if (run === undefined) return [];
  const { id, scheduleId, name, status, output, error } = run;
  const text = JSON.stringify({ run_id: id, schedule_id: scheduleId, name, status, error, output });
  return [{ source: 'the message that is answered', text }];
}

/** Lets the model make something of a text; false where there is none, or it is of no help. */
export async function takeFree(turn: Turn, text: string): Promise<boolean> {
  const { model, incoming } = turn;
  if (model === undefined) return false;
  const { tools: asking, question } = watched();
  const { context, noteAuthors } = contextOf(turn);
  const help = await assist({
    ...{ port: model.port, log: model.log, tools: asking, context, text },
    about: await aboutOf(turn),
    isGroup: incoming.isGroup,
    allow: (tool, input) => mayCall(turn, tool, (input ?? {}) as Record<string, unknown>),
    sayRefusal: (error) => refusalOf(error, turn.language)?.say,
  });
  await noteAuthors();
  if (help === undefined) return false;
  const asked = question();
  if (asked?.answer.data.status === 'timezone_needed') {
    await askZone(turn, { text, saidAt: turn.saidAt.toISOString() });
    return true;
  }
  if (asked !== undefined) await showOptions(turn, asked.call, asked.answer);
  else if (help.say !== '') turn.say(escaped(help.say));
  if (help.unconfirmed.length > 0)
    await showCalls(
      turn,
      help.unconfirmed.map(({ tool, input }) => ({ tool: tool.name, input })),
    );
  return true;
}
