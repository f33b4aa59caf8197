#!/usr/bin/env node
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { nodeProblem } from './node_version.js';

if (nodeProblem !== undefined) {
  console.error(nodeProblem);
  process.exit(1);
}
// Half of the time that a short command takes is the compiling of its modules.
module.enableCompileCache?.();
// A checkout runs its sources; the published package has only the compiled files.
const source = new URL('../src/cli/main.ts', import.meta.url);
const compiled = new URL('../dist/src/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : compiled.href);
process.exitCode = await main(process.argv.slice(2));
// What a task has left behind, a timer or a connection, must not keep the process.
setTimeout(() => process.exit(), 500).unref();
