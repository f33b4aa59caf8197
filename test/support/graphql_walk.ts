// Documents for every field of a schema, made from the schema. A field that wants something of which test/support/graphql_arguments.ts says
// nothing breaks the walk.
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'postgraphile/graphql';
import { besides, type Named, named, plain } from './graphql_arguments.ts';

export interface Document {
  field: string;
  query: string;
  variables(named: Named): Record<string, unknown>;
  /** Whether it names something of somebody. */
  names: boolean;
}

export class Walk {
  readonly #schema: GraphQLSchema;
  /** All fields that were asked for: Type.field. */
  readonly asked = new Set<string>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** The documents of a root: each field as it demands, and once with each thing of somebody that may be named. */
  documents(kind: 'query' | 'mutation' | 'subscription', depth: number): Document[] {
    const type = {
      query: this.#schema.getQueryType(),
      mutation: this.#schema.getMutationType(),
      subscription: this.#schema.getSubscriptionType(),
    }[kind];
    if (!type) throw new Error(`There is no ${kind}.`);
    return Object.values(type.getFields()).flatMap((field) => {
      this.asked.add(`${type.name}.${field.name}`);
      // What it leads to is asked for once.
      return this.#variants(field).map((args, index) =>
        this.#document(kind, field, args, index === 0 ? depth : 0),
      );
    });
  }

  /** Fields of all types that no document has asked for. */
  notAsked(): string[] {
    return Object.values(this.#schema.getTypeMap())
      .filter(
        (type): type is GraphQLObjectType =>
          isObjectType(type) && !/^__|Connection$|Edge$|^PageInfo$/.test(type.name),
      )
      .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`))
      .filter((field) => !this.asked.has(field) && !field.endsWith('Payload.query'));
  }

  /** The arguments of a field, in each way in which it is asked: of each of them who is named, or the value. */
  #variants(field: GraphQLField<unknown, unknown>): Record<string, Value>[] {
    const input = field.args.find(({ name }) => name === 'input');
    const inputType = input && getNamedType(input.type);
    const members = isInputObjectType(inputType) ? Object.values(inputType.getFields()) : field.args;
    const base: Record<string, Value> = Object.fromEntries(
      Object.entries(besides[field.name] ?? {}).map(([name, value]) => [name, { value }]),
    );
    const optional: Record<string, Value> = {};
    for (const member of members) {
      const required =
        'isDeprecated' in member || member.defaultValue !== undefined || isInputObjectType(inputType)
          ? isRequiredInputField(member as never)
          : isRequiredArgument(member as GraphQLArgument);
      const reference = named(field.name, member.name);
      const isId = getNamedType(member.type as GraphQLInputType).name === 'UUID';
      const value = plain[`${field.name}.${member.name}`] ?? plain[member.name];
      if (required) {
        if (reference === undefined && value === undefined) throw unknown(field.name, member.name);
        base[member.name] = reference === undefined ? { value } : referring(member.type, reference);
      } else if (reference !== undefined) optional[member.name] = referring(member.type, reference);
      else if (isId) throw unknown(field.name, member.name);
    }
    return [base, ...Object.entries(optional).map(([name, arg]) => ({ ...base, [name]: arg }))];
  }

  #document(
    kind: string,
    field: GraphQLField<unknown, unknown>,
    args: Record<string, Value>,
    depth: number,
  ): Document {
    const isInput = field.args.some(({ name }) => name === 'input');
    const types = new Map(field.args.map(({ name, type }) => [name, String(type)]));
    const names = isInput ? ['input'] : Object.keys(args);
    const declared = names.map((name) => `$${name}: ${types.get(name)}`).join(', ');
    const passed = names.map((name) => `${name}: $${name}`);
    if (field.args.some(({ name }) => name === 'first')) passed.push('first: 20');
    const head = declared === '' ? kind : `${kind} (${declared})`;
    const given = passed.length === 0 ? '' : `(${passed.join(', ')})`;
    return {
      field: field.name,
      query: `${head} { ${field.name}${given} ${this.#selection(field.type, depth)} }`,
      names: Object.values(args).some((arg) => 'of' in arg),
      variables(who) {
        const values = Object.fromEntries(
          Object.entries(args).map(([name, arg]) => [name, 'of' in arg ? arg.of(who) : arg.value]),
        );
        return isInput ? { input: values } : values;
      },
    };
  }

  /** All fields of a type, and of what they lead to, so many levels down. */
  #selection(type: GraphQLField<unknown, unknown>['type'], depth: number): string {
    const inner = getNamedType(getNullableType(type));
    if (!isObjectType(inner)) return '';
    if (inner.name.endsWith('Connection')) {
      const nodes = inner.getFields().nodes;
      return nodes === undefined ? '{ __typename }' : `{ nodes ${this.#selection(nodes.type, depth)} }`;
    }
    if (inner === this.#schema.getQueryType()) return '{ __typename }';
    const parts = Object.values(inner.getFields()).flatMap((field) => {
      const leads = isObjectType(getNamedType(field.type));
      if (leads && depth === 0) return [];
      this.asked.add(`${inner.name}.${field.name}`);
      const given = field.args.filter(isRequiredArgument).map(({ name }) => {
        if (plain[name] === undefined) throw unknown(`${inner.name}.${field.name}`, name);
        return `${name}: ${JSON.stringify(plain[name])}`;
      });
      if (field.args.some(({ name }) => name === 'first')) given.push('first: 3');
      const args = given.length === 0 ? '' : `(${given.join(', ')})`;
      return [`${field.name}${args} ${leads ? this.#selection(field.type, depth - 1) : ''}`];
    });
    return `{ __typename ${parts.join(' ')} }`;
  }
}

type Value = { of(who: Named): unknown } | { value: unknown };

/** What is named of somebody; a list of it, where the argument takes several. */
const referring = (type: GraphQLInputType, reference: keyof Named): Value => ({
  of: (who) => (isListType(getNullableType(type)) ? [who[reference]] : who[reference]),
});

const unknown = (field: string, arg: string) =>
  new Error(
    `The walk does not know what to ask ${field} with for ${arg}: say so in test/support/graphql_arguments.ts.`,
  );
