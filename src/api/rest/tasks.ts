// /tasks: schedules, by the fixed contract. What may be done to them, and when, the functions of the database decide.
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Schedule } from '../../client/types.ts';
import type { Act } from './acting.ts';
import type { RestApp } from './mount.ts';
import { idParams } from './schemas.ts';
import { task, taskBody, taskPage, taskQuery } from './task_schemas.ts';
import { taskView } from './task_views.ts';
import { createTask, findTask, listTasks, replaceTask } from './task_work.ts';

const tags = ['tasks'];
const params = idParams('task');
const ifMatch = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'The ETag that was read: refused (412) if somebody has changed the task since.' }),
});
export function taskRoutes(app: RestApp, act: Act): void {
  app.get(
    '/tasks',
    {
      schema: {
        ...{ tags, operationId: 'listTasks', summary: 'Tasks, the newest first' },
        description: 'All that you may see and that are not deleted, a page at a time.',
        querystring: taskQuery,
        response: { 200: taskPage },
      },
    },
    (request) => act(request, (acting) => listTasks(acting, request.query), { readOnly: true }),
  );
  app.post(
    '/tasks',
    {
      schema: {
        ...{ tags, operationId: 'createTask', summary: 'Create a task' },
        description: 'Creates a task; with the `key` of one that is there, changes that (and answers 200).',
        body: taskBody,
        response: { 201: task, 200: task },
      },
    },
    async (request, reply) => {
      const { schedule, created } = await act(request, (acting) => createTask(acting, request.body));
      if (created) reply.code(201).header('location', `/api/v1/tasks/${schedule.id}`);
      return answerTask(reply, schedule);
    },
  );
  app.get(
    '/tasks/:id',
    {
      schema: {
        ...{ tags, operationId: 'getTask', summary: 'One task' },
        description: 'The task with this id.',
        params,
        response: { 200: task },
      },
    },
    async (request, reply) => {
      const schedule = await act(request, (acting) => findTask(acting, request.params.id), {
        readOnly: true,
      });
      return answerTask(reply, schedule);
    },
  );
  app.put(
    '/tasks/:id',
    {
      schema: {
        ...{ tags, operationId: 'replaceTask', summary: 'Change a task' },
        description:
          'Makes it what the body says; a field that is left out gets its default. A changed rule counts from now and never fires the past. ' +
          'A rule that these fields cannot say (made on another surface) is kept by `repeat_interval: custom` without `cron_expression`.',
        params,
        headers: ifMatch,
        body: taskBody,
        response: { 200: task },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const schedule = await act(request, (acting) =>
        replaceTask(acting, params.id, body, headers['if-match']),
      );
      return answerTask(reply, schedule);
    },
  );
  app.delete(
    '/tasks/:id',
    {
      schema: {
        ...{ tags, operationId: 'deleteTask', summary: 'Delete a task' },
        description:
          'Removes it from view and stops it; what it has queued is cancelled, its runs stay readable.',
        params,
        response: { 204: z.undefined().meta({ description: 'It is deleted.' }) },
      },
    },
    async (request, reply) => {
      await act(request, ({ chime }) => chime.schedules.delete(request.params.id));
      return reply.code(204).send();
    },
  );
}

/** Answers a task, with its revision as the ETag. */
export function answerTask(reply: FastifyReply, schedule: Schedule) {
  reply.header('etag', `"${schedule.revision}"`);
  return taskView(schedule);
}
