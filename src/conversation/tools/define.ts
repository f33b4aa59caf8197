// Makes a tool whose arguments and answers have the types of their schemas.
import type { z } from 'zod';
import type { Tool, ToolAnswer, ToolContext } from './tool.ts';

interface Definition<Input extends z.ZodObject, Output extends z.ZodObject>
  extends Omit<Tool<Input, Output>, 'run'> {
  run(
    input: z.output<Input>,
    context: ToolContext,
  ): Promise<Omit<ToolAnswer, 'data'> & { data: z.input<Output> | Record<string, unknown> }>;
}

export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: Definition<Input, Output>,
): Tool {
  return definition as unknown as Tool;
}
