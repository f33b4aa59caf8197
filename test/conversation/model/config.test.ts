// Which model is configured, and what is said where that makes no sense.
import t from 'tap';
import { readConfig } from '../../../src/config.ts';
import { readModel } from '../../../src/conversation/model/config.ts';
import { makeModel } from '../../../src/conversation/model/model.ts';
import { InvalidConfigError } from '../../../src/errors.ts';

const read = (env: Record<string, string>) => readConfig({}, env, { text: '' });

t.test('none', async (test) => {
  test.equal(makeModel(read({})), undefined);
  test.equal(makeModel(read({ CHIME_MODEL_MAX_STEPS: '3' })), undefined, 'limits alone make no model');
});

t.test('one of each provider', async (test) => {
  const anthropic = {
    CHIME_MODEL_PROVIDER: 'anthropic',
    CHIME_MODEL: 'claude-x',
    CHIME_MODEL_API_KEY: 'k',
    CHIME_MODEL_TIMEOUT: '5000',
    // What the provider's own library would read is not looked at.
    ANTHROPIC_BASE_URL: 'http://elsewhere.test',
  };
  test.strictSame(readModel(read(anthropic)), {
    provider: 'anthropic',
    name: 'claude-x',
    apiKey: 'k',
    baseUrl: 'https://api.anthropic.com/v1',
    timeoutMs: 5000,
    maxOutputTokens: 4096,
    maxSteps: 8,
  });
  const local = {
    CHIME_MODEL_PROVIDER: 'openai-compatible',
    CHIME_MODEL: 'llama',
    CHIME_MODEL_URL: 'http://127.0.0.1:11434/v1/',
  };
  test.hasStrict(readModel(read(local)), { apiKey: undefined, baseUrl: 'http://127.0.0.1:11434/v1' });
});

t.test('half of one', async (test) => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ CHIME_MODEL: 'x' }, /CHIME_MODEL_PROVIDER says who/],
    [{ CHIME_MODEL_API_KEY: 'secret' }, /CHIME_MODEL_PROVIDER says who[\s\S]*CHIME_MODEL names/],
    [{ CHIME_MODEL_PROVIDER: 'anthropic', CHIME_MODEL: 'x' }, /CHIME_MODEL_API_KEY is the key/],
    [{ CHIME_MODEL_PROVIDER: 'anthropic', CHIME_MODEL_API_KEY: 'secret' }, /CHIME_MODEL names/],
    [{ CHIME_MODEL_PROVIDER: 'openai-compatible', CHIME_MODEL: 'x' }, /CHIME_MODEL_URL says where/],
  ];
  for (const [env, message] of cases) {
    test.throws(() => makeModel(read(env)), {
      name: InvalidConfigError.name,
      code: 'CH032',
      message,
      hint: /none of CHIME_MODEL_PROVIDER/,
    });
  }
});

t.test('values that cannot be', async (test) => {
  for (const [name, value] of Object.entries({
    CHIME_MODEL_PROVIDER: 'openai',
    CHIME_MODEL_URL: 'ftp://models.test/v1',
    CHIME_MODEL_API_KEY: 'two secret words',
    CHIME_MODEL_TIMEOUT: '1',
    CHIME_MODEL_MAX_TOKENS: '0',
    CHIME_MODEL_MAX_STEPS: '1000',
  })) {
    test.throws(() => read({ [name]: value }), { code: 'CH032', message: new RegExp(name) });
  }
  const urls = ['http://ann:secret@models.test/v1', 'http://models.test/v1?key=1', 'http://models.test/v1#x'];
  for (const url of urls) test.throws(() => read({ CHIME_MODEL_URL: url }), /CHIME_MODEL_URL/);
  for (const env of [{ CHIME_MODEL_API_KEY: 'two secret words' }, { CHIME_MODEL_URL: urls[0] as string }])
    test.throws(() => read(env), { message: /^(?![\s\S]*secret)/ }, 'secrets are not repeated');
});
