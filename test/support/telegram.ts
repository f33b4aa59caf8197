// A Bot API server over a real socket, for the real client library: what it is asked a test can read, what it answers a test writes.
import { EventEmitter, once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { botName } from './telegram_updates.ts';

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
  /** What it was asked, but for questions for updates. */
  calls: BotCall[];
  /** The questions for updates. */
  polls: BotCall[];
  /** What was said to it by the bot: the calls that send, edit and answer. */
  said(): BotCall[];
  /** Updates that are not confirmed yet; a question with a larger offset confirms them, as with Telegram. */
  readonly updates: { update_id: number }[];
  /** Has something to tell whoever asks for updates. */
  push(...updates: { update_id: number }[]): void;
  /** Answers a question for updates in place of what there is, where it answers anything. */
  answerPoll: (call: BotCall) => BotAnswer | undefined;
  /** What people have sent as files, by the ids of the files. */
  files: Map<string, string | Uint8Array>;
  /** Answers who fetches a file in place of what is in it, where it answers anything. */
  answerFile: (path: string) => { status: number; body: string } | 'hang' | undefined;
  /** Answers a call in place of success, where it answers anything. */
  answer: (call: BotCall) => BotAnswer | undefined;
  /** Resolves when there have been so many calls. */
  called(count: number): Promise<BotCall[]>;
  /** Resolves when it has been asked for updates so many times. */
  polled(count: number): Promise<BotCall[]>;
  /** Resolves when the bot has said so much. */
  heard(count: number): Promise<BotCall[]>;
  close(): Promise<void>;
}

export async function startTelegram(test: Test): Promise<FakeTelegram> {
  const seen = new EventEmitter().setMaxListeners(0);
  const fake: FakeTelegram = {
    api: '',
    calls: [],
    polls: [],
    updates: [],
    said: () => fake.calls.filter(({ method }) => /^(send|edit|answer)/.test(method)),
    push(...updates) {
      fake.updates.push(...updates);
      seen.emit('update');
    },
    files: new Map(),
    answerFile: () => undefined,
    answer: () => undefined,
    answerPoll: () => undefined,
    async called(count) {
      while (fake.calls.length < count) await once(seen, 'call');
      return fake.calls;
    },
    async polled(count) {
      while (fake.polls.length < count) await once(seen, 'poll');
      return fake.polls;
    },
    async heard(count) {
      while (fake.said().length < count) await once(seen, 'call');
      return fake.said();
    },
    async close() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = http.createServer((request, response) => {
    void serve(request, response, fake, seen);
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
  seen: EventEmitter,
): Promise<void> {
  const at = performance.now();
  const [, bearer, file] = /^\/file\/bot([^/]+)\/(.+)$/.exec(request.url ?? '') ?? [];
  if (file !== undefined) return serveFile(response, fake, bearer === token ? file : undefined);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const params = await paramsOf(request.headers['content-type'] ?? '', Buffer.concat(chunks));
  const [, given, method] = /^\/bot([^/]+)\/(\w+)$/.exec(request.url ?? '') ?? [];
  const call = { method: method ?? '', params, at };
  const isPoll = method === 'getUpdates';
  (isPoll ? fake.polls : fake.calls).push(call);
  seen.emit(isPoll ? 'poll' : 'call');
  const answer =
    given !== token
      ? ({ error: 401, description: 'Unauthorized' } satisfies BotAnswer)
      : isPoll
        ? (fake.answerPoll(call) ?? (await updatesFor(call, fake, seen, response)))
        : fake.answer(call);
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

/** Where a file is: its path has its id. */
const pathOf = (fileId: string) => `documents/${fileId}.ics`;

function serveFile(response: http.ServerResponse, fake: FakeTelegram, path: string | undefined): void {
  const answer = fake.answerFile(path ?? '');
  if (answer === 'hang') return;
  const content = [...fake.files].find(([fileId]) => pathOf(fileId) === path)?.[1];
  if (answer !== undefined) response.writeHead(answer.status).end(answer.body);
  else if (content === undefined) response.writeHead(404).end('Not Found');
  else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
}

/** What a long poll is answered with: what there is, as soon as there is something, or nothing when its time is over. */
async function updatesFor(
  { params }: BotCall,
  { updates }: FakeTelegram,
  seen: EventEmitter,
  response: http.ServerResponse,
): Promise<BotAnswer> {
  const offset = Number(params.offset ?? 0);
  const left = updates.filter(({ update_id: id }) => id >= offset);
  updates.splice(0, updates.length, ...left);
  if (updates.length === 0) {
    const over = new AbortController();
    response.once('close', () => over.abort());
    const timer = setTimeout(() => over.abort(), Number(params.timeout ?? 0) * 1000);
    await once(seen, 'update', { signal: over.signal }).catch(() => {});
    clearTimeout(timer);
  }
  const result = updates.slice(0, Number(params.limit ?? 100));
  return { status: 200, body: JSON.stringify({ ok: true, result }) };
}

const administrator = { status: 'administrator' };

function success({ method, params }: BotCall, number: number) {
  const chat = { id: Number(params.chat_id), type: 'private' };
  const results: Record<string, unknown> = {
    getMe: { id: 123456, is_bot: true, first_name: 'Chime', username: botName },
    getChatMember: administrator,
    getFile: { file_id: params.file_id, file_unique_id: 'u', file_path: pathOf(params.file_id ?? '') },
  };
  const isMessage = /^send|^editMessage/.test(method);
  const message = { message_id: Number(params.message_id ?? number), date: 1, chat };
  return { ok: true, result: results[method] ?? (isMessage ? message : true) };
}

async function paramsOf(type: string, body: Buffer): Promise<Record<string, string>> {
  if (body.length === 0) return {};
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

/** The most calls that any window of this length has. */
export function mostIn(calls: BotCall[], perMs: number): number {
  const times = calls.map(({ at }) => at).sort((a, b) => a - b);
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= perMs) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
