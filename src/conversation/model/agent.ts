// The configured model as tasks of the type agent ask it. Its tools act as the user who owns the run, and nobody else; which it is given
// is named by the task, so that a text that gets into a prompt can reach nothing that the owner has not put there.
import type { ActAsOwner, AgentOptions, AgentPort } from '../../agent.ts';
import { InvalidArgumentError, ModelFailedError, NotAllowedError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { actingBy } from '../tools/acting.ts';
import { partsOf } from '../tools/parts.ts';
import type { Tool, ToolContext } from '../tools/tool.ts';
import type { ModelAnswer, ModelPort, ModelTools } from './port.ts';
import { logFailures } from './tool_calls.ts';

const defaultInstructions =
  'You do a task for a person, who reads your answer as it is. Answer with the result alone, without an introduction.';

/**
 * @param tools all that tasks may name
 * @param log told of tools that fail as they should not
 */
export function makeAgent(model: ModelPort, tools: readonly Tool[], log: Logger): AgentPort {
  return {
    toolNames: tools.map(({ name }) => name),
    async ask(prompt, options) {
      const { signal, instructions = defaultInstructions, data, maxTokens, maxSteps, timeoutMs } = options;
      const toolbox = await toolboxOf(tools, options);
      const answer = await model.ask({
        instructions,
        messages: [
          { role: 'speaker', text: prompt },
          ...(data === undefined ? [] : [{ role: 'data' as const, source: 'input of the task', text: data }]),
        ],
        limits: {
          ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
          ...(maxSteps !== undefined && { maxSteps }),
          ...(timeoutMs !== undefined && { timeoutMs }),
        },
        ...(toolbox !== undefined && { toolbox }),
        signal,
      });
      logFailures(answer.toolCalls, log);
      options.onUsage?.({
        model: model.name,
        ...answer.usage,
        tools: answer.toolCalls.map(({ name, error }) => ({ name, ...(error !== undefined && { error }) })),
      });
      return textOf(answer);
    },
  };
}

function textOf(answer: ModelAnswer): string {
  if (answer.kind === 'failed') {
    const { reason, detail, transient, retryAfterMs } = answer;
    throw new ModelFailedError(`The language model has given no answer (${reason}): ${detail}`, {
      detail: { reason, transient, ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }) },
    });
  }
  // Having done what it was asked, it need not say more than its tools do.
  if (answer.text.trim() !== '') return answer.text;
  return answer.toolCalls.flatMap((call) => call.answer?.say ?? []).join('\n');
}

async function toolboxOf(
  tools: readonly Tool[],
  { tools: names = [], actAsOwner }: AgentOptions,
): Promise<ModelTools | undefined> {
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`There is no tool "${unknown.slice(0, 80)}".`, {
      hint: `There are: ${tools.map(({ name }) => name).join(', ') || 'none'}.`,
    });
  }
  if (names.length === 0) return undefined;
  if (actAsOwner === undefined) throw new NotAllowedError('There is nobody as whom tools could act.');
  return {
    tools: tools.filter(({ name }) => names.includes(name)),
    context: await contextOf(actAsOwner),
    // Whoever wrote the task named each of them; nobody is there to be asked again.
    mayCall: () => true,
  };
}

async function contextOf(actAsOwner: ActAsOwner): Promise<ToolContext> {
  const act: ToolContext['act'] = (work) => actAsOwner((client) => work(actingBy(client, 'agent')));
  const { userId, timezone, locale, channelMappingId } = await actAsOwner(async (_client, owner) => owner);
  return {
    ...{ userId, timezone, channelMappingId, act },
    locale: locale?.toLowerCase().startsWith('ru') ? 'ru' : 'en',
    ...(userId !== null && { dayParts: await act(partsOf(userId)) }),
  };
}
