// The language model that is configured, asked by the Vercel AI SDK: its own loop of steps and tools, within our limits. The SDK and its
// providers are loaded when they are first needed: most processes never ask.
import { type BoundedFetch, boundedFetch } from './bounded_fetch.ts';
import { type ModelConfig, type ModelSettings, readModel } from './config.ts';
import { type Failure, failureFrom, failureOf } from './failure.ts';
import type { ModelAnswer, ModelPort, ModelRequest, ModelUsage } from './port.ts';
import { chatMessages, dataRule } from './prompt.ts';
import { ToolCalls } from './tool_calls.ts';

/** An answer is text: a server that sends more than this has something else in mind. */
const maxBytes = 4 * 1024 * 1024;
const defaultToolCalls = 20;

/**
 * The model of the configuration; undefined where none is configured.
 * @throws InvalidConfigError (CH032) where it is half configured
 */
export function makeModel(config: ModelConfig): ModelPort | undefined {
  const settings = readModel(config);
  if (settings === undefined) return undefined;
  return { name: settings.name, ask: (request) => ask(settings, request) };
}

async function loadSdk() {
  const [ai, anthropic, compatible] = await Promise.all([
    import('ai'),
    import('@ai-sdk/anthropic'),
    import('@ai-sdk/openai-compatible'),
  ]);
  // It would print on the console what a setting does not do with some model.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  return { ...ai, ...anthropic, ...compatible };
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>;
let loading: Promise<Sdk> | undefined;

function languageModel(
  sdk: Sdk,
  { provider, name, apiKey, baseUrl }: ModelSettings,
  fetch: typeof globalThis.fetch,
) {
  if (provider === 'anthropic')
    return sdk.createAnthropic({ apiKey: apiKey ?? '', baseURL: baseUrl, fetch })(name);
  return sdk.createOpenAICompatible({
    ...{ name: 'model', baseURL: baseUrl, fetch },
    ...(apiKey !== undefined && { apiKey }),
  })(name);
}

/** What one answer may take: what is asked for, and never more than is configured. */
function limitsOf(settings: ModelSettings, { limits = {} }: ModelRequest) {
  return {
    maxOutputTokens: Math.min(settings.maxOutputTokens, limits.maxOutputTokens ?? Number.POSITIVE_INFINITY),
    maxSteps: Math.min(settings.maxSteps, limits.maxSteps ?? Number.POSITIVE_INFINITY),
    timeoutMs: Math.min(settings.timeoutMs, limits.timeoutMs ?? Number.POSITIVE_INFINITY),
    maxToolCalls: limits.maxToolCalls ?? defaultToolCalls,
  };
}

async function ask(settings: ModelSettings, request: ModelRequest): Promise<ModelAnswer> {
  request.signal?.throwIfAborted();
  loading ??= loadSdk();
  const sdk = await loading;
  const limits = limitsOf(settings, request);
  const calls = new ToolCalls(request.toolbox, limits.maxToolCalls);
  const usage: ModelUsage = { inputTokens: 0, outputTokens: 0, steps: 0 };
  const bounded = boundedFetch(settings.baseUrl, maxBytes);
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  let ended: { text: string } | { failure: Failure };
  try {
    const { text, finishReason } = await generate(sdk, {
      settings,
      request,
      limits,
      calls,
      usage,
      bounded,
      timeout,
    });
    ended = judge(text, finishReason, calls, usage.outputTokens >= limits.maxOutputTokens);
  } catch (error) {
    const known = { broken: bounded.broken, timedOut: timeout.aborted, secret: settings.apiKey };
    ended = { failure: failureFrom(error, known, sdk) };
  }
  await calls.end();
  request.signal?.throwIfAborted();
  const asked = { toolCalls: calls.made, usage };
  return 'failure' in ended
    ? { kind: 'failed', ...ended.failure, ...asked }
    : { kind: 'answered', text: ended.text, ...asked };
}

interface Generation {
  settings: ModelSettings;
  request: ModelRequest;
  limits: ReturnType<typeof limitsOf>;
  calls: ToolCalls;
  /** Counted as steps end, so that it is known of answers that fail, too. */
  usage: ModelUsage;
  bounded: BoundedFetch;
  timeout: AbortSignal;
}

function generate(sdk: Sdk, { settings, request, limits, calls, usage, bounded, timeout }: Generation) {
  const tools = Object.fromEntries(
    calls.tools.map((tool) => [
      tool.name,
      sdk.tool({
        description: tool.description,
        inputSchema: tool.input,
        execute: (input: unknown) => calls.call(tool, input),
      }),
    ]),
  );
  return sdk.generateText({
    model: languageModel(sdk, settings, bounded.fetch),
    instructions: `${request.instructions}\n\n${dataRule}`,
    messages: chatMessages(request.messages),
    ...(calls.tools.length > 0 && { tools, toolCallConcurrency: 1 }),
    stopWhen: [
      sdk.isStepCount(limits.maxSteps),
      () => calls.isSettled || calls.isExhausted || usage.outputTokens >= limits.maxOutputTokens,
    ],
    // What earlier steps have written, the later ones do not have.
    prepareStep: () => ({ maxOutputTokens: Math.max(1, limits.maxOutputTokens - usage.outputTokens) }),
    maxOutputTokens: limits.maxOutputTokens,
    maxRetries: 0,
    abortSignal: request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]),
    // A file that an answer names would be fetched from wherever it says.
    experimental_download: async (files) => {
      if (files.length > 0) throw new Error('Files in answers are not fetched.');
      return [];
    },
    onStepEnd: (step) => {
      usage.steps++;
      usage.inputTokens += step.usage.inputTokens ?? 0;
      usage.outputTokens += step.usage.outputTokens ?? 0;
      for (const call of step.toolCalls)
        if (call.invalid === true) calls.refused(call.toolName, call.input, textOf(call.error));
    },
  });
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What an answer that came is worth. */
function judge(
  text: string,
  finishReason: string,
  calls: ToolCalls,
  tokensSpent: boolean,
): { text: string } | { failure: Failure } {
  if (finishReason === 'content-filter')
    return { failure: failureOf('refused', 'The model refused to answer.') };
  if (calls.isSettled) return { text };
  if (calls.isExhausted) return { failure: failureOf('limits', 'The model called tools without an end.') };
  if (finishReason === 'length' || (tokensSpent && finishReason === 'tool-calls'))
    return { failure: failureOf('limits', 'The answer of the model needs more tokens than it has.') };
  if (finishReason === 'tool-calls')
    return { failure: failureOf('limits', 'The model has taken all of its steps, and has not answered.') };
  if (finishReason !== 'stop')
    return { failure: failureOf('error', `The model ended for the reason "${finishReason}".`, true) };
  const isAnswer = text.trim() !== '' || calls.made.some(({ answer }) => answer !== undefined);
  return isAnswer ? { text } : { failure: failureOf('nonsense', 'The answer of the model is empty.') };
}
