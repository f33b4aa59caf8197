// /runs: what became of each fire.
import { z } from 'zod';
import type { Act } from './acting.ts';
import type { RestApp } from './mount.ts';
import {
  logLines,
  logQuery,
  reasonBody,
  retryBody,
  run,
  runDetails,
  runPage,
  runQuery,
} from './run_schemas.ts';
import { findRun, listRuns, runDetailsView, runView } from './run_views.ts';
import { idParams } from './schemas.ts';

const tags = ['runs'];
const params = idParams('run');

export function runRoutes(app: RestApp, act: Act): void {
  app.get(
    '/runs',
    {
      schema: {
        ...{ tags, operationId: 'listRuns', summary: 'Runs, the latest first' },
        description: 'All that you may see, a page at a time.',
        querystring: runQuery,
        response: { 200: runPage },
      },
    },
    (request) => act(request, (acting) => listRuns(acting, request.query), { readOnly: true }),
  );
  app.get(
    '/runs/:id',
    {
      schema: {
        ...{ tags, operationId: 'getRun', summary: 'One run' },
        description: 'The run with this id, with all but its output and logs.',
        params,
        response: { 200: runDetails },
      },
    },
    (request) =>
      act(request, async (acting) => runDetailsView(await findRun(acting, request.params.id)), {
        readOnly: true,
      }),
  );
  readingRoutes(app, act);
  controlRoutes(app, act);
}

function readingRoutes(app: RestApp, act: Act): void {
  app.get(
    '/runs/:id/output',
    {
      schema: {
        ...{ tags, operationId: 'getRunOutput', summary: 'The output of a run' },
        description: 'All that it produced, in full, as plain text; empty where there is nothing.',
        params,
        response: {
          200: {
            description: 'The output.',
            content: {
              'text/plain; charset=utf-8': { schema: z.string().meta({ description: 'The output.' }) },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { output } = await act(request, (acting) => findRun(acting, request.params.id), {
        readOnly: true,
      });
      return reply
        .type('text/plain; charset=utf-8')
        .serializer(String)
        .send(output ?? '');
    },
  );
  app.get(
    '/runs/:id/logs',
    {
      schema: {
        ...{ tags, operationId: 'getRunLogs', summary: 'What a run logged' },
        description: 'Lines in order, so many at a time.',
        params,
        querystring: logQuery,
        response: { 200: logLines },
      },
    },
    (request) =>
      act(
        request,
        async (acting) => {
          const { id } = await findRun(acting, request.params.id);
          const { after_seq: after, size } = request.query;
          const found = await acting.rows<Record<string, unknown> & { loggedAt: Date }>(
            `select l.seq, l.attempt, l.level, l.message, l.data, l.logged_at from chime.run_logs l
             where l.run_id = $1 and l.seq > $2 order by l.seq limit $3`,
            [id, after, size],
          );
          return {
            items: found.map(({ loggedAt, ...line }) => ({ ...line, logged_at: loggedAt.toISOString() })),
          } as z.output<typeof logLines>;
        },
        { readOnly: true },
      ),
  );
}

function controlRoutes(app: RestApp, act: Act): void {
  app.post(
    '/runs/:id/cancel',
    {
      schema: {
        ...{ tags, operationId: 'cancelRun', summary: 'Cancel a run' },
        description:
          'At once if it waits. If it is running, its handler is told to end, `cancel_requested_at` says so, and it is cancelled when that has happened.',
        params,
        body: reasonBody,
        response: { 200: run },
      },
    },
    (request) =>
      act(request, async ({ chime }) =>
        runView(await chime.runs.cancel(request.params.id, request.body?.reason ?? undefined)),
      ),
  );
  app.post(
    '/runs/:id/retry',
    {
      schema: {
        ...{ tags, operationId: 'retryRun', summary: 'Run it again' },
        description:
          'Runs again what a run did that failed, timed out or was cancelled: answers a new run (201), whose `retry_of` is the old one. One that ' +
          'waits for its retry does not wait any longer, and is itself the answer (200).',
        params,
        body: retryBody,
        response: { 201: run, 200: run },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const again = await act(request, ({ chime }) =>
        chime.runs.retry(id, { allowOverlap: request.body?.allow_overlap ?? false }),
      );
      if (again.id !== id) reply.code(201).header('location', `/api/v1/runs/${again.id}`);
      return runView(again);
    },
  );
}
