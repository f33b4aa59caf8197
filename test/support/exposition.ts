// Reads what Prometheus reads, as strictly: every line is a sample, a type, or a help.

export interface ExposedSample {
  name: string;
  /** The name that its type is told of: without the endings of a histogram. */
  family: string;
  labels: Record<string, string>;
  value: number;
}

export interface Exposition {
  /** By the name of the family. */
  types: Map<string, string>;
  samples: ExposedSample[];
}

const sampleLine = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

export function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples: ExposedSample[] = [];
  const seen = new Set<string>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, about, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      helped.add(about ?? '');
    } else if (keyword === 'TYPE') {
      if (types.has(about ?? '') || !helped.has(about ?? ''))
        throw new Error(`Told twice, or without help: ${line}`);
      types.set(about ?? '', rest ?? '');
    } else {
      const [, name, inBraces = '', number] = sampleLine.exec(line) ?? [];
      if (name === undefined || number === undefined) throw new Error(`No sample: ${line}`);
      const labels = Object.fromEntries(
        [...inBraces.matchAll(label)].map(([, key, value]) => [key as string, value as string]),
      );
      const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
      const key = `${name}{${inBraces}}`;
      if (Number.isNaN(value) || seen.has(key)) throw new Error(`No number, or twice: ${line}`);
      seen.add(key);
      const base = name.replace(/_(bucket|sum|count)$/, '');
      samples.push({ name, family: types.get(base) === 'histogram' ? base : name, labels, value });
    }
  }
  return { types, samples };
}
