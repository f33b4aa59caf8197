// What would break whoever reads it, refused before it is read: the parser of documents, and whatever writes values as JSON, call
// themselves once for each level.
import 'postgraphile';
import { SafeError } from 'postgraphile/grafast';
import { faultOf } from '../limits.ts';

/** Brackets within brackets: a payload written out may be 100 levels deep, and is within an input. */
const deepest = 150;

/** Texts, comments, and brackets; the texts and comments are there to be passed over. */
const tokens = /"""(?:\\"""|[\s\S])*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|[{[(]|[}\])]/g;

/** How deep the brackets of a document are at most. */
export function nestingOf(document: string): number {
  let depth = 0;
  let most = 0;
  for (const [token] of document.matchAll(tokens)) {
    if (token === '{' || token === '[' || token === '(') most = Math.max(most, ++depth);
    else if (token === '}' || token === ']' || token === ')') depth = Math.max(0, depth - 1);
  }
  return most;
}

/** Refuses documents and variables that are nested too deep. */
export const nestingPlugin: GraphileConfig.Plugin = {
  name: 'ChimeNestingPlugin',
  version: '1.0.0',
  grafserv: {
    middleware: {
      processGraphQLRequestBody(next, { body }) {
        const { query, variableValues } = body as { query?: unknown; variableValues?: unknown };
        if (typeof query === 'string' && nestingOf(query) > deepest) {
          throw new SafeError(`It is nested more than ${deepest} levels deep.`, {
            ...{ code: 'TOO_COMPLEX', status: 400, statusCode: 400, details: { limit: deepest } },
          });
        }
        const fault = faultOf(variableValues);
        if (fault !== undefined) {
          throw new SafeError(`What is given for the variables ${fault}.`, {
            ...{ code: 'BAD_REQUEST', status: 400, statusCode: 400 },
          });
        }
        return next();
      },
    },
  },
};
