// /events: what programs say to have happened, and what that leads to.
import { z } from 'zod';
import type { ChimeEvent } from '../../client/event_types.ts';
import { eventColumns } from '../../client/events.ts';
import type { Act, Acting } from './acting.ts';
import type { RestApp } from './mount.ts';
import { filters, readPage } from './pages.ts';
import { run } from './run_schemas.ts';
import { listRuns } from './run_views.ts';
import { id, instant, orNull, pageOf, pageQuery } from './schemas.ts';

const tags = ['events'];

const event = z
  .object({
    id: id('Its id; the ids of later events are greater.'),
    name: z.string().meta({ description: 'What happened.' }),
    payload: z.record(z.string(), z.unknown()).meta({ description: 'What was said of it.' }),
    handler_count: z.int().meta({ description: 'How many event handlers it has set going.' }),
    cause_run_id: orNull(id('The run that raised it, where that is known.')),
    depth: z.int().meta({ description: 'How many events led to it.' }),
    actor: z.string().meta({ description: 'Who raised it.' }),
    created_at: instant('When it was raised.'),
  })
  .meta({ id: 'Event', description: 'What was said to have happened.' });

const raised = z
  .object({
    event,
    runs: z
      .array(run)
      .meta({ description: 'The runs that answer it, 100 at most; those with a delay come later.' }),
  })
  .meta({ id: 'RaisedEvent', description: 'An event, and what it led to at once.' });

const eventQuery = z.strictObject({
  name: z
    .string()
    .optional()
    .meta({ description: 'Only events of this name, or whose names begin so (`order.*`).' }),
  ...pageQuery,
});

const payload = z
  .record(z.string(), z.unknown())
  .optional()
  .meta({ id: 'EventPayload', description: 'What there is to say of it: an object of at most 256 KB.' });

const eventPage = pageOf(event, 'EventPage', 'events');

function eventView(raisedEvent: ChimeEvent): z.output<typeof event> {
  const { id: eventId, name, payload: said, handlerCount, causeRunId, depth, actor, createdAt } = raisedEvent;
  return {
    ...{ id: eventId, name, payload: said, depth, actor },
    handler_count: handlerCount,
    cause_run_id: causeRunId,
    created_at: createdAt.toISOString(),
  };
}

async function listEvents(acting: Acting, { name, page, size }: z.output<typeof eventQuery>) {
  const begins = name === '*' || name?.endsWith('.*') === true;
  const { conditions, values } = filters([
    [begins ? name?.slice(0, -1) : name, begins ? 'starts_with(e.name, #)' : 'e.name = #'],
  ]);
  const found = await readPage<ChimeEvent>(
    acting,
    {
      ...{ table: 'chime.events e', columns: eventColumns, values },
      conditions: ['e.tenant_id = (select chime.current_tenant())', ...conditions],
    },
    { page, size },
  );
  return { ...found, items: found.items.map(eventView) };
}

export function eventRoutes(app: RestApp, act: Act): void {
  app.get(
    '/events',
    {
      schema: {
        ...{ tags, operationId: 'listEvents', summary: 'Events, the latest first' },
        description: 'All that you may see, a page at a time.',
        querystring: eventQuery,
        response: { 200: eventPage },
      },
    },
    (request) => act(request, (acting) => listEvents(acting, request.query), { readOnly: true }),
  );
  app.post(
    '/events/:name',
    {
      schema: {
        ...{ tags, operationId: 'raiseEvent', summary: 'Raise an event' },
        description:
          'Says that something happened: the runs of all event handlers that it concerns are made with it. The body is its payload.',
        params: z.strictObject({
          name: z.string().meta({ description: 'What happened, such as order.created.' }),
        }),
        body: payload,
        response: { 201: raised },
      },
    },
    async (request, reply) => {
      const answer = await act(request, async (acting) => {
        const made = await acting.chime.events.trigger(request.params.name, request.body ?? {});
        const { items } = await listRuns(acting, { event_id: made.id, page: 1, size: 100 });
        return { event: eventView(made), runs: items };
      });
      return reply.code(201).send(answer);
    },
  );
}
