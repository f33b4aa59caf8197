import { z } from 'zod';
import { type Answer, silent } from '../src/answer.ts';
import {
  checkInInstructions,
  checkInPrompt,
  languageOf,
  plainCheckIn,
  usableCheckIn,
} from '../src/people/check_in.ts';
import type { Person } from '../src/people/person.ts';
import { defineTask, type TaskContext } from '../src/task.ts';

/** The model's words; undefined where there is no model, or it says nothing that can be sent. */
async function fromModel(
  { agent, signal, traceparent, log }: TaskContext,
  person: Person,
  weather: string | undefined,
): Promise<string | undefined> {
  if (agent === undefined) return undefined;
  const { prompt, data } = checkInPrompt(person, weather);
  try {
    const said = await agent.ask(prompt, {
      ...{ signal, traceparent, instructions: checkInInstructions, data },
      ...{ maxTokens: 400, maxSteps: 1, timeoutMs: 30_000 },
    });
    const text = usableCheckIn(said);
    if (text === undefined) log.warn('the language model has written no check-in; the plain one is sent');
    return text;
  } catch (error) {
    signal.throwIfAborted();
    log.warn('the language model has given no answer; the plain check-in is sent', {
      reason: (error as Error).message,
    });
    return undefined;
  }
}

export default defineTask({
  name: 'check_in',
  description:
    'Asks the owner of the schedule how they are: in the words of the language model, or in plain ones where there is none. See set_check_in.',
  payload: z.strictObject({}),
  async run(context): Promise<Answer | object> {
    const person = await context.person();
    if (person === null) return silent('Nobody owns it, so there is nobody to ask.');
    if (person.unwanted !== null) return silent(person.unwanted);
    const weather =
      person.place === null ? undefined : await context.weather(person.place, languageOf(person));
    const text = await fromModel(context, person, weather);
    context.write(text ?? plainCheckIn(person, weather));
    return { by: text === undefined ? 'template' : 'model', weather: weather !== undefined };
  },
});
