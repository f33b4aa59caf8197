// Who a token stands for, remembered for seconds, so that not every request asks the database; and asked for once where many
// requests with the same token come at once.
import { createHash } from 'node:crypto';
import type { Identity } from '../identity.ts';

/** A token that is revoked, or whose user is blocked, is refused so much later at most, in milliseconds. */
export const rememberedFor = 5000;
/** Tokens are remembered up to this number; then those that have been longest. */
const most = 10_000;

export class IdentityCache {
  readonly #known = new Map<string, { identity: Identity; until: number }>();
  readonly #asked = new Map<string, Promise<Identity>>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Who a token stands for, if that is remembered. */
  recall(token: string): Identity | undefined {
    const key = keyOf(token);
    const found = this.#known.get(key);
    if (found === undefined) return undefined;
    if (found.until > this.#now() && !isOver(found.identity)) return found.identity;
    this.#known.delete(key);
    return undefined;
  }

  /** Who a token stands for, by `ask` where that is not known. What is refused is not remembered: it may be made valid any moment. */
  async find(token: string, ask: () => Promise<Identity>): Promise<Identity> {
    const known = this.recall(token);
    if (known !== undefined) return known;
    const key = keyOf(token);
    const asked = this.#asked.get(key) ?? this.#ask(key, ask);
    return asked;
  }

  #ask(key: string, ask: () => Promise<Identity>): Promise<Identity> {
    // The time before the question: what is revoked after it is not known to the answer.
    const until = this.#now() + rememberedFor;
    const asked = ask()
      .then((identity) => {
        this.#remember(key, identity, until);
        return identity;
      })
      .finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  #remember(key: string, identity: Identity, until: number): void {
    this.#known.delete(key);
    this.#known.set(key, { identity, until });
    const [oldest] = this.#known.keys();
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest);
  }
}

function isOver({ expiresAt }: Identity): boolean {
  return expiresAt !== null && expiresAt.getTime() <= Date.now();
}

/** Tokens themselves are not kept. */
function keyOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
