// The entry of pgchime/graphile: refuses an older Node before it loads anything else. Its types are those of src/graphile.ts.
import { existsSync } from 'node:fs';
import { nodeProblem } from './bin/node_version.js';

if (nodeProblem !== undefined) throw new Error(nodeProblem);

// A checkout runs its sources; the published package has only the compiled files.
const source = new URL('./src/graphile.ts', import.meta.url);
const compiled = new URL('./dist/src/graphile.js', import.meta.url);

export const { chimeLive, chimePreset } = await import(existsSync(source) ? source.href : compiled.href);
