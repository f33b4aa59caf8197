// Tokens by which programs sign in.
import { Command, Option } from 'commander';
import type { AccessRole, ApiToken } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, relative, table } from '../output.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

interface CreateOptions extends TenantOptions {
  name: string;
  role: AccessRole;
  user?: string;
  expires?: string;
}

/** `90 days` is an interval, `2027-01-01` a date. */
const expiry = (expires: string) =>
  /^\d{4}-\d\d-\d\d/.test(expires) ? { expiresAt: expires } : { expiresIn: expires };

function createCommand(): Command {
  return withTenant(withCommon(new Command('create')))
    .description('make a token; its secret is shown this once')
    .requiredOption('--name <name>', 'what it is for')
    .addOption(
      new Option(
        '--role <role>',
        'as what it acts: with what a user owns, with all of the tenant, or reading it',
      )
        .choices(['user', 'admin', 'reporter'])
        .makeOptionMandatory(),
    )
    .option('--user <user>', 'as whom it acts: id, or what tokens call them')
    .option('--expires <when>', 'an interval from now, or a date (default: never)')
    .addHelpText(
      'after',
      `
Example:
  chime token create --name deploy --role admin --expires "90 days"`,
    )
    .action(async (options: CreateOptions, command: Command) => {
      const { name, role, user, expires } = options;
      await withChime(
        configOf(command),
        async (chime) => {
          const { id, secret } = await chime.apiTokens.create({
            name,
            role,
            ...(user !== undefined && { user }),
            ...(expires !== undefined && expiry(expires)),
          });
          process.stdout.write(
            options.json
              ? json({ id, secret })
              : `Created ${id}\n${secret}\nKeep it now: it is shown this once.\n`,
          );
        },
        options.tenant,
      );
    });
}

/** Whether it may still be used. */
function stateOf({ revokedAt, expiresAt }: ApiToken, now: Date): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'valid';
  return expiresAt <= now ? 'expired' : `valid, expires ${relative(expiresAt, now)}`;
}

function line(token: ApiToken, now: Date) {
  return {
    name: printable(token.name),
    role: token.role,
    user: token.userSubject === null ? '' : printable(token.userSubject),
    begins: token.prefix,
    state: stateOf(token, now),
    'last used': token.lastUsedAt === null ? 'never' : relative(token.lastUsedAt, now),
    id: token.id,
  };
}

export function tokenCommand(): Command {
  return new Command('token')
    .description('tokens by which programs sign in: create, list, revoke')
    .addCommand(createCommand())
    .addCommand(
      withTenant(withCommon(new Command('list')))
        .description('all tokens, the latest first')
        .action(async (options: TenantOptions, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              const tokens = await chime.apiTokens.list();
              const now = new Date();
              const rows = tokens.map((token) => line(token, now));
              if (options.json) process.stdout.write(json(tokens));
              else if (rows.length === 0) process.stdout.write('No tokens.\n');
              else process.stdout.write(table(Object.keys(rows[0] ?? {}), rows));
            },
            options.tenant,
          );
        }),
    )
    .addCommand(
      withTenant(withCommon(new Command('revoke')))
        .description('end a token: who signs in with it is refused from now on')
        .argument('<id>', 'its id, as the list has it')
        .action(async (id: string, options: TenantOptions, command: Command) => {
          await withChime(
            configOf(command),
            async (chime) => {
              await chime.apiTokens.revoke(id);
              process.stdout.write(options.json ? json({ id }) : `Revoked ${id}\n`);
            },
            options.tenant,
          );
        }),
    );
}
