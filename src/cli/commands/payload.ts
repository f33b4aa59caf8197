// A payload as it is typed: JSON, or the name of a file that has it.
import fs from 'node:fs/promises';
import { UsageError } from '../failure.ts';

/** Reads the argument of --payload, or of an option like it: JSON, or @file. */
export async function readPayload(argument: string, option = '--payload'): Promise<unknown> {
  const text = argument.startsWith('@') ? await readPayloadFile(argument.slice(1), option) : argument;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${option} is not JSON: ${(error as Error).message}`,
      `For example: ${option} '{"text": "Hello"}'`,
    );
  }
}

async function readPayloadFile(path: string, option: string): Promise<string> {
  try {
    return await fs.readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The file of ${option} cannot be read: ${(error as Error).message}`,
      'After @ comes the path of a file with JSON; without @ the JSON itself.',
    );
  }
}
