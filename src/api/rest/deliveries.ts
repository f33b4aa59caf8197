// /runs/:id/deliveries and /inbox: what became of output after its run.
import { deliveryColumns, inboxColumns } from '../../client/deliveries.ts';
import type { Delivery, InboxItem } from '../../client/delivery_types.ts';
import type { Act } from './acting.ts';
import {
  deliveryPage,
  deliveryQuery,
  deliveryView,
  inboxPage,
  inboxQuery,
  inboxView,
  readAnswer,
  readBody,
} from './delivery_schemas.ts';
import type { RestApp } from './mount.ts';
import { readPage } from './pages.ts';
import { findRun } from './run_views.ts';
import { idParams } from './schemas.ts';

export function deliveryRoutes(app: RestApp, act: Act): void {
  app.get(
    '/runs/:id/deliveries',
    {
      schema: {
        ...{ tags: ['runs'], operationId: 'listRunDeliveries', summary: 'Where the output of a run went' },
        description:
          'Its deliveries, the latest first: to whom its output was sent, and what became of that.',
        params: idParams('run'),
        querystring: deliveryQuery,
        response: { 200: deliveryPage },
      },
    },
    (request) =>
      act(
        request,
        async (acting) => {
          const { id } = await findRun(acting, request.params.id);
          const conditions = ['d.tenant_id = (select chime.current_tenant())', 'd.run_id = $1'];
          const found = await readPage<Delivery>(
            acting,
            { table: 'chime.deliveries d', columns: deliveryColumns, conditions, values: [id] },
            request.query,
          );
          return { ...found, items: found.items.map(deliveryView) };
        },
        { readOnly: true },
      ),
  );
}

export function inboxRoutes(app: RestApp, act: Act): void {
  const tags = ['inbox'];
  app.get(
    '/inbox',
    {
      schema: {
        ...{ tags, operationId: 'listInbox', summary: 'Your inbox, the latest first' },
        description:
          'What came in for you to read, a page at a time; nothing for a token of nobody in particular.',
        querystring: inboxQuery,
        response: { 200: inboxPage },
      },
    },
    (request) =>
      act(
        request,
        async (acting) => {
          const { unread = false, ...page } = request.query;
          const found = await readPage<InboxItem>(
            acting,
            {
              ...{ table: 'chime.search_inbox(unread=>$1) i', columns: inboxColumns },
              ...{ conditions: ['true'], values: [unread] },
            },
            page,
          );
          return { ...found, items: found.items.map(inboxView) };
        },
        { readOnly: true },
      ),
  );
  app.post(
    '/inbox/read',
    {
      schema: {
        ...{ tags, operationId: 'readInbox', summary: 'Mark as read' },
        description: 'Marks items of your inbox as read, all of them where none are named.',
        body: readBody,
        response: { 200: readAnswer },
      },
    },
    (request) =>
      act(request, async ({ chime }) => ({
        read_count: await chime.inbox.markRead(request.body?.ids ?? undefined),
      })),
  );
}
