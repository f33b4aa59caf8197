import { z } from 'zod';
import { type Answer, giveUp, retry } from '../src/answer.ts';
import { InvalidArgumentError, ModelFailedError, NotAllowedError } from '../src/errors.ts';
import { defineTask, type RunInfo } from '../src/task.ts';

/** More than this no model reads with care, and some tokenizers choke on. */
const longestData = 400_000;

/** What the model cannot know by itself. */
const when = ({ localTime, timezone }: RunInfo) => `It is ${localTime}, on the clock of ${timezone}.`;

function dataText(data: unknown): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data, null, 1);
  return text.length <= longestData ? text : `${text.slice(0, longestData)}\n[cut: it is longer]`;
}

/** What the model answers with where it does not answer; undefined where the run has to fail, or is tried again. */
async function failed(error: unknown, run: RunInfo, hasFallback: boolean): Promise<Answer | undefined> {
  if (error instanceof InvalidArgumentError || error instanceof NotAllowedError)
    return giveUp([error.message, error.hint].filter(Boolean).join(' '));
  if (!(error instanceof ModelFailedError)) throw error;
  const { transient, retry_after_ms: wait } = error.detail as { transient: boolean; retry_after_ms?: number };
  if (transient && (await run.retriesLeft()) > 0) return retry(wait, error.message);
  if (hasFallback) return undefined;
  return transient ? retry(undefined, error.message) : giveUp(error.message);
}

export default defineTask({
  name: 'ask_llm',
  handlerType: 'agent',
  requiresAgent: false,
  description:
    'Asks the language model that is configured; its answer is the output. Tools that are named may be called, and act as the owner of the schedule.',
  payload: z.strictObject({
    prompt: z.string().min(1).max(100_000),
    /** Who the model is to be, in the place of what it is told by default. */
    instructions: z.string().min(1).max(20_000).optional(),
    /** What others wrote, and the prompt speaks of: read, but not obeyed. Anything but text goes as JSON. */
    data: z.unknown().optional(),
    /** Tools by name. */
    tools: z.array(z.string().max(100)).max(50).default([]),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
    max_steps: z.int().min(1).max(100).optional(),
    timeout_ms: z.int().min(1).max(3_600_000).optional(),
    /** The output where the model gives none, and no retry is left or could help. */
    fallback: z.string().min(1).max(100_000).optional(),
  }),
  async run({ payload, run, agent, signal, traceparent, log, write }): Promise<Answer | object> {
    const { prompt, instructions, data, tools, fallback } = payload;
    let usage: object | undefined;
    try {
      const text = await agent.ask(`${prompt}\n\n${when(run)}`, {
        ...{ signal, traceparent, tools },
        ...(instructions !== undefined && { instructions }),
        ...(data !== undefined && data !== null && { data: dataText(data) }),
        ...(payload.max_tokens !== undefined && { maxTokens: payload.max_tokens }),
        ...(payload.max_steps !== undefined && { maxSteps: payload.max_steps }),
        ...(payload.timeout_ms !== undefined && { timeoutMs: payload.timeout_ms }),
        onUsage: ({ inputTokens, outputTokens, ...other }) => {
          usage = { ...other, input_tokens: inputTokens, output_tokens: outputTokens };
        },
      });
      write(text);
      return { ...usage, fallback: false };
    } catch (error) {
      signal.throwIfAborted();
      const answer = await failed(error, run, fallback !== undefined);
      if (answer !== undefined) return answer;
      log.warn('the fallback is the output: the language model has given no answer', {
        reason: (error as Error).message,
      });
      write(fallback as string);
      return { ...usage, fallback: true, reason: (error as Error).message };
    }
  },
});
