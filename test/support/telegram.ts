// A Bot API server over a real socket, for the real client library: what it is asked a test can read, what it answers a test writes.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export const token = '123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

export interface BotCall {
  method: string;
  /** By name; of a document `document` is its text, and `filename` and `contentType` say what it is. */
  params: Record<string, string>;
  /** When it arrived, by a clock that never goes back, in milliseconds. */
  at: number;
}

/** An error as the Bot API has it, anything else that a server may say, or what it may do instead. */
export type BotAnswer =
  | { error: number; description: string; parameters?: Record<string, number> }
  | { status: number; body: string }
  /** Success, but not before. */
  | { wait: Promise<void> }
  /** The connection is cut once the request was read. */
  | 'reset'
  /** There is never an answer. */
  | 'hang';

export interface FakeTelegram {
  api: string;
  calls: BotCall[];
  /** Answers a call in place of success, where it answers anything. */
  answer: (call: BotCall) => BotAnswer | undefined;
  /** Resolves when there have been so many calls. */
  called(count: number): Promise<BotCall[]>;
  close(): Promise<void>;
}

export async function startTelegram(test: Test): Promise<FakeTelegram> {
  const seen = new EventEmitter().setMaxListeners(0);
  const fake: FakeTelegram = {
    api: '',
    calls: [],
    answer: () => undefined,
    async called(count) {
      while (fake.calls.length < count) await once(seen, 'call');
      return fake.calls;
    },
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = http.createServer((request, response) => {
    void serve(request, response, fake, () => seen.emit('call'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  fake.api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  test.teardown(() => fake.close());
  return fake;
}

async function serve(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  fake: FakeTelegram,
  counted: () => void,
): Promise<void> {
  const at = performance.now();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const params = await paramsOf(request.headers['content-type'] ?? '', Buffer.concat(chunks));
  const [, given, method] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
  const call = { method: method ?? '', params, at };
  fake.calls.push(call);
  counted();
  const answer =
    given === token ? fake.answer(call) : ({ error: 401, description: 'Unauthorized' } satisfies BotAnswer);
  if (answer === 'hang') return;
  if (answer === 'reset') {
    request.socket.destroy();
    return;
  }
  if (answer !== undefined && 'wait' in answer) await answer.wait;
  const { status, body } =
    answer === undefined || 'wait' in answer
      ? { status: 200, body: JSON.stringify(success(call, fake.calls.length)) }
      : 'error' in answer
        ? {
            status: answer.error,
            body: JSON.stringify({
              ok: false,
              error_code: answer.error,
              description: answer.description,
              ...(answer.parameters && { parameters: answer.parameters }),
            }),
          }
        : answer;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
}

const success = ({ params }: BotCall, number: number) => ({
  ok: true,
  result: { message_id: number, date: 1, chat: { id: Number(params.chat_id), type: 'private' } },
});

async function paramsOf(type: string, body: Buffer): Promise<Record<string, string>> {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  const params: Record<string, string> = {};
  for (const [name, value] of form.entries()) {
    if (typeof value === 'string') params[name] = value;
    else {
      const file = value as File;
      Object.assign(params, { document: await file.text(), filename: file.name, contentType: file.type });
    }
  }
  return params;
}
