// Tenants: who owns rows.
import { Command, Option } from 'commander';
import type { Tenant } from '../../client/types.ts';
import { printable } from '../../printable.ts';
import { withChime } from '../connect.ts';
import { configOf, withCommon } from '../options.ts';
import { json, table } from '../output.ts';

/** The option of commands that work on one tenant of several. */
export function withTenant(command: Command): Command {
  return command.addOption(new Option('--tenant <tenant>', 'id or name of the tenant (default: default)'));
}

export interface TenantOptions {
  tenant?: string;
  json?: true;
}

const line = ({ name, id, createdAt }: Tenant) => ({
  name: printable(name),
  id,
  created: createdAt.toISOString().slice(0, 10),
});

export function tenantCommand(): Command {
  return new Command('tenant')
    .description('who owns rows: create, list')
    .addCommand(
      withCommon(new Command('create'))
        .description('make a tenant; tokens name it by its id or its name')
        .argument('<name>', 'what it is called')
        .action(async (name: string, options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const tenant = await chime.tenants.create(name);
            process.stdout.write(
              options.json ? json(tenant) : `Created ${printable(tenant.name)} ${tenant.id}\n`,
            );
          });
        }),
    )
    .addCommand(
      withCommon(new Command('list'))
        .description('all tenants')
        .action(async (options: { json?: true }, command: Command) => {
          await withChime(configOf(command), async (chime) => {
            const tenants = await chime.tenants.list();
            process.stdout.write(
              options.json ? json(tenants) : table(['name', 'id', 'created'], tenants.map(line)),
            );
          });
        }),
    );
}
