// Persisted operations: only documents that were put there beforehand are accepted, named by their id.
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import './quiet.ts';
import type {} from '@grafserv/persisted';
import 'postgraphile';
import { z } from 'zod';
import { InvalidConfigError } from '../../errors.ts';

const hint = 'Give a directory of <id>.graphql files, or a JSON file that maps ids to documents.';

/** Documents by their ids: those of a directory of `<id>.graphql` files, or of a JSON file. */
async function read(from: string): Promise<Map<string, string>> {
  if (!(await stat(from)).isDirectory()) {
    return new Map(
      Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(await readFile(from, 'utf8')))),
    );
  }
  const files = (await readdir(from)).filter((file) => file.endsWith('.graphql'));
  return new Map(
    await Promise.all(
      files.map(
        async (file): Promise<[string, string]> => [
          path.basename(file, '.graphql'),
          await readFile(path.join(from, file), 'utf8'),
        ],
      ),
    ),
  );
}

/** What clients send instead of a document: Relay, Apollo, and plainly `id`. */
const idOf = (body: { documentId?: unknown; id?: unknown; extensions?: unknown }): string => {
  const { persistedQuery } = (body.extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } };
  const id = persistedQuery?.sha256Hash ?? body.documentId ?? body.id;
  // What is no id is unknown like any other, and no reason to write into the log.
  return typeof id === 'string' && id !== '' ? id : '?';
};

/**
 * What PostGraphile needs to accept nothing else. They are read once, when the server starts.
 * @throws InvalidConfigError (CH032) where there is no such directory or file
 */
export async function persistedOptions(from: string): Promise<GraphileConfig.GrafservOptions> {
  const documents = await read(from).catch((cause: unknown) => {
    throw new InvalidConfigError(`Persisted operations cannot be read from ${from}.`, { hint, cause });
  });
  return {
    persistedOperationsGetter: (id: string) => documents.get(id),
    hashFromPayload: idOf,
    allowUnpersistedOperation: false,
  } as GraphileConfig.GrafservOptions;
}
