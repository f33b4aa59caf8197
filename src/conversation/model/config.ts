// Which language model is configured: checked as a whole, because its parts make sense only together.
import type { Config } from '../../config.ts';
import { InvalidConfigError } from '../../errors.ts';

export type ModelConfig = Pick<
  Config,
  'modelProvider' | 'model' | 'modelApiKey' | 'modelUrl' | 'modelTimeout' | 'modelMaxTokens' | 'modelMaxSteps'
>;

export interface ModelSettings {
  provider: 'anthropic' | 'openai-compatible';
  name: string;
  /** Undefined for a server that wants none. */
  apiKey: string | undefined;
  baseUrl: string;
  timeoutMs: number;
  maxOutputTokens: number;
  maxSteps: number;
}

/** Said here, and not left to the provider's library, which would look for it in variables that are not ours. */
const anthropicUrl = 'https://api.anthropic.com/v1';

/**
 * Reads what the configuration says of the model.
 * @returns undefined where it says nothing
 * @throws InvalidConfigError (CH032) naming everything that is missing
 */
export function readModel(config: ModelConfig): ModelSettings | undefined {
  const { modelProvider: provider, model: name, modelApiKey: apiKey, modelUrl: url } = config;
  const given = [name, apiKey, url].some((value) => value !== undefined);
  if (provider === undefined && !given) return undefined;
  const baseUrl = url ?? (provider === 'anthropic' ? anthropicUrl : undefined);
  const missing = [
    provider === undefined && 'CHIME_MODEL_PROVIDER says who serves it: anthropic or openai-compatible.',
    name === undefined && 'CHIME_MODEL names the model.',
    provider === 'anthropic' &&
      apiKey === undefined &&
      'CHIME_MODEL_API_KEY is the key that anthropic wants.',
    provider === 'openai-compatible' && url === undefined && 'CHIME_MODEL_URL says where the server is.',
  ].filter((problem) => problem !== false);
  if (provider === undefined || name === undefined || baseUrl === undefined || missing.length > 0) {
    throw new InvalidConfigError(`The language model is half configured.\n  ${missing.join('\n  ')}`, {
      hint: 'Set what is missing, or none of CHIME_MODEL_PROVIDER, CHIME_MODEL, CHIME_MODEL_API_KEY and CHIME_MODEL_URL: then there is no model.',
    });
  }
  return {
    ...{ provider, name, apiKey, baseUrl: baseUrl.replace(/\/+$/, '') },
    timeoutMs: config.modelTimeout,
    maxOutputTokens: config.modelMaxTokens,
    maxSteps: config.modelMaxSteps,
  };
}
