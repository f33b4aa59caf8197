// Previews of rules that have to be refused: with our own SQLSTATE, a message that can be printed, and a hint where there is one.
import type pg from 'pg';
import type { Test } from 'tap';

export type Arguments = Record<string, unknown>;

const instant = 'timestamptz';
const types: Record<string, string> = {
  ...{ after: instant, anchor: instant, starts_at: instant, ends_at: instant },
  ...{ every: 'interval', count: 'integer' },
};

function call(given: Arguments): { sql: string; values: unknown[] } {
  const names = Object.keys(given);
  const list = names.map((name, index) => `${name} => $${index + 1}::${types[name] ?? 'text'}`);
  return { sql: `select * from chime.preview(${list.join(', ')})`, values: Object.values(given) };
}

interface Setting {
  /** The arguments beside the one that is wrong. */
  beside?: Arguments;
  /** Null: there is nothing to hint at. */
  hint?: RegExp | null;
}

/** Refusals by one session: what it remembers of one call must not make the next one dearer. */
export class Refusals {
  readonly #client: pg.ClientBase;

  constructor(client: pg.ClientBase) {
    this.#client = client;
  }

  async refuses(test: Test, code: string, given: Arguments, hint: RegExp | null): Promise<void> {
    const { sql, values } = call(given);
    const answer = await this.#client.query(sql, values).catch((error: Error) => error);
    const text = JSON.stringify(given);
    const name = text.length > 100 ? `${text.slice(0, 100)}... (${text.length} characters)` : text;
    test.match(answer, { code, message: /^.{10,400}$/s, ...(hint && { hint }) }, `${code} ${name}`);
  }

  /** Refuses each of these values of an argument. */
  async refusesEach(
    test: Test,
    code: string,
    name: string,
    values: unknown[],
    { beside = {}, hint = /^.{10,200}$/ }: Setting = {},
  ): Promise<void> {
    for (const value of values) await this.refuses(test, code, { ...beside, [name]: value }, hint);
  }

  /** Runs a call that may be right or wrong; whatever is refused must be refused by us. */
  async refusedByUs(given: Arguments): Promise<boolean> {
    const { sql, values } = call({ ...given, count: 1 });
    try {
      await this.#client.query(sql, values);
      return false;
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (!/^CH0/.test(code ?? '')) throw new Error(`${code}: ${message}`);
      return true;
    }
  }
}

/** Entries of a list, two spaces or more, or a line, apart. */
export function entries(text: string): string[] {
  return text.trim().split(/ *\n *| {2,}/);
}
