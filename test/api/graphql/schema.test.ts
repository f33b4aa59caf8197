// The schema as clients see it: the file that is committed, and rules that hold for all of it.
import fs from 'node:fs/promises';
import {
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedScalarType,
} from 'postgraphile/graphql';
import t from 'tap';
import { printGraphqlSchema, readGraphqlSchema } from '../../../src/api/graphql/schema.ts';
import { createDatabase } from '../../support/database.ts';

const database = await createDatabase();
const schema = await readGraphqlSchema(database.pool);
const file = new URL('../../../schema.graphql', import.meta.url);

const types = Object.values(schema.getTypeMap()).filter(
  (type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type),
);

interface Member {
  path: string;
  name: string;
  type: GraphQLNamedType | undefined;
  description: string | null | undefined;
}

/** All types, fields, arguments and values. */
const members: Member[] = types.flatMap((type): Member[] => {
  const own = { path: type.name, name: type.name, type: undefined, description: type.description };
  if (isEnumType(type)) {
    return [
      own,
      ...type.getValues().map(({ name, description }) => ({
        path: `${type.name}.${name}`,
        name,
        type: undefined,
        description,
      })),
    ];
  }
  if (isInputObjectType(type)) {
    return [
      own,
      ...Object.values(type.getFields()).map((field) => ({
        ...field,
        path: `${type.name}.${field.name}`,
        type: getNamedType(field.type),
      })),
    ];
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [own];
  return [
    own,
    ...Object.values(type.getFields()).flatMap((field) => [
      { ...field, path: `${type.name}.${field.name}`, type: getNamedType(field.type) },
      ...field.args.map((arg) => ({
        ...arg,
        path: `${type.name}.${field.name}.${arg.name}`,
        type: getNamedType(arg.type),
      })),
    ]),
  ];
});
const broken = (rule: (member: Member) => boolean) =>
  members.filter((member) => !rule(member)).map(({ path }) => path);

t.test('it is the one that is committed', async (t) => {
  const printed = printGraphqlSchema(schema);
  if (process.env.UPDATE_SNAPSHOT === '1') await fs.writeFile(file, printed);
  t.equal(
    printed,
    await fs.readFile(file, 'utf8'),
    'renew it with UPDATE_SNAPSHOT=1, and read the difference',
  );
});

t.test('every type, field, argument and value is described', async (t) => {
  t.ok(members.length > 1000);
  t.same(
    broken(({ description }) => Boolean(description?.trim())),
    [],
  );
  t.same(
    broken(({ description }) => !/CH\d{3}|chime\.(?!schedule\.)|_[a-z]|Example:/.test(description ?? '')),
    [],
    'in the words of GraphQL',
  );
  t.same(
    broken(
      ({ description }) =>
        !/Reads and enables|Get a single|data universe|paginat|as described by/i.test(description ?? ''),
    ),
    [],
    'and not in those of the library that makes it',
  );
});

t.test('names go by rules', async (t) => {
  const instants = /(?:At|^at|[Uu]ntil|[Aa]fter|[Bb]efore|^since)$/;
  t.same(
    broken(({ type, name }) => type?.name !== 'Datetime' || instants.test(name)),
    [],
    'instants',
  );
  t.same(
    broken(({ type, name }) => !/Ms$/.test(name) || type?.name === 'Float'),
    [],
    'durations are numbers',
  );
  t.same(
    broken(
      ({ name }) =>
        !/^rowId$|^nodeId$|^clientMutationId$|ById$|[a-z]_[a-z]/.test(name) || name === 'repeatInterval',
    ),
    [],
  );
  t.same(
    types
      .filter(isEnumType)
      .flatMap((type) => type.getValues().filter(({ name }) => !/^[A-Z0-9_]+$/.test(name))),
    [],
    'values',
  );
  t.same(
    broken(({ type, name }) => name !== 'id' || ['UUID', 'BigInt'].includes(type?.name ?? '')),
    [],
    'ids are plain',
  );
});

t.test('internals and other tenants are not in it', async (t) => {
  const internals =
    /tenant(?!Settings)|accountedUntil|activeRunIds|moreRules|lateEnds|statisticsProgress|slot\b|histogram|schemaDigest|traceparent|hash/i;
  t.same(
    broken(({ path }) => !internals.test(path)),
    [],
  );
  t.notOk(
    schema.getType('CreateRunInput') || schema.getType('UpdateRunInput') || schema.getType('DeleteRunInput'),
  );
});

t.test('every function that changes something is a mutation, and answers what it changed', async (t) => {
  const { rows } = await database.pool.query<{ name: string }>(
    `select distinct p.proname as name from pg_proc p
     where p.pronamespace = 'chime'::regnamespace and p.provolatile = 'v' and p.prorettype <> 'trigger'::regtype order by 1`,
  );
  // What is for the operator of the installation, who has all tenants.
  const left = ['now', 'realign_schedules', 'create_tenant', 'map_reporter', 'unmap_reporter'];
  const camel = (name: string) => name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const mutations = schema.getMutationType()?.getFields() ?? {};
  t.same(
    rows
      .map(({ name }) => name)
      .filter((name) => !left.includes(name) && mutations[camel(name)] === undefined),
    [],
  );
  for (const mutation of Object.values(mutations)) {
    const payload = getNamedType(mutation.type);
    const fields = isObjectType(payload) ? Object.keys(payload.getFields()) : [];
    // A token or a feed that is revoked is not answered: the function of SQL answers nothing.
    t.ok(
      fields.includes('query') &&
        (fields.length > 1 || /^revoke(ApiToken|CalendarFeed)$/.test(mutation.name)),
      mutation.name,
    );
  }
});
