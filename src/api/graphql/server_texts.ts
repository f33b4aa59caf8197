// Types that PostGraphile has in every schema, in our words. On our own server alone: in the schema of another they are not ours.
import 'postgraphile';

const typeTexts: Readonly<Record<string, string>> = {
  Query: 'What can be read.',
  Mutation: 'What can be done. Each is one transaction: done as a whole, or not at all.',
  Subscription: 'What can be heard of as it happens, over a WebSocket (graphql-transport-ws).',
  PageInfo: 'Where a page lies in its list.',
  Cursor: 'A place in a list, to be given back as it is.',
  Datetime: 'An instant, in ISO 8601 with an offset: 2026-03-29T09:00:00+02:00.',
  JSON: 'Any JSON: an object, a list, a text, a number, true, false or null.',
  UUID: 'An id, as RFC 9562 writes it: 01998f3a-6b7c-7d2e-8f90-a1b2c3d4e5f6.',
  BigInt: 'A whole number, as text: JavaScript rounds numbers above 2^53.',
};

const pageTexts: Readonly<Record<string, string>> = {
  hasNextPage: 'Whether there is more behind the page.',
  hasPreviousPage: 'Whether there is more before the page.',
  startCursor: 'The place of its first item.',
  endCursor: 'The place of its last item: given as `after`, it leads to the next page.',
};

function described<T extends { name: string; description?: string | null | undefined }>(type: T): T {
  const text = typeTexts[type.name];
  return text === undefined ? type : { ...type, description: text };
}

export const ServerTextsPlugin: GraphileConfig.Plugin = {
  name: 'ChimeServerTextsPlugin',
  version: '1.0.0',
  schema: {
    hooks: {
      GraphQLObjectType: described,
      GraphQLScalarType: described,
      GraphQLObjectType_fields_field(field, _build, { scope, Self }) {
        const text = Self.name === 'PageInfo' ? pageTexts[scope.fieldName] : undefined;
        return text === undefined ? field : { ...field, description: text };
      },
    },
  },
};
