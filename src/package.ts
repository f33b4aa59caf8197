// Where the package is, and what it says of itself: the same for a checkout and for the compiled, published files.
import { existsSync, readFileSync } from 'node:fs';

function findRoot(): URL {
  for (let dir = new URL('./', import.meta.url); ; dir = new URL('../', dir)) {
    if (existsSync(new URL('package.json', dir)) && existsSync(new URL('migrations/', dir))) return dir;
    if (dir.pathname === '/')
      throw new Error('The files of pgchime are not complete: package.json is missing.');
  }
}

/** The directory that holds package.json, migrations/ and sql/. */
export const packageRoot: URL = findRoot();

/** The version of pgchime. */
export const version: string = (
  JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')) as { version: string }
).version;
