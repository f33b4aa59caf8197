// The settings of the weather that check-ins mention. Without a key they mention none.
import { z } from 'zod';
import { setting } from './setting.ts';

export const weatherSettings = {
  weatherKey: setting(
    'CHIME_WEATHER_KEY',
    null,
    'the key for OpenWeather, whose weather check-ins mention; CHIME_WEATHER_KEY_FILE may name a file that holds it',
    z
      .string()
      .regex(/^[\w-]{8,200}$/, 'must be a key as OpenWeather gives it')
      .optional(),
    { inFile: true },
  ),
  weatherUrl: setting(
    'CHIME_WEATHER_URL',
    '--weather-url <url>',
    'where the API of OpenWeather is',
    z.url({ protocol: /^https?$/ }).default('https://api.openweathermap.org'),
  ),
} as const;

/** What commands take that run check-ins. */
export const weatherSettingNames = Object.keys(weatherSettings) as (keyof typeof weatherSettings)[];
