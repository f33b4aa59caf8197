// The public keys that JWTs are signed with, fetched from where the operator says, and nowhere else: what a token says of its
// keys (jku, x5u, jwk) is not looked at. Keys that were rotated are found, an outage of their server is got over.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { Agent, fetch } from 'undici';
import type { Logger } from '../../log.ts';
import { HttpError } from '../problem.ts';

/** So long keys are used without a look whether they are still there, in milliseconds. */
const fresh = 10 * 60_000;
/** No two fetches are closer to each other, whatever tokens name, in milliseconds. */
const coolDown = 30_000;
/** So long keys are used while they cannot be fetched: who blocks the way to them must not keep a withdrawn one alive for ever. */
const outage = 24 * 3_600_000;

export interface JwksOptions {
  url: URL;
  log: Logger;
  /** A clock that never goes back, in milliseconds. */
  now?: () => number;
}

export class RemoteKeys {
  readonly #url: URL;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #agent = new Agent({
    maxResponseSize: 256 * 1024,
    headersTimeout: 5000,
    bodyTimeout: 5000,
    connect: { timeout: 5000 },
  });
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<boolean> | undefined;

  constructor({ url, log, now = () => performance.now() }: JwksOptions) {
    this.#url = url;
    this.#log = log;
    this.#now = now;
  }

  /** The key that a token names, as jose asks for it. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (this.#now() - this.#fetchedAt > fresh) await this.#refresh();
    try {
      return await this.#current()(header, token);
    } catch (error) {
      // A key that is not there may be a new one.
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#refresh())) throw error;
      return this.#current()(header, token);
    }
  };

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #current() {
    if (this.#keys === undefined || this.#now() - this.#fetchedAt > outage) {
      throw new HttpError(
        503,
        'Service unavailable',
        'The keys that tokens are checked with cannot be fetched.',
        {
          hint: 'Try again in half a minute.',
          headers: { 'retry-after': '30' },
        },
      );
    }
    return this.#keys;
  }

  /** Whether there are keys that were not there before; those who ask at the same time share one fetch. */
  async #refresh(): Promise<boolean> {
    if (this.#fetching === undefined) {
      if (this.#now() - this.#triedAt < coolDown) return false;
      this.#triedAt = this.#now();
      this.#fetching = this.#fetch().finally(() => {
        this.#fetching = undefined;
      });
    }
    return this.#fetching;
  }

  async #fetch(): Promise<boolean> {
    try {
      const response = await fetch(this.#url, {
        dispatcher: this.#agent,
        redirect: 'error',
        signal: AbortSignal.timeout(5000),
        headers: { accept: 'application/jwk-set+json, application/json' },
      });
      if (!response.ok) throw new Error(`the answer has the status ${response.status}`);
      this.#keys = createLocalJWKSet((await response.json()) as JSONWebKeySet);
      this.#fetchedAt = this.#now();
      return true;
    } catch (error) {
      this.#log.warn({ err: error, url: this.#url.href }, 'the keys of JWTs cannot be fetched');
      return false;
    }
  }
}
