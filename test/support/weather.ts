// A server that speaks as OpenWeather does, whose answers a test writes.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

export type Sky =
  | { description: string; temp: number }
  | { status: number; body?: string }
  | { bytes: number }
  | { cut: true }
  | { silent: true };

/** The key that it wants. */
export const weatherKey = 'weather-key-0123456789';

export async function startWeather(test: Test) {
  const requests: URLSearchParams[] = [];
  let sky: Sky = { description: 'light rain', temp: 3.6 };
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    requests.push(searchParams);
    if (pathname !== '/data/2.5/weather' || searchParams.get('appid') !== weatherKey) {
      response.writeHead(401).end('{"cod":401, "message": "Invalid API key."}');
      return;
    }
    if ('silent' in sky) return;
    if ('cut' in sky) {
      response.writeHead(200, { 'content-length': 1000 }).write('{"weather":', () => response.destroy());
    } else if ('bytes' in sky) {
      response.end('x'.repeat(sky.bytes));
    } else if ('status' in sky) {
      response.writeHead(sky.status).end(sky.body ?? '');
    } else {
      response.end(
        JSON.stringify({ weather: [{ description: sky.description }], main: { temp: sky.temp }, cod: 200 }),
      );
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    is(next: Sky): void {
      sky = next;
    },
  };
}
