// The OpenAPI document, made from the schemas that requests are checked with, and a page to try the API on.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { OpenAPIV3_1 } from 'openapi-types';
import { z } from 'zod';
import { version } from '../package.ts';
import { finish } from './openapi_document.ts';

const description = `Schedules that fire by the clock, the runs that they lead to, and events.

A **task** is what the rest of pgchime calls a schedule: when, and what. Its field \`task\` names the handler that a worker has.
Errors are problem details (RFC 9457); \`code\` is the same on every surface.
Signed in is who sends \`Authorization: Bearer\` with a JWT or an API token; a server without such settings serves this machine alone.`;

/** What the page may do: nothing comes from elsewhere, nothing is sent elsewhere. Its style sheet is partly in the page. */
const pagePolicy = [
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'; font-src 'self'",
  "img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'",
].join('; ');

/** Serves /api/openapi.json, and /api/docs to try it. Routes that are added later are described. */
export async function describeApi(app: FastifyInstance): Promise<void> {
  // Of these operations the body, which the document would demand.
  const mayBeLeftOut = new Set<string | undefined>();
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'pgchime', version, description, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/', description: 'This server.' }],
      tags: [
        { name: 'tasks', description: 'What fires when: schedules.' },
        { name: 'runs', description: 'What became of each fire, and of each run that was asked for.' },
        { name: 'events', description: 'What was said to have happened.' },
        { name: 'inbox', description: 'What came in for you to read.' },
      ],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A JWT, or an API token (chime token create).',
          },
        },
      },
      security: [{ bearer: [] }],
    },
    transform: (route) => {
      // What describes itself in no schema is not REST.
      if ((route.schema as object | undefined) === undefined)
        return { schema: { hide: true }, url: route.url };
      const { body, operationId } = route.schema as { body?: unknown; operationId?: string };
      if (body instanceof z.ZodType && body.safeParse(undefined).success) mayBeLeftOut.add(operationId);
      return jsonSchemaTransform(route);
    },
    transformObject: (document) =>
      finish(jsonSchemaTransformObject(document) as OpenAPIV3_1.Document, mayBeLeftOut) as never,
  });
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  await app.register(swaggerUi, {
    routePrefix: '/api/docs',
    staticCSP: pagePolicy,
    theme: { title: 'pgchime: API' },
    // Without the bar by which it would load the documents of others.
    uiConfig: {
      layout: 'BaseLayout',
      tryItOutEnabled: true,
      persistAuthorization: false,
      validatorUrl: null,
    },
  });
}
