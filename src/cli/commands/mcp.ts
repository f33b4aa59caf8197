// The tools for one program on this machine that speaks the Model Context Protocol, such as an editor or an assistant.
import { Command } from 'commander';
import pg from 'pg';
import { Identifier } from '../../api/auth/identify.ts';
import { readAuth } from '../../api/auth/settings.ts';
import type { Identity } from '../../api/identity.ts';
import { type Config, systemLanguage } from '../../config.ts';
import { NotAuthenticatedError, TenantNotFoundError, UserNotFoundError } from '../../errors.ts';
import { createLogger, type Logger } from '../../log.ts';
import { contextOf } from '../../mcp/context.ts';
import { serveStdio } from '../../mcp/stdio.ts';
import { checkDatabase, findDatabase, userName } from '../connect.ts';
import { UsageError } from '../failure.ts';
import { configOf, withSettings } from '../options.ts';
import { Shutdown } from '../shutdown.ts';
import { type TenantOptions, withTenant } from './tenant.ts';

interface McpOptions extends TenantOptions {
  user?: string;
}

export function mcpCommand(): Command {
  return withTenant(withSettings(new Command('mcp'), ['databaseUrl', 'dataDir']))
    .description('serve the tools to a program that speaks MCP, over standard input and output')
    .option('--user <user>', 'as whom it acts: id, or what tokens call them (default: as administrator)')
    .option('--debug', 'print stack traces of errors')
    .addHelpText(
      'after',
      `
With CHIME_MCP_TOKEN it acts as the bearer of that token, and --user and --tenant are not needed.
Nothing fires while no clock runs: keep chime start running beside it.`,
    )
    .action(async (options: McpOptions, command: Command) => {
      const config = configOf(command);
      if (config.mcpToken !== undefined && (options.user ?? options.tenant) !== undefined)
        throw new UsageError('CHIME_MCP_TOKEN says who acts; --user and --tenant would say something else.');
      // Standard output belongs to the protocol.
      const log = createLogger('warn', process.stderr);
      const shutdown = new Shutdown(log);
      await shutdown.during(async () => {
        const connection = await findDatabase(config, { serves: true });
        const pool = new pg.Pool({
          ...{ connectionString: connection.url, max: 4, application_name: 'pgchime mcp' },
        });
        pool.on('error', () => {});
        try {
          await checkDatabase(connection.url);
          await serve(pool, await speakerOf(config, pool, options, log), log, shutdown.asked);
        } finally {
          await pool.end();
          await connection.close();
        }
      });
    });
}

/** Who acts, found out anew for each call: meanwhile a token may be revoked, and a user blocked. */
async function speakerOf(
  config: Config,
  pool: pg.Pool,
  options: McpOptions,
  log: Logger,
): Promise<() => Promise<Identity>> {
  const { mcpToken } = config;
  if (mcpToken !== undefined) {
    const identifier = new Identifier({ pool, auth: readAuth(config), log });
    const identify = () => identifier.identify(`Bearer ${mcpToken}`);
    await identify();
    return identify;
  }
  const tenantId = await tenantOf(pool, options.tenant ?? 'default');
  const { user } = options;
  if (user === undefined) {
    const name = userName() ?? 'local';
    return async () => ({ tenantId, userId: null, role: 'admin', name, expiresAt: null });
  }
  await userOf(pool, tenantId, user);
  return () => userOf(pool, tenantId, user);
}

async function tenantOf(pool: pg.Pool, tenant: string): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    'select t.id from chime.tenants t where t.name = $1 or t.id::text = lower($1)',
    [tenant],
  );
  const [found] = rows;
  if (found === undefined)
    throw new TenantNotFoundError(`There is no tenant "${tenant}".`, { hint: 'See: chime tenant list' });
  return found.id;
}

async function userOf(pool: pg.Pool, tenantId: string, user: string): Promise<Identity> {
  const { rows } = await pool.query<{ id: string; subject: string; status: string }>(
    'select u.id, u.subject, u.status from chime.users u where u.tenant_id = $1 and (u.subject = $2 or u.id::text = lower($2))',
    [tenantId, user],
  );
  const [found] = rows;
  if (found === undefined)
    throw new UserNotFoundError(`There is no user "${user}".`, { hint: 'See: chime user list' });
  if (found.status !== 'active') throw new NotAuthenticatedError('This user may not sign in.');
  return { tenantId, userId: found.id, role: 'user', name: found.subject, expiresAt: null };
}

function serve(
  pool: pg.Pool,
  speaker: () => Promise<Identity>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  // Who sits at this machine is where it is.
  const { timeZone: timezone } = new Intl.DateTimeFormat().resolvedOptions();
  const locale = systemLanguage();
  return serveStdio({
    ...{ input: process.stdin, output: process.stdout, signal },
    contextFor: async ({ readOnly }) =>
      contextOf({ pool, identity: await speaker(), timezone, locale }, { readOnly }),
    onError: (error, tool) => log.error({ tool, err: error }, 'a tool failed'),
  });
}
