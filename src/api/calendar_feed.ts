// GET /calendar/<secret>.ics: a calendar to subscribe to, for programs that can send no header. The secret is all that they have to say, so
// that no log and no error has the address.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type pg from 'pg';
import { withTransaction } from '../db/transaction.ts';
import { type Feed, writeFeed } from '../ical/feed.ts';
import { HttpError } from './problem.ts';

interface FeedRow {
  title: string | null;
  timezone: string;
  events: Feed['events'] | null;
}

/** Unknown, revoked, or of somebody who may not sign in: nobody is told which. */
const notThere = () =>
  new HttpError(404, 'Not found', 'There is no such calendar.', {
    hint: 'It may have been revoked. Make another: chime calendar-feed create, or /calendar in the bot.',
  });

async function readFeed(pool: pg.Pool, secret: string): Promise<Feed> {
  const hash = createHash('sha256').update(secret).digest();
  const { rows } = await withTransaction(pool, async (client) => {
    await client.query("select set_config('statement_timeout', '10s', true)");
    return client.query<FeedRow>('select title, timezone, events from chime_private.calendar_feed($1)', [
      hash,
    ]);
  });
  const { title, timezone, events } = rows[0] as FeedRow;
  if (title === null || events === null) throw notThere();
  return { title, timezone, events };
}

/** Whether a client has it already. */
function isKnown(header: string | undefined, etag: string): boolean {
  const tags = (header ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

export function mountCalendarFeeds(app: FastifyInstance, { pool }: { pool: pg.Pool }): void {
  app.get<{ Params: { file: string } }>(
    '/calendar/:file',
    { schema: { hide: true } },
    async (request, reply) => {
      const [, secret] = /^(feed_[\w-]{43})\.ics$/.exec(request.params.file) ?? [];
      if (secret === undefined) throw notThere();
      const text = writeFeed(await readFeed(pool, secret));
      const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
      reply.headers({ etag, 'cache-control': 'private, max-age=300' });
      if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply
        .header('content-disposition', 'inline; filename="calendar.ics"')
        .type('text/calendar; charset=utf-8')
        .send(text);
    },
  );
}
