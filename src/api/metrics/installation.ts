// The numbers of the installation, from the database: one call for all who ask within a second, as somebody who may read them.
import type pg from 'pg';
import { Registry } from 'prom-client';
import { isTransient } from '../../db/pool.ts';
import { asIdentity, type Identity } from '../identity.ts';
import { HttpError } from '../problem.ts';
import { SharedAnswer } from '../shared_answer.ts';
import { type Family, families } from './families.ts';

interface Sample {
  /** That of its family, with an ending where it is of a histogram. */
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** So long numbers are good for, in milliseconds. */
const goodFor = 1000;
/** A monitor gives up after ten seconds; it shall hear before that, in milliseconds. */
const patience = 6000;
/** Nor does the database work on it for longer. */
const statementTimeout = '5s';
/** Nor for more than a tenth of the time, however long the queue. */
const share = 0.1;

async function read(pool: pg.Pool, identity: Identity): Promise<Sample[]> {
  return asIdentity(
    pool,
    identity,
    'rest',
    async (client) => {
      await client.query(`set local statement_timeout = '${statementTimeout}'`);
      const { rows } = await client.query<Sample>('select name, labels, value from chime.metrics()');
      return rows;
    },
    { readOnly: true },
  );
}

function tooLate(): never {
  throw new HttpError(503, 'Service unavailable', 'The database does not answer.', {
    headers: { 'retry-after': '5' },
  });
}

interface Reading {
  samples: SharedAnswer<Sample[]>;
  /** Whether the database has said that they may read it. */
  permitted: boolean;
}

export class InstallationMetrics {
  readonly #pool: pg.Pool;
  /** By what the database looks at to say whether somebody may. */
  readonly #readings = new Map<string, Reading>();

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * The numbers in the format of Prometheus; without those of the database while it does not answer, once it has said that they may.
   * @throws NotAllowedError (CH042) where they may not
   */
  async text(identity: Identity): Promise<string> {
    const reading = this.#readingOf(identity);
    try {
      const samples = await reading.samples.get();
      reading.permitted = true;
      return write(samples);
    } catch (error) {
      const away = isTransient(error) || (error instanceof HttpError && error.status === 503);
      if (reading.permitted && away) return write(undefined);
      if (!away) reading.permitted = false;
      throw error;
    }
  }

  #readingOf(identity: Identity): Reading {
    const key = `${identity.tenantId} ${identity.role}`;
    const known = this.#readings.get(key);
    if (known !== undefined) return known;
    const now = performance.now();
    for (const [each, { samples, permitted }] of this.#readings)
      if (!permitted && samples.staleAt < now) this.#readings.delete(each);
    const ask = () => read(this.#pool, identity);
    const samples = new SharedAnswer({ ask, goodFor, patience, late: tooLate, share });
    const reading = { samples, permitted: false };
    this.#readings.set(key, reading);
    return reading;
  }
}

const up: Family = {
  name: 'chime_up',
  type: 'gauge',
  help: 'Whether the database answered in time; where it did not (0), its numbers are missing here.',
};

function write(samples: Sample[] | undefined): Promise<string> {
  const registry = new Registry();
  const add = (family: Family, values: Sample[]) =>
    registry.registerMetric({
      name: family.name,
      get: async () => ({ ...family, values: values.map((each) => ({ ...each, metricName: each.name })) }),
    } as never);
  add(up, [{ name: up.name, labels: {}, value: samples === undefined ? 0 : 1 }]);
  const byName = Map.groupBy(samples ?? [], ({ name }) => name);
  for (const family of families) {
    const endings = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    add(
      family,
      endings.flatMap((ending) => byName.get(family.name + ending) ?? []),
    );
  }
  return registry.metrics();
}
