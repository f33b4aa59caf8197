// What the engine says of a rule. Instants are microseconds since 1970-01-01, which a number holds exactly.
import type { TestDatabase } from './database.ts';
import type { Asked } from './rule_arbitraries.ts';

export interface Bounds {
  from?: number;
  to?: number;
}

const ruleArguments = `cron => $1, every => $2::interval, at => $3, rrule => $4, timezone => $5,
  dst_gap => $6::chime.dst_gap_policy, dst_fold => $7::chime.dst_fold_policy,
  anchor => instant($8), starts_at => instant($9), ends_at => instant($10)`;

function ruleValues({ rule, timezone, policy }: Asked, { from, to }: Bounds): unknown[] {
  let every: string | null = null;
  if (rule.kind === 'exact') every = rule.every;
  if (rule.kind === 'civil') every = `${rule.months} months ${rule.days} days`;
  const anchor = 'anchor' in rule ? rule.anchor : null;
  const [cron, at] = [rule.kind === 'cron' ? rule.cron : null, rule.kind === 'at' ? rule.at : null];
  const rrule = rule.kind === 'rrule' ? rule.rrule : null;
  return [cron, every, at, rrule, timezone, policy.gap, policy.fold, anchor, from ?? null, to ?? null];
}

export class RuleQueries {
  readonly #database: TestDatabase;

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async install(database: TestDatabase): Promise<RuleQueries> {
    await database.pool.query(`
      create function instant(micros bigint) returns timestamptz language sql immutable
        as $$ select timestamptz 'epoch' + micros * interval '1 microsecond' $$;
      create function micros(instant timestamptz) returns float8 language sql immutable
        as $$ select extract(epoch from instant) * 1000000 $$;
      create function timetable(rule chime_private.rule) returns chime.schedules language plpgsql immutable as $$
        declare s chime.schedules;
        begin s.rule := rule; s.timezone := (rule).timezone; return s; end $$;`);
    return new RuleQueries(database);
  }

  async #column<T>(asked: Asked, bounds: Bounds, expression: string, values: unknown[]): Promise<T[]> {
    const rows = await this.#database.rows<{ result: T }>(expression, [
      ...ruleValues(asked, bounds),
      ...values,
    ]);
    return rows.map(({ result }) => result);
  }

  /** The first fires later than the instant asked for. */
  preview(asked: Asked, count: number, bounds: Bounds = {}): Promise<number[]> {
    const sql = `select micros(scheduled_for) as result
      from chime.preview(${ruleArguments}, after => instant($11), count => $12)`;
    return this.#column(asked, bounds, sql, [asked.after, count]);
  }

  #each<T>(call: string, asked: Asked, instants: number[], bounds: Bounds): Promise<T[]> {
    const sql = `select ${call} as result
      from (select chime_private.read_rule(${ruleArguments}) as rule offset 0) r, -- read once
        (select instant($11) as low, a.* from unnest($12::bigint[]) with ordinality a(at, number)) asked
      order by number`;
    return this.#column(asked, bounds, sql, [asked.after, instants]);
  }

  /** For each instant the first fire later than it; null where there is none. */
  nextAfter(asked: Asked, instants: number[], bounds: Bounds = {}): Promise<(number | null)[]> {
    const call = 'micros(chime_private.next_fire(r.rule, instant(asked.at)))';
    return this.#each(call, asked, instants, bounds);
  }

  /** For each instant how many fires lie after the one asked for, up to and including it. */
  countUpTo(asked: Asked, highs: number[], bounds: Bounds = {}): Promise<number[]> {
    const call = 'chime_private.count_fires(r.rule, asked.low, instant(asked.at))::integer';
    return this.#each(call, asked, highs, bounds);
  }

  /**
   * For each instant the latest fire after the one asked for, up to and including it; null where there is
   * none.
   */
  lastUpTo(asked: Asked, highs: number[], bounds: Bounds = {}): Promise<(number | null)[]> {
    const call = 'micros(chime_private.timetable_last(timetable(r.rule), asked.low, instant(asked.at)))';
    return this.#each(call, asked, highs, bounds);
  }
}
