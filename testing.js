// The entry of pgchime/testing: refuses an older Node before it loads anything else. Its types are those of src/testing.ts.
import { existsSync } from 'node:fs';
import { nodeProblem } from './bin/node_version.js';

if (nodeProblem !== undefined) throw new Error(nodeProblem);

// A checkout runs its sources; the published package has only the compiled files.
const source = new URL('./src/testing.ts', import.meta.url);
const compiled = new URL('./dist/src/testing.js', import.meta.url);

export const { createTestChime } = await import(existsSync(source) ? source.href : compiled.href);
