// What the weather is like somewhere: as OpenWeather knows it, asked once for all people of a town. It is a courtesy: where it cannot be
// had, there is none, and nothing fails for it.
import { z } from 'zod';
import type { Logger } from '../log.ts';

/** The weather of a town, in a language. */
export interface WeatherPort {
  /** In a few words, such as "light rain, 4 °C"; undefined where it cannot be had. Never rejects. */
  at(place: string, language: 'en' | 'ru', signal: AbortSignal): Promise<string | undefined>;
}

export interface WeatherOptions {
  key: string;
  url: string;
  log: Logger;
  /** Milliseconds that go by. */
  stopwatch?: () => number;
  /** How long an answer may take, in milliseconds. */
  patience?: number;
}

const keepFor = 30 * 60_000;
/** A service that is down is not asked by each of thousands. */
const keepFailure = 60_000;
const mostPlaces = 2_000;
const longestAnswer = 100_000;

const answerSchema = z.object({
  weather: z.array(z.object({ description: z.string().max(100) })).min(1),
  main: z.object({ temp: z.number().min(-100).max(70) }),
});

interface Kept {
  until: number;
  words: Promise<string | undefined>;
}

/** Weather by the API of OpenWeather. */
export function openWeather({
  key,
  url,
  log,
  stopwatch = () => performance.now(),
  patience = 5_000,
}: WeatherOptions): WeatherPort {
  const kept = new Map<string, Kept>();

  async function ask(place: string, language: string): Promise<string> {
    const query = new URLSearchParams({ q: place, units: 'metric', lang: language, appid: key });
    const response = await fetch(`${url.replace(/\/$/, '')}/data/2.5/weather?${query}`, {
      signal: AbortSignal.timeout(patience),
      redirect: 'error',
    });
    const body = await bounded(response);
    if (!response.ok) throw new Error(`the weather service answered ${response.status}`);
    const { weather, main } = answerSchema.parse(JSON.parse(body));
    return `${weather[0]?.description}, ${Math.round(main.temp) || 0} °C`;
  }

  function remember(name: string, place: string, language: string): Kept {
    const entry: Kept = {
      until: stopwatch() + keepFor,
      words: ask(place, language).catch((error: Error) => {
        entry.until = stopwatch() + keepFailure;
        // Its message may hold the address, and that the key.
        log.warn({ place, reason: error.message.replaceAll(key, '***') }, 'the weather cannot be had');
        return undefined;
      }),
    };
    kept.delete(name);
    kept.set(name, entry);
    const [oldest] = kept.keys();
    if (kept.size > mostPlaces && oldest !== undefined) kept.delete(oldest);
    return entry;
  }

  return {
    async at(place, language, signal) {
      const name = `${language}:${place.trim().toLowerCase()}`;
      const known = kept.get(name);
      const entry =
        known !== undefined && known.until > stopwatch() ? known : remember(name, place, language);
      // Who is stopped does not wait for what others wait for, too.
      const stopped = new Promise<undefined>((resolve) => {
        signal.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      return signal.aborted ? undefined : Promise.race([entry.words, stopped]);
    },
  };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > longestAnswer) throw new Error('the answer of the weather service is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
