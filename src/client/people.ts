// Tenants, the people in them, and the tokens of programs.
import { UserNotFoundError } from '../errors.ts';
import type { Send } from './chime.ts';
import type { CheckInInput } from './message_types.ts';
import { fromRow, isId } from './rows.ts';
import type { ApiToken, CreateApiTokenInput, CreatedApiToken, Tenant, User } from './types.ts';

/** Tenants. Only who administers the installation makes one. */
export class Tenants {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  async create(name: string): Promise<Tenant> {
    const rows = await this.#send('select t.id, t.name, t.created_at from chime.create_tenant($1) t', [name]);
    return fromRow<Tenant>(rows[0] ?? {});
  }

  /** Those that the login may see: all of them for the owner of the database. */
  async list(): Promise<Tenant[]> {
    const rows = await this.#send('select t.id, t.name, t.created_at from chime.tenants t order by t.name');
    return rows.map((row) => fromRow<Tenant>(row));
  }
}

const userColumns = `u.id, u.subject, u.name, u.locale, u.timezone, u.status, to_char(u.preferred_message_time, 'HH24:MI') as preferred_message_time, u.onboarded_at,
  u.created_at, u.updated_at`;

/** People: whoever has signed in once. A reference is an id, or what tokens call the person. */
export class Users {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  async list({ limit = 100 }: { limit?: number } = {}): Promise<User[]> {
    const rows = await this.#send(
      `select ${userColumns} from chime.users u where u.tenant_id = chime.current_tenant() order by u.subject limit $1`,
      [limit],
    );
    return rows.map((row) => fromRow<User>(row));
  }

  /** @throws UserNotFoundError (CH015) */
  async get(reference: string): Promise<User> {
    const rows = await this.#send(
      `select ${userColumns} from chime.users u
       where u.tenant_id = chime.current_tenant() and ${isId(reference) ? '(u.id = $1::text::uuid or u.subject = $1::text)' : 'u.subject = $1'}
       order by u.id::text = lower($1::text) desc limit 1`,
      [reference],
    );
    if (rows[0] === undefined) {
      throw new UserNotFoundError(`There is no user "${reference}".`, {
        hint: 'Users are there once they have signed in; name one by id or subject.',
      });
    }
    return fromRow<User>(rows[0]);
  }

  /** Keeps a user from signing in. What they own goes on. */
  async block(reference: string): Promise<User> {
    return this.#change('chime.block_user', reference);
  }

  /** Lets a user who was blocked sign in again. */
  async unblock(reference: string): Promise<User> {
    return this.#change('chime.unblock_user', reference);
  }

  /**
   * Says when somebody is asked how they are, once a day; at null, never. They count as onboarded from then on.
   * @throws InvalidArgumentError (CH007), UserNotFoundError (CH015)
   */
  async setCheckIn(reference: string, { at, days, silence }: CheckInInput): Promise<User> {
    const { id } = await this.get(reference);
    if (at !== null) await this.#send('select chime.complete_onboarding($1)', [id]);
    const rows = await this.#send(
      `select ${userColumns} from chime.set_check_in($2, $3, $4::interval, $1) u`,
      [id, at, days ?? null, silence ?? null],
    );
    return fromRow<User>(rows[0] ?? {});
  }

  /**
   * Remembers something of somebody, to speak to them by it: a fact, or, if it is ongoing, a situation.
   * @throws InvalidArgumentError (CH007), UserNotFoundError (CH015)
   */
  async remember(reference: string, what: string, { isOngoing = false } = {}): Promise<void> {
    const { id } = await this.get(reference);
    await this.#send('select chime.remember($2, $3, $1)', [id, what, isOngoing]);
  }

  /** All that is known of a user, for them to take along: see chime.export_person. Secrets are not in it. */
  async export(reference: string): Promise<Record<string, unknown>> {
    const { id } = await this.get(reference);
    const rows = await this.#send<{ all: Record<string, unknown> }>('select chime.export_person($1) as all', [
      id,
    ]);
    return rows[0]?.all ?? {};
  }

  /**
   * Forgets a user, for good and at once: all that is theirs or about them goes, and who comes back is somebody new.
   * @returns how much of what was removed
   */
  async forget(reference: string): Promise<Record<string, number>> {
    const { id } = await this.get(reference);
    const rows = await this.#send<{ counts: Record<string, number> }>(
      'select chime.forget_person($1) as counts',
      [id],
    );
    return rows[0]?.counts ?? {};
  }

  async #change(call: string, reference: string): Promise<User> {
    const { id } = await this.get(reference);
    const rows = await this.#send(`select ${userColumns} from ${call}($1) u`, [id]);
    return fromRow<User>(rows[0] ?? {});
  }
}

const tokenColumns =
  't.id, t.name, t.role, t.user_id, t.prefix, t.created_by, t.created_at, t.expires_at, t.last_used_at, t.revoked_at';

/** Tokens by which programs sign in. */
export class ApiTokens {
  readonly #send: Send;
  readonly #users: Users;

  constructor(send: Send, users: Users) {
    this.#send = send;
    this.#users = users;
  }

  /** Makes one. The secret of the answer is shown this once. */
  async create({ name, role, user, expiresAt, expiresIn }: CreateApiTokenInput): Promise<CreatedApiToken> {
    const userId = user === undefined ? null : (await this.#users.get(user)).id;
    const rows = await this.#send(
      `select c.id, c.secret from chime.create_api_token($1, $2, $3, coalesce($4::timestamptz, chime.now() + $5::interval)) c`,
      [name, role, userId, expiresAt ?? null, expiresIn ?? null],
    );
    return fromRow<CreatedApiToken>(rows[0] ?? {});
  }

  /** The latest first. */
  async list(): Promise<ApiToken[]> {
    const rows = await this.#send(
      `select ${tokenColumns}, u.subject as user_subject from chime.api_tokens t left join chime.users u on u.id = t.user_id
       where t.tenant_id = chime.current_tenant() order by t.id desc`,
    );
    return rows.map((row) => fromRow<ApiToken>(row));
  }

  /** Ends it: who signs in with it is refused from now on. */
  async revoke(id: string): Promise<void> {
    await this.#send('select chime.revoke_api_token($1)', [id]);
  }
}
