// The settings of the language model: which, where, and how much of it. Without a provider there is none.
import { z } from 'zod';
import { setting } from './setting.ts';

const baseUrl = z
  .url({ protocol: /^https?$/ })
  .refine((text) => {
    const url = URL.parse(text);
    return url !== null && url.username === '' && url.password === '';
  }, 'must hold no user and no password: the key is CHIME_MODEL_API_KEY')
  .refine((text) => !/[?#]/.test(text), 'must end with a path, without ? and #');

export const modelSettings = {
  modelProvider: setting(
    'CHIME_MODEL_PROVIDER',
    '--model-provider <name>',
    'who serves the language model: anthropic or openai-compatible; without it there is no model',
    z.enum(['anthropic', 'openai-compatible']).optional(),
  ),
  model: setting(
    'CHIME_MODEL',
    '--model <name>',
    'the name of the language model, as its provider calls it',
    z.string().min(1).max(200).optional(),
  ),
  modelApiKey: setting(
    'CHIME_MODEL_API_KEY',
    null,
    'the key for the language model; CHIME_MODEL_API_KEY_FILE may name a file that holds it',
    z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'must be a key, without spaces')
      .optional(),
    { inFile: true },
  ),
  modelUrl: setting(
    'CHIME_MODEL_URL',
    '--model-url <url>',
    'where the API of the language model is, with its version; by default where anthropic has it',
    baseUrl.optional(),
  ),
  modelTimeout: setting(
    'CHIME_MODEL_TIMEOUT',
    '--model-timeout <ms>',
    'how long the language model may take for an answer with all its steps, in milliseconds',
    z.coerce.number().int().min(100).max(3_600_000).default(60_000),
  ),
  modelMaxTokens: setting(
    'CHIME_MODEL_MAX_TOKENS',
    '--model-max-tokens <number>',
    'how many tokens the language model may write for an answer with all its steps',
    z.coerce.number().int().min(1).max(1_000_000).default(4096),
  ),
  modelMaxSteps: setting(
    'CHIME_MODEL_MAX_STEPS',
    '--model-max-steps <number>',
    'how many times the language model is asked for an answer, each after the tools that it has called',
    z.coerce.number().int().min(1).max(100).default(8),
  ),
} as const;
