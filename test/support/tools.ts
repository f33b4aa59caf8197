// Tools on a database whose clock stands still, called as somebody.
import type { Test } from 'tap';
import type { Identity } from '../../src/api/identity.ts';
import { callTool, type ToolResult } from '../../src/conversation/tools/call.ts';
import type { ToolContext } from '../../src/conversation/tools/tool.ts';
import { tools } from '../../src/conversation/tools/tools.ts';
import { contextOf } from '../../src/mcp/context.ts';
import { attemptsOf } from './attempts.ts';
import { createDatabase, type TestDatabase } from './database.ts';
import { person } from './identities.ts';
import { MovableNow } from './now.ts';
import { shorthand } from './schedules.ts';

export type Data = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
export type Answer = { say: string; data: any };

/** A database with Ann, who is in Berlin, Bob, and Zoe of another tenant; it is Friday, 16:00 in Berlin. */
export async function setUpTools(test: Test, at = '2026-11-20T15:00:00Z') {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, at);
  const attempts = attemptsOf(database);
  await attempts.register(['remind', 'noop', 'ask']);
  await database.rows("select chime.create_tenant('other')");
  const ann = await person(database, 'default', 'ann');
  const bob = await person(database, 'default', 'bob');
  const zoe = await person(database, 'other', 'zoe');
  await database.rows("update chime.users set timezone = 'Europe/Berlin', name = initcap(subject)");
  return { database, now, ann, bob, zoe, ...attempts, ...shorthand(database), as: calling(database) };
}

/** Calls tools as somebody: `ok` expects an answer, `refused` an error. */
export const calling =
  (database: TestDatabase) =>
  (identity: Identity, more: (context: ToolContext) => Partial<ToolContext> = () => ({})) => {
    const call = async (name: string, args: unknown): Promise<ToolResult> => {
      const tool = tools.find((each) => each.name === name);
      if (tool === undefined) throw new Error(`There is no tool ${name}.`);
      const context = await contextOf({ pool: database.pool, identity }, { readOnly: tool.readOnly });
      const result = await callTool(tool, args, { ...context, ...more(context) });
      // What it answers is what it says that it answers.
      if (result.ok) tool.output.strict().parse(result.data);
      return result;
    };
    return {
      async ok(name: string, args: unknown): Promise<Answer> {
        const result = await call(name, args);
        if (!result.ok) throw new Error(`${name}: ${JSON.stringify(result.error)}`);
        return result;
      },
      async refused(name: string, args: unknown) {
        const result = await call(name, args);
        if (result.ok) throw new Error(`${name} was not refused: ${JSON.stringify(result.data)}`);
        return { ...result.error, say: result.say };
      },
    };
  };

export const phrase = (value: string) => ({ kind: 'phrase', value });
