// Secrets at rest: AES-256-GCM with a key that the database does not have, bound to the tenant and the row that they belong to.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { InvalidConfigError } from '../errors.ts';

const version = 1;
const headLength = 1 + 4 + 12 + 16;

/** What a secret belongs to: elsewhere it cannot be opened. */
export interface SecretPlace {
  tenantId: string;
  rowId: string;
}

export class SecretBox {
  readonly #key: Buffer;
  readonly #keyId: Buffer;

  /** @param key 32 bytes in base64: `openssl rand -base64 32` makes one */
  constructor(key: string) {
    this.#key = Buffer.from(key, 'base64');
    if (this.#key.length !== 32)
      throw new InvalidConfigError('The key for secrets must be 32 bytes in base64.', {
        hint: 'openssl rand -base64 32 makes one.',
      });
    this.#keyId = createHash('sha256').update(this.#key).digest().subarray(0, 4);
  }

  /** Version, key id, nonce, tag, and what was encrypted. */
  seal(secret: string, place: SecretPlace): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(aad(place));
    const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([version]), this.#keyId, nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws InvalidConfigError (CH032) where it was sealed with another key, for another place, or was changed */
  open(sealed: Buffer, place: SecretPlace): string {
    const keyId = sealed.subarray(1, 5);
    if (sealed.length <= headLength || sealed[0] !== version || !keyId.equals(this.#keyId)) {
      throw new InvalidConfigError('A secret was encrypted with another key than CHIME_SECRET_KEY.', {
        hint: 'Set the key that it was stored with, or store the secret anew.',
      });
    }
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(5, 17)).setAAD(aad(place));
    decipher.setAuthTag(sealed.subarray(17, headLength));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(headLength)), decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new InvalidConfigError('A secret is not the one that was stored for its row.', {
        hint: 'Somebody has changed or moved it: store it anew.',
        cause,
      });
    }
  }
}

const aad = ({ tenantId, rowId }: SecretPlace) => Buffer.from(`${tenantId}|${rowId}`, 'utf8');
