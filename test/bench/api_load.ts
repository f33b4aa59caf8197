// Load on a server, as a process of its own: so many requests at once over connections that stay open, for a while. Prints what it
// counted as JSON.
import { Pool } from 'undici';
import { percentile } from './measure.ts';

export interface Load {
  url: string;
  path: string;
  body: unknown;
  concurrency: number;
  /** How long, in milliseconds. */
  duration: number;
}

export interface Counted {
  requests: number;
  perSecond: number;
  /** In milliseconds. */
  p50: number;
  p99: number;
}

async function load({ url, path, body, concurrency, duration }: Load): Promise<Counted> {
  const pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const times: number[] = [];
  const began = performance.now();
  const ends = began + duration;
  const ask = async () => {
    for (let now = performance.now(); now < ends; ) {
      const answer = await pool.request({ method: 'POST', path, headers, body: text });
      const content = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${content}`);
      const then = now;
      now = performance.now();
      times.push(now - then);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, ask));
  const took = performance.now() - began;
  await pool.close();
  return {
    requests: times.length,
    perSecond: (times.length / took) * 1000,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

process.stdout.write(JSON.stringify(await load(JSON.parse(process.argv[2] as string) as Load)));
