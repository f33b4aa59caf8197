// Clients of MCP, as the SDK makes them.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type CallToolResult, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { Test } from 'tap';
import type { Identity } from '../../src/api/identity.ts';
import { contextOf } from '../../src/mcp/context.ts';
import { makeMcpServer } from '../../src/mcp/server.ts';
import type { TestDatabase } from './database.ts';

export interface Asked {
  message: string;
  options: string[];
}

/** What the person does who is asked: chooses one of the options, or does not. */
export type Person = (asked: Asked) => string | undefined;

export class McpClient {
  readonly client: Client;
  readonly asked: Asked[] = [];

  constructor(person?: Person) {
    this.client = new Client(
      { name: 'test', version: '1' },
      { capabilities: person === undefined ? {} : { elicitation: {} } },
    );
    if (person === undefined) return;
    this.client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      const { properties } = (
        params as unknown as { requestedSchema: { properties: { choice: { enum: string[] } } } }
      ).requestedSchema;
      const asked = { message: params.message, options: properties.choice.enum };
      this.asked.push(asked);
      const choice = person(asked);
      return choice === undefined ? { action: 'decline' } : { action: 'accept', content: { choice } };
    });
  }

  async connect(test: Test, transport: Transport): Promise<this> {
    await this.client.connect(transport);
    test.teardown(() => this.client.close());
    // So that answers are held against what the tools say that they answer.
    await this.client.listTools();
    return this;
  }

  async call(name: string, args: Record<string, unknown> = {}) {
    const result = (await this.client.callTool({ name, arguments: args })) as CallToolResult;
    const texts = result.content.map((each) => (each.type === 'text' ? each.text : ''));
    return {
      isError: result.isError === true,
      say: texts[0] ?? '',
      // biome-ignore lint/suspicious/noExplicitAny: what a test expects of it, the test says
      json: JSON.parse(texts[1] ?? 'null') as any,
      // biome-ignore lint/suspicious/noExplicitAny: the same
      data: result.structuredContent as any,
    };
  }
}

/** A client of a server in this process that acts as somebody. */
export async function inProcess(
  test: Test,
  database: TestDatabase,
  identity: () => Identity,
  { person, onError = () => {} }: { person?: Person; onError?: (error: unknown) => void } = {},
): Promise<McpClient> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const server = makeMcpServer({
    contextFor: ({ readOnly }) => contextOf({ pool: database.pool, identity: identity() }, { readOnly }),
    onError,
  });
  await server.connect(far);
  return new McpClient(person).connect(test, near);
}
