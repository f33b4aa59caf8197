// The files of sql/, as this version has them.
import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import { packageRoot } from '../package.ts';

export interface SqlFile {
  name: string;
  text: string;
  sha256: string;
}

/** All of them, in the order in which they are loaded. */
export async function readSqlFiles(): Promise<SqlFile[]> {
  const dir = new URL('sql/', packageRoot);
  const names = (await fs.readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await fs.readFile(new URL(name, dir), 'utf8');
      return { name, text, sha256: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

/** Of all files: what chime.schema_digest() answers where they are loaded. */
export async function digestSqlFiles(): Promise<string> {
  const files = await readSqlFiles();
  return createHash('md5')
    .update(files.map((file) => `${file.name} ${file.sha256}\n`).join(''))
    .digest('hex');
}
