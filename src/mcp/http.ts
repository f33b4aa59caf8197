// MCP over streamable HTTP, without sessions: each request is answered by itself, as JSON. So any server of several can answer it, and
// nothing has to be remembered; a client cannot be asked anything in between.
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { type McpServerOptions, makeMcpServer } from './server.ts';

export interface McpRequest {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The JSON of the body. */
  body: unknown;
  /** Aborted where nobody waits for the answer any more. */
  signal: AbortSignal;
}

export interface McpResponse {
  status: number;
  contentType: string | null;
  body: string;
}

/** The headers that the protocol reads. */
const read = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-session-id', 'last-event-id'];

/** Answers one request. */
export async function answerMcp(
  { headers, body, signal }: McpRequest,
  options: McpServerOptions,
): Promise<McpResponse> {
  const server = makeMcpServer(options);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  const close = () => void server.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    // Its types want properties that may be undefined to be there.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    const given = read.flatMap((name) => {
      const value = headers[name];
      return typeof value === 'string' ? [[name, value] as [string, string]] : [];
    });
    const request = new Request('http://localhost/mcp', { method: 'POST', headers: given });
    const response = await transport.handleRequest(request, { parsedBody: body });
    const { status } = response;
    return { status, contentType: response.headers.get('content-type'), body: await response.text() };
  } finally {
    signal.removeEventListener('abort', close);
    await server.close();
  }
}
