// A server of language models whose answers a test writes, and whose requests it can read: it speaks the wire formats of Anthropic
// (/v1/messages) and of OpenAI (/v1/chat/completions), each to whoever asks in it.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import type { ModelConfig } from '../../src/conversation/model/config.ts';

export type Provider = NonNullable<ModelConfig['modelProvider']>;
export const providers: readonly Provider[] = ['anthropic', 'openai-compatible'];

/** The key that it wants. */
export const modelKey = 'test-key-0123456789';

export interface SeenPrompt {
  provider: Provider;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: { model: string; max_tokens: number; [key: string]: unknown };
  /** All that the model is told, as text. */
  prompt: string;
}

/** What the model says next. */
export type Reply =
  | {
      text?: string;
      /** Tools that it calls; an input that is a string is sent as it is, JSON or not. */
      calls?: { name: string; input: unknown }[];
      /** Why it ends, where that is not the usual reason. */
      stop?: 'length' | 'refusal';
      outputTokens?: number;
    }
  /** Another answer of HTTP than that. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** So many bytes of text. */
  | { bytes: number }
  /** The connection breaks in the middle of the answer. */
  | { cut: true }
  /** No answer, ever. */
  | { silent: true };

export interface ModelServer {
  url: string;
  requests: SeenPrompt[];
  /** What it answers from now on, one after the other; the last for ever. */
  says(...replies: (Reply | ((seen: SeenPrompt) => Reply))[]): void;
  config(provider: Provider, changes?: Partial<ModelConfig>): ModelConfig;
  /** Resolves with the next request. */
  asked(): Promise<SeenPrompt>;
}

export async function startModelServer(test: Test): Promise<ModelServer> {
  let replies: (Reply | ((seen: SeenPrompt) => Reply))[] = [{ status: 500, body: 'The test says nothing.' }];
  const requests: SeenPrompt[] = [];
  const server = http.createServer(async (request, response) => {
    const provider: Provider = request.url === '/v1/messages' ? 'anthropic' : 'openai-compatible';
    const prompt = await text(request);
    const { url = '', headers } = request;
    const seen = { provider, url, headers, body: JSON.parse(prompt) as SeenPrompt['body'], prompt };
    requests.push(seen);
    server.emit('asked', seen);
    const key =
      provider === 'anthropic' ? headers['x-api-key'] : headers.authorization?.replace('Bearer ', '');
    const next = replies.length > 1 ? replies.shift() : replies[0];
    const reply = typeof next === 'function' ? next(seen) : (next as Reply);
    if (key !== modelKey) send(response, 401, JSON.stringify(refusal(provider, `Wrong key ${key}.`)));
    else answer(response, provider, seen.body.model, reply);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    says: (...next) => {
      replies = next;
    },
    asked: async () => ((await once(server, 'asked')) as [SeenPrompt])[0],
    config: (provider, changes = {}) => ({
      modelProvider: provider,
      model: 'test-model',
      modelApiKey: modelKey,
      modelUrl: `${url}/v1`,
      modelTimeout: 30_000,
      modelMaxTokens: 1000,
      modelMaxSteps: 5,
      ...changes,
    }),
  };
}

function send(response: http.ServerResponse, status: number, body: string, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

function answer(response: http.ServerResponse, provider: Provider, model: string, reply: Reply): void {
  if ('silent' in reply) return;
  if ('status' in reply) {
    const { status, headers, body = JSON.stringify(refusal(provider, `It is ${status}.`)) } = reply;
    send(response, status, body, headers);
    return;
  }
  const said =
    'bytes' in reply ? { text: 'a'.repeat(reply.bytes) } : 'cut' in reply ? { text: 'Half' } : reply;
  const body = JSON.stringify((provider === 'anthropic' ? anthropic : openai)(model, said));
  if (!('cut' in reply)) {
    send(response, 200, body);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}

const refusal = (provider: Provider, message: string) =>
  provider === 'anthropic'
    ? { type: 'error', error: { type: 'api_error', message } }
    : { error: { message, type: 'api_error', code: null } };

type Said = Extract<Reply, { calls?: unknown }>;
let count = 0;

function anthropic(model: string, { text: said, calls = [], stop, outputTokens = 10 }: Said) {
  return {
    ...{ id: `msg_${count++}`, type: 'message', role: 'assistant', model },
    content: [
      ...(said === undefined ? [] : [{ type: 'text', text: said }]),
      ...calls.map(({ name, input }) => ({ type: 'tool_use', id: `toolu_${count++}`, name, input })),
    ],
    stop_reason: stop === 'length' ? 'max_tokens' : (stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn')),
    stop_sequence: null,
    usage: { input_tokens: 100, output_tokens: outputTokens },
  };
}

function openai(model: string, { text: said, calls = [], stop, outputTokens = 10 }: Said) {
  const toolCalls = calls.map(({ name, input }) => ({
    ...{ id: `call_${count++}`, type: 'function' },
    function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
  }));
  return {
    ...{ id: `chatcmpl-${count++}`, object: 'chat.completion', created: 1_790_000_000, model },
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: stop === 'refusal' ? null : (said ?? null),
          ...(stop === 'refusal' && { refusal: said ?? 'I will not.' }),
          ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
        },
        finish_reason:
          stop === 'length' ? 'length' : stop === 'refusal' || toolCalls.length === 0 ? 'stop' : 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: outputTokens, total_tokens: 100 + outputTokens },
  };
}
