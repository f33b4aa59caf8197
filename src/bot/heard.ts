// Who has said something, as the database knows them.
import type pg from 'pg';
import type { Incoming } from './dialogue.ts';
import type { Draft } from './draft.ts';

/** Who speaks, where, and what the two were talking about. */
export interface Heard {
  now: Date;
  tenantId: string;
  mappingId: string;
  mappingStatus: 'active' | 'degraded' | 'blocked';
  /** As whom the bot acts: the person, or the group. */
  userId: string;
  personId: string;
  locale: string | null;
  timezone: string | null;
  /** When mornings and evenings are to them, HH:MM. */
  morningAt: string;
  eveningAt: string;
  adminsCreate: boolean;
  conversationId: string;
  draft: Draft | null;
  revision: number;
  isExpired: boolean;
}

interface HeardRow {
  now: Date;
  tenant_id: string;
  mapping_id: string;
  mapping_status: Heard['mappingStatus'];
  user_id: string;
  person_id: string;
  locale: string | null;
  timezone: string | null;
  morning_at: string;
  evening_at: string;
  admins_create: boolean;
  conversation_id: string;
  draft: Draft | null;
  revision: number;
  is_expired: boolean;
}

/** Finds out who speaks; raises CH041 for who may not. */
export async function hear(incoming: Incoming, client: pg.ClientBase): Promise<Heard> {
  const { channelId, channelContextId, isGroup, from } = incoming;
  const { rows } = await client.query<HeardRow>('select * from chime_private.hear($1, $2, $3, $4, $5, $6)', [
    channelId,
    channelContextId,
    isGroup,
    from.id,
    from.name,
    from.languageCode ?? null,
  ]);
  const row = rows[0] as HeardRow;
  return {
    now: row.now,
    tenantId: row.tenant_id,
    mappingId: row.mapping_id,
    mappingStatus: row.mapping_status,
    userId: row.user_id,
    personId: row.person_id,
    locale: row.locale,
    timezone: row.timezone,
    morningAt: row.morning_at,
    eveningAt: row.evening_at,
    adminsCreate: row.admins_create,
    conversationId: row.conversation_id,
    draft: row.draft,
    revision: row.revision,
    isExpired: row.is_expired,
  };
}
