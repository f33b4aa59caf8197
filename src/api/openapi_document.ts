// What the OpenAPI document says beside what routes say for themselves: how requests may be refused, and plain names for schemas.
import type { OpenAPIV3_1 } from 'openapi-types';

type Operation = OpenAPIV3_1.OperationObject;
type Schemas = Record<string, { description?: string }>;

/** How any request may be refused, by status. */
const always: Record<string, string> = {
  400: 'The request is not valid; `errors` says which fields.',
  401: 'Nobody is signed in, or the token is not valid.',
  403: 'Your role may not do that.',
  429: 'Too many requests; `Retry-After` says how many seconds to wait.',
  500: 'Something went wrong that should not; the log has the cause, under `instance`.',
  503: 'The database cannot be reached, or is too busy.',
};
/** How requests that name something may be refused, too. */
const byName: Record<string, string> = { 404: 'There is none that you may see.' };
/** And those that change something. */
const changing: Record<string, string> = { 409: 'Not possible in the state that it is in.' };
/** And those with a body. */
const withBody: Record<string, string> = { 413: 'The body is too large.', 415: 'The body is not JSON.' };
/** And those that say which version they mean. */
const conditional: Record<string, string> = { 412: 'Somebody has changed it since.' };

/**
 * The document as it is served.
 * @param mayBeLeftOut the ids of operations whose body may be
 */
export function finish(
  document: OpenAPIV3_1.Document,
  mayBeLeftOut: ReadonlySet<string | undefined>,
): OpenAPIV3_1.Document {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(item ?? {}) as [string, Operation][]) {
      describeAnswers(operation, schemas);
      const body = operation.requestBody as OpenAPIV3_1.RequestBodyObject | undefined;
      if (body !== undefined && mayBeLeftOut.has(operation.operationId)) body.required = false;
      const hasIfMatch = operation.parameters?.some((each) => 'name' in each && each.name === 'if-match');
      operation.responses = {
        ...operation.responses,
        ...problems({
          ...always,
          ...(path.includes('{id}') && byName),
          ...(method !== 'get' && changing),
          ...(body !== undefined && withBody),
          ...(hasIfMatch === true && conditional),
        }),
      };
    }
  }
  return tidy(document);
}

function problems(texts: Record<string, string>): OpenAPIV3_1.ResponsesObject {
  const schema = { $ref: '#/components/schemas/Problem' };
  return Object.fromEntries(
    Object.entries(texts).map(([status, description]) => [
      status,
      { description, content: { 'application/problem+json': { schema } } },
    ]),
  );
}

/** An answer is described by what it has in it. */
function describeAnswers({ responses = {} }: Operation, schemas: Schemas): void {
  for (const response of Object.values(responses) as OpenAPIV3_1.ResponseObject[]) {
    const schema = response.content?.['application/json']?.schema;
    if (schema === undefined || !('$ref' in schema)) continue;
    response.description = schemas[schema.$ref?.split('/').at(-1) ?? '']?.description ?? response.description;
  }
}

/**
 * Leaves out schemas that nothing refers to, lets those of requests have the plain name where no answer has it, and drops bounds
 * that say no more than that a number is a number.
 */
function tidy(document: OpenAPIV3_1.Document): OpenAPIV3_1.Document {
  const all: Record<string, unknown> = document.components?.schemas ?? {};
  const used = new Set<string>();
  const collect = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      collect(all[name] ?? null);
    }
  };
  collect(document.paths ?? {});
  const plain = (name: string) => (used.has(name.replace(/Input$/, '')) ? name : name.replace(/Input$/, ''));
  const schemas = Object.fromEntries([...used].sort().map((name) => [plain(name), all[name]]));
  const kept = { ...document, components: { ...document.components, schemas } };
  return JSON.parse(JSON.stringify(kept), (key, value) => {
    if ((key === 'minimum' || key === 'maximum') && Math.abs(value) === Number.MAX_SAFE_INTEGER)
      return undefined;
    if (key !== '$ref' || typeof value !== 'string') return value;
    return value.replace(/(?<=^#\/components\/schemas\/)\w+$/, plain);
  });
}
