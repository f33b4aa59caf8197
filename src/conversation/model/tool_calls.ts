// The calls of tools that a model asks for while it makes one answer: each is made under the speaker's rights, one after the other, as
// long as there are calls left; what a tool says, or why it was not called, goes back to the model as data.
import { isDeepStrictEqual } from 'node:util';
import { ChimeError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Tool, ToolAnswer } from '../tools/tool.ts';
import type { ModelToolCall, ModelTools } from './port.ts';

/** Of an answer of a tool the model reads so many characters: what is longer costs more than it tells. */
const longestAnswer = 20_000;
/** Of an error so much is told. */
const longestError = 1000;

/** What is said to the model in the place of an answer. */
class ToolRefusal extends Error {}

export class ToolCalls {
  /** In the order in which they ended. */
  readonly made: ModelToolCall[] = [];
  readonly #toolbox: ModelTools | undefined;
  readonly #most: number;
  #asked = 0;
  #isOver = false;
  #isSettled = false;
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(toolbox: ModelTools | undefined, most: number) {
    this.#toolbox = toolbox;
    this.#most = most;
  }

  /** Whether the model has asked for more calls than it has. */
  get isExhausted(): boolean {
    return this.#asked > this.#most;
  }

  /** Whether a tool has answered in such a way that the model is done. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  get tools(): readonly Tool[] {
    return this.#toolbox?.tools ?? [];
  }

  /**
   * Calls a tool for the model.
   * @returns what the model is told, as JSON
   * @throws Error whose message tells the model why there is no answer
   */
  call(tool: Tool, input: unknown): Promise<string> {
    // Never two at once: they may share a transaction.
    const called = this.#underWay.then(() => this.#call(tool, input));
    this.#underWay = called.catch(() => {});
    return called;
  }

  /** Records a call that never came to a tool: a name that does not exist, an input that does not fit. */
  refused(name: string, input: unknown, error: unknown): void {
    this.#asked++;
    this.made.push({ name, input, error: String(error).slice(0, longestError) });
  }

  /** No call begins from here on; resolves when the one that is under way has ended, so that nothing is done behind the answer's back. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#underWay;
  }

  /** A model that goes in circles creates one thing, and not one each time: the same call has the same answer. */
  #madeBefore({ name, readOnly, idempotent }: Tool, input: unknown): ToolAnswer | undefined {
    if (readOnly || idempotent) return undefined;
    return this.made.find((call) => call.name === name && isDeepStrictEqual(call.input, input) && call.answer)
      ?.answer;
  }

  async #call(tool: Tool, input: unknown): Promise<string> {
    this.#asked++;
    const { name } = tool;
    try {
      if (this.#isOver || this.#isSettled || this.isExhausted)
        throw new ToolRefusal('No more tools can be called: answer now.');
      const toolbox = this.#toolbox as ModelTools;
      const before = this.#madeBefore(tool, input);
      if (before !== undefined) return serialise(before);
      if (!(await mayCall(toolbox, tool, input))) {
        const error = 'Not done: the person has to confirm this, and was asked to.';
        this.made.push({ name, input, error, withheld: true });
        return JSON.stringify({ error });
      }
      const answer = await tool.run(input as never, toolbox.context);
      this.made.push({ name, input, answer });
      this.#isSettled = toolbox.endsWith?.(answer) ?? false;
      return serialise(answer);
    } catch (error) {
      const message = explain(error);
      this.made.push({
        name,
        input,
        error: message,
        ...(!(error instanceof ToolRefusal) && { cause: error }),
      });
      throw new Error(message);
    }
  }
}

async function mayCall(toolbox: ModelTools, tool: Tool, input: unknown): Promise<boolean> {
  return toolbox.mayCall === undefined ? !tool.destructive : toolbox.mayCall(tool, input);
}

/** An answer as the model reads it. */
function serialise(answer: ToolAnswer): string {
  const whole = JSON.stringify(answer);
  if (whole.length <= longestAnswer) return whole;
  const { say, data } = answer;
  return JSON.stringify({
    say: say.slice(0, longestAnswer / 4),
    data_cut: JSON.stringify(data).slice(0, longestAnswer / 2),
    note: 'The data was longer, and is cut.',
  });
}

/** Errors that are meant for people are; of any other, which may tell of the inside, only that there was one. */
function explain(error: unknown): string {
  if (error instanceof ToolRefusal) return error.message;
  if (!(error instanceof ChimeError)) return 'The tool has failed.';
  const { code, message, hint, detail } = error;
  return JSON.stringify({ code, message, hint, detail }).slice(0, longestError);
}

/** Tells operators of tools that have failed as they should not. */
export function logFailures(calls: readonly ModelToolCall[], log: Logger): void {
  for (const { name, cause } of calls)
    if (cause !== undefined && !(cause instanceof ChimeError))
      log.error({ err: cause, tool: name }, 'a tool has failed');
}
