// On whose behalf a tool is called over MCP: whoever the API would take them for, under row-level security, in one transaction for each
// thing that it does.
import type pg from 'pg';
import { asIdentity, type Identity } from '../api/identity.ts';
import { actingBy } from '../conversation/tools/acting.ts';
import { partsOf } from '../conversation/tools/parts.ts';
import { languageFor } from '../conversation/tools/texts/texts.ts';
import type { ToolContext } from '../conversation/tools/tool.ts';

export interface Speaker {
  pool: pg.Pool;
  identity: Identity;
  /** The trace that what they do belongs to. */
  traceparent?: string;
  /** Where nothing is known of the user, or there is none. */
  timezone?: string | undefined;
  locale?: string | undefined;
}

/**
 * What tools are given.
 * @param options.readOnly has the database refuse to write
 */
export async function contextOf(
  { pool, identity, traceparent = '', ...fallback }: Speaker,
  { readOnly }: { readOnly: boolean },
): Promise<ToolContext> {
  const act: ToolContext['act'] = (work) =>
    asIdentity(pool, identity, 'mcp', (client) => work(actingBy(client, 'mcp')), { readOnly, traceparent });
  const { userId } = identity;
  const [known] =
    userId === null
      ? []
      : await act(({ rows }) =>
          rows<{ locale: string | null; timezone: string | null }>(
            'select u.locale, u.timezone from chime.users u where u.id = $1',
            [userId],
          ),
        );
  return {
    ...{ act, userId, channelMappingId: null },
    timezone: known?.timezone ?? fallback.timezone ?? null,
    locale: languageFor(known?.locale ?? fallback.locale),
    ...(userId !== null && { dayParts: await act(partsOf(userId)) }),
  };
}
