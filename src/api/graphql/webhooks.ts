// createWebhook: its secret is made, or taken, and encrypted here, for the key of that is nowhere in the database; the function of SQL
// does the rest.
import 'postgraphile';
import { sideEffectWithPgClientTransaction } from 'postgraphile/@dataplan/pg';
import { access, constant, type ExecutableStep } from 'postgraphile/grafast';
import { extendSchema } from 'postgraphile/utils';
import type { Send } from '../../client/chime.ts';
import { Webhooks } from '../../client/deliveries.ts';
import type { SecretBox } from '../../net/secret_box.ts';
import { oursOf, tableOf } from './ours.ts';

interface WebhookInput {
  url: string;
  /** Left out: a new one; null: it does not sign. */
  secret?: string | null;
  description?: string | null;
}

/** @param secrets what secrets are encrypted with; without it only webhooks that do not sign can be made */
export function webhooksPlugin(secrets: SecretBox | undefined): GraphileConfig.Plugin {
  return extendSchema((build) => {
    const { prefix } = oursOf(build);
    const webhooks = tableOf(build, 'webhooks');
    const type = (name: string) => build.inflection.upperCamelCase(`${prefix}${name}`);
    const field = build.inflection.camelCase(`${prefix}create_webhook`);
    return {
      typeDefs: `
        """What the mutation \`${field}\` is given."""
        input ${type('create_webhook_input')} {
          """Where runs are posted to: an http or https address of at most 2000 characters, without a user and a password."""
          url: String!
          """What is posted is signed with it, as Standard Webhooks has it: whsec_ and 24 to 64 bytes in base64. Left out, a new one is made; null: it is not signed."""
          secret: String
          """What it is there for, in its owner's words."""
          description: String
        }
        """What the mutation \`${field}\` answers."""
        type ${type('create_webhook_payload')} {
          """The webhook."""
          webhook: ${build.inflection.tableType(webhooks.codec as never)}!
          """What its receiver verifies with; null where it does not sign. It is shown this once."""
          secret: String
          """The root of all queries: what is read through it is as it is after the mutation."""
          query: Query!
        }
        extend type Mutation {
          """Makes an address that runs are posted to; its id is that of a channel mapping, for channelMappingId of schedules. Errors: INVALID_ARGUMENT, INVALID_CONFIG (the server has no key to encrypt secrets with)."""
          ${field}(
            """What it is given."""
            input: ${type('create_webhook_input')}!
          ): ${type('create_webhook_payload')}
        }
      `,
      objects: {
        Mutation: {
          plans: {
            [field]: (_root: unknown, args: { getRaw(name: string): ExecutableStep<WebhookInput> }) =>
              sideEffectWithPgClientTransaction(
                webhooks.executor,
                [args.getRaw('input')],
                async (client, [{ url, secret, description }]) => {
                  const send: Send = async (text, values = []) =>
                    (await client.query<never>({ text, values })).rows as never;
                  const made = await new Webhooks(send, secrets).create(url, {
                    ...(secret === undefined ? {} : { secret }),
                    ...(description == null ? {} : { description }),
                  });
                  return { id: made.id, secret: made.secret };
                },
              ),
          },
        },
        [type('create_webhook_payload')]: {
          plans: {
            webhook: ($made: ExecutableStep) => webhooks.get({ id: access($made, 'id') } as never),
            secret: ($made: ExecutableStep) => access($made, 'secret'),
            query: () => constant({}),
          },
        },
      },
    } as never;
  }, 'ChimeWebhooksPlugin');
}
