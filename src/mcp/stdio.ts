// MCP over standard input and output: one client, for as long as it keeps the pipe open. Nothing else may write to standard output.
import type { Readable, Writable } from 'node:stream';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { type McpServerOptions, makeMcpServer } from './server.ts';

export interface StdioOptions extends McpServerOptions {
  input: Readable;
  output: Writable;
  /** Aborted when it shall end though the client is still there. */
  signal: AbortSignal;
}

/** Knows how many requests are not answered yet. */
class CountingTransport extends StdioServerTransport {
  #open = 0;
  #onIdle: (() => void) | undefined;

  /** Counts what comes in from now on. */
  count(): void {
    const take = this.onmessage;
    this.onmessage = (message: JSONRPCMessage) => {
      if ('method' in message && 'id' in message) this.#open += 1;
      take?.(message);
    };
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message);
    if ('method' in message) return;
    this.#open -= 1;
    if (this.#open === 0) this.#onIdle?.();
  }

  /** Resolves when all is answered. */
  async idle(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

/** Serves until the client is gone; what it asked for before that is answered. */
export async function serveStdio({ input, output, signal, ...options }: StdioOptions): Promise<void> {
  const gone = new AbortController();
  const server = makeMcpServer({ ...options, gone: gone.signal });
  const transport = new CountingTransport(input, output);
  const ended = new Promise<void>((resolve) => {
    input.once('end', resolve);
    input.once('close', resolve);
  });
  const asked = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.connect(transport);
  transport.count();
  await Promise.race([ended, asked]);
  // Nobody is there any more to choose among options.
  gone.abort();
  await Promise.race([transport.idle(), asked]);
  await server.close();
}
