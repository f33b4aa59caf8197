// Persisted operations: only documents that were put there beforehand are accepted, named by their id.
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { InvalidConfigError } from '../../errors.ts';

/**
 * What PostGraphile needs of a directory of `<id>.graphql` files, or of a JSON file that maps ids to documents.
 * @throws InvalidConfigError (CH032) where it is neither
 */
export async function persistedOptions(path: string): Promise<GraphileConfig.GrafservOptions> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new InvalidConfigError(`Persisted operations: ${path} is not there.`, {
      hint: 'Give a directory of <id>.graphql files, or a JSON file that maps ids to documents.',
      cause,
    });
  });
  if (found.isDirectory()) {
    return {
      persistedOperationsDirectory: path,
      allowUnpersistedOperation: false,
    } as GraphileConfig.GrafservOptions;
  }
  try {
    const operations = z.record(z.string(), z.string()).parse(JSON.parse(await readFile(path, 'utf8')));
    return {
      persistedOperations: operations,
      allowUnpersistedOperation: false,
    } as GraphileConfig.GrafservOptions;
  } catch (cause) {
    throw new InvalidConfigError(`Persisted operations: ${path} is no JSON object of ids and documents.`, {
      cause,
    });
  }
}
