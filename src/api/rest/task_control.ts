// /tasks/:id/...: pausing, resuming, cancelling and running a task, and its runs.
import type { Schedule } from '../../client/types.ts';
import type { Act, Acting } from './acting.ts';
import type { RestApp } from './mount.ts';
import { pauseBody, reasonBody, run, runNowBody, runPage, taskRunQuery } from './run_schemas.ts';
import { listRuns, runView } from './run_views.ts';
import { idParams } from './schemas.ts';
import { task } from './task_schemas.ts';
import { findTask } from './task_work.ts';
import { answerTask } from './tasks.ts';

const tags = ['tasks'];
const params = idParams('task');

export function taskControlRoutes(app: RestApp, act: Act): void {
  stateRoutes(app, act);
  app.post(
    '/tasks/:id/run',
    {
      schema: {
        ...{ tags, operationId: 'runTask', summary: 'Run a task now' },
        description: 'Runs it once, at once, beside its rule.',
        params,
        body: runNowBody,
        response: { 201: run },
      },
    },
    async (request, reply) => {
      const { payload, allow_overlap: allowOverlap = false } = request.body ?? {};
      const made = await act(request, ({ chime }: Acting) =>
        chime.schedules.runNow(request.params.id, { payload, allowOverlap }),
      );
      return reply.code(201).header('location', `/api/v1/runs/${made.id}`).send(runView(made));
    },
  );
  app.get(
    '/tasks/:id/runs',
    {
      schema: {
        ...{ tags, operationId: 'listTaskRuns', summary: 'The runs of a task, the latest first' },
        description: 'All that are kept, a page at a time.',
        params,
        querystring: taskRunQuery,
        response: { 200: runPage },
      },
    },
    (request) =>
      act(
        request,
        async (acting) => {
          const { id } = await findTask(acting, request.params.id);
          return listRuns(acting, { ...request.query, task_id: id });
        },
        { readOnly: true },
      ),
  );
}

function stateRoutes(app: RestApp, act: Act): void {
  app.post(
    '/tasks/:id/pause',
    {
      schema: {
        ...{ tags, operationId: 'pauseTask', summary: 'Pause a task' },
        description: 'Stops it from firing, until it is resumed or until an instant. Runs that exist go on.',
        params,
        body: pauseBody,
        response: { 200: task },
      },
    },
    async (request, reply) => {
      const { reason, until } = request.body ?? {};
      const options = { ...(reason != null && { reason }), ...(until != null && { until }) };
      const changed: Schedule = await act(request, ({ chime }) =>
        chime.schedules.pause(request.params.id, options),
      );
      return answerTask(reply, changed);
    },
  );
  app.post(
    '/tasks/:id/resume',
    {
      schema: {
        ...{ tags, operationId: 'resumeTask', summary: 'Resume a task' },
        description: 'Lets it fire again, from its next fire on; the pause itself is never made up for.',
        params,
        response: { 200: task },
      },
    },
    async (request, reply) =>
      answerTask(reply, await act(request, ({ chime }) => chime.schedules.resume(request.params.id))),
  );
  app.post(
    '/tasks/:id/cancel',
    {
      schema: {
        ...{ tags, operationId: 'cancelTask', summary: 'Cancel a task' },
        description: 'Stops it for good; it stays to be read. What it has queued is cancelled.',
        params,
        body: reasonBody,
        response: { 200: task },
      },
    },
    async (request, reply) => {
      const reason = request.body?.reason ?? undefined;
      return answerTask(
        reply,
        await act(request, ({ chime }) => chime.schedules.cancel(request.params.id, reason)),
      );
    },
  );
}
