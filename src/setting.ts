// What a setting is.
import type { z } from 'zod';

export interface Setting<T extends z.ZodType> {
  /** The variable, and the line of .env. */
  env: string;
  /** The option of the command line, as its help shows it; null for a secret, which a list of processes would show. */
  option: string | null;
  /** One line for the help and the README. */
  about: string;
  schema: T;
  /** Whether the variable with `_FILE` behind its name may name a file that holds the value: how containers are given secrets. */
  inFile: boolean;
}

export function setting<T extends z.ZodType>(
  env: string,
  option: string | null,
  about: string,
  schema: T,
  { inFile = false }: { inFile?: boolean } = {},
): Setting<T> {
  return { env, option, about, schema, inFile };
}
