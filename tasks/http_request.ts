import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { defineTask } from '../src/task.ts';

const status = z.int().min(100).max(599);

export default defineTask({
  name: 'http_request',
  description:
    'Sends an HTTP request; the full response is the output. Reaches public addresses only, unless the operator allows others.',
  payload: z.strictObject({
    url: z.string().max(8192),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
    headers: z.record(z.string(), z.string()).default({}),
    /** A text is sent as it is, anything else as JSON. */
    body: z.unknown().optional(),
    /** The status, or statuses, that count as success; by default all from 200 to 299. */
    expect_status: z.union([status, z.array(status).min(1)]).optional(),
    timeout_ms: z.int().min(1).max(3_600_000).default(30_000),
    max_redirects: z.int().min(0).max(20).default(5),
  }),
  async run({ payload, fetch, write }) {
    const { url, method, body, expect_status: expected } = payload;
    const headers = { 'user-agent': 'pgchime', ...payload.headers };
    if (
      body !== undefined &&
      typeof body !== 'string' &&
      !Object.keys(headers).some((name) => /^content-type$/i.test(name))
    ) {
      Object.assign(headers, { 'content-type': 'application/json' });
    }
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      maxRedirects: payload.max_redirects,
      timeoutMs: payload.timeout_ms,
    });
    write(`HTTP ${response.status} ${STATUS_CODES[response.status] ?? ''}\n`);
    for (const [name, value] of Object.entries(response.headers)) write(`${name}: ${value}\n`);
    write('\n');
    write(response.body);
    if (response.truncated) write('\n[cut: the response is longer]');

    const isExpected =
      expected === undefined
        ? response.status >= 200 && response.status < 300
        : [expected].flat().includes(response.status);
    if (!isExpected) {
      throw new Error(
        `${new URL(response.url).host} answered ${response.status}, not ${expected === undefined ? '2xx' : [expected].flat().join(' or ')}.`,
      );
    }
    return {
      status: response.status,
      url: response.url,
      headers: response.headers,
      bytes: response.body.length,
    };
  },
});
