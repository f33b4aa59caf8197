// People of one time zone who want their check-in at the same minute: how long until it is decided on for each and its run is made, until
// each has its text, and how fast the messages then go out by a channel that takes thirty a second.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { rounded } from './measure.ts';
import { ChimeProcess } from './processes.ts';
import type { Bench, Result } from './run.ts';

/** People, each with a chat, and their check-ins at a minute that leaves the time to store them. */
async function prepare(client: pg.Client, count: number): Promise<{ at: Date; stored: number }> {
  const at = new Date(Math.ceil((Date.now() + 30_000 + count * 1.1) / 60_000) * 60_000);
  const began = performance.now();
  // In bites, lest one transaction holds a hundred thousand locks.
  for (let first = 1; first <= count; first += 5000)
    await client.query(
      `with people as (
         insert into chime.users (id, tenant_id, subject, timezone, preferred_message_time, onboarded_at, created_at, updated_at)
         select gen_random_uuid(), chime.current_tenant(), 'telegram:' || n, 'UTC', $3::time, chime.now(), chime.now(), chime.now()
         from generate_series($1::integer, $2) n
         returning id, tenant_id, subject
       )
       insert into chime.channel_mappings (id, tenant_id, user_id, channel_id, channel_context_id, status_changed_at, created_at, updated_at)
       select gen_random_uuid(), p.tenant_id, p.id, 'telegram', split_part(p.subject, ':', 2), chime.now(), chime.now(), chime.now() from people p`,
      [first, Math.min(count, first + 4999), at.toISOString().slice(11, 16)],
    );
  const stored = (performance.now() - began) / 1000;
  await client.query('vacuum analyze chime.users, chime.channel_mappings, chime.schedules');
  await client.query('checkpoint');
  return { at, stored };
}

/** A Telegram that takes everything, and knows when. */
async function startTelegram() {
  const sent: number[] = [];
  const chats = new Map<string, number>();
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const chat = /"?chat_id"?[=:]"?(\d+)/.exec(body)?.[1] ?? '';
    sent.push(performance.now());
    chats.set(chat, (chats.get(chat) ?? 0) + 1);
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ok: true, result: { message_id: sent.length, chat: { id: Number(chat) } } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent, chats, server };
}

/** The most of them within any second. */
function mostInASecond(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

export async function checkIns({ database, quick }: Bench): Promise<Result[]> {
  const count = quick ? 2_000 : 100_000;
  const url = await database();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const telegram = await startTelegram();
  const { at, stored } = await prepare(client, count);
  const env = {
    DATABASE_URL: url,
    CHIME_CONCURRENCY: '200',
    CHIME_TELEGRAM_API: telegram.api,
    CHIME_TELEGRAM_TOKEN: '1:aaaaaaaaaaaaaaaaaaaaaaaa',
  };
  const processes = (['worker', 'clock', 'deliver'] as const).map((kind) => new ChimeProcess(kind, 1, env));
  try {
    if (Date.now() > at.getTime() - 5000) throw new Error('It took too long to store the people.');
    while (Date.now() < at.getTime()) await sleep(20);
    const seconds = () => (Date.now() - at.getTime()) / 1000;
    let decided: number | undefined;
    let written: number | undefined;
    while (written === undefined) {
      for (const each of processes) each.pid;
      const { rows } = await client.query<{ due: boolean; unfinished: boolean }>(
        `select (select next_due_at from chime.schedules where next_due_at is not null order by next_due_at limit 1) <= $1 as due,
           (select run_id from chime_private.unfinished_runs order by run_id limit 1) is not null as unfinished`,
        [at],
      );
      if (rows[0]?.due === false) decided ??= seconds();
      if (decided !== undefined && rows[0]?.unfinished === false) written = seconds();
      await sleep(100);
    }
    const before = telegram.sent.length;
    const watched = quick ? 5 : 30;
    await sleep(watched * 1000);
    const rate = (telegram.sent.length - before) / watched;
    const { rows } = await client.query<Record<string, number>>(
      `select (select count(*) from chime.check_ins where skip_reason is null)::float8 as decided, (select count(distinct user_id) from chime.check_ins)::float8 as people,
         (select count(*) from chime.runs where purpose = 'check_in' and status = 'succeeded')::float8 as runs, (select count(*) from chime.deliveries)::float8 as deliveries`,
    );
    return [
      {
        title: `${count} people whose check-in is at the same minute, 1 clock, 1 worker, 1 sender`,
        wanted: 'decided and fired in seconds; each once',
        rows: [
          {
            'stored / s, with schedules': Math.round(count / stored),
            'decided and fired after s': rounded(decided as number),
            '/ s': Math.round(count / (decided as number)),
            'all written after s': rounded(written),
            ...rows[0],
          },
        ],
      },
      {
        title: 'Messages to Telegram, which takes 30 a second',
        wanted: 'at that limit, none above it, to each chat one',
        rows: [
          {
            'sent / s': rounded(rate),
            'most within a second': mostInASecond(telegram.sent),
            'most to one chat': Math.max(...telegram.chats.values()),
          },
        ],
      },
    ];
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
    telegram.server.closeAllConnections();
    telegram.server.close();
    await client.end();
  }
}
