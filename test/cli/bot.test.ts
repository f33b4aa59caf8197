// `chime bot`: the real bot as a process of its own, and `chime start` that has it within.
import t from 'tap';
import { chime, serve } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { startTelegram, token } from '../support/telegram.ts';
import { Updates } from '../support/telegram_updates.ts';

t.test('it answers, offers its commands, and stops when it is told to', async (test) => {
  const { url } = await createDatabase(test);
  const telegram = await startTelegram(test);
  const env = { DATABASE_URL: url, CHIME_TELEGRAM_TOKEN: token, CHIME_TELEGRAM_API: telegram.api };
  const bot = serve(test, ['bot'], { env });
  telegram.push(new Updates().says('/help', { language: 'ru' }));
  const [said] = await telegram.heard(1);
  test.match(said?.params.text, /Что я умею[\s\S]*\/list: ваши расписания/);
  const menus = () => telegram.calls.filter(({ method }) => method === 'setMyCommands');
  while (menus().length < 4) await telegram.called(telegram.calls.length + 1);
  test.strictSame(
    menus().map(({ params }) => [JSON.parse(params.scope ?? '').type, params.language_code]),
    [
      ['all_private_chats', undefined],
      ['all_private_chats', 'ru'],
      ['all_group_chats', undefined],
      ['all_group_chats', 'ru'],
    ],
  );
  test.match(await bot.end('SIGINT'), { code: 0, stderr: '' });
});

t.test('without a token it says what is missing', async (test) => {
  const { url } = await createDatabase(test);
  const { code, stderr } = await chime(['bot'], { env: { DATABASE_URL: url } });
  test.equal(code, 2);
  test.match(stderr, /no bot without its token[\s\S]*CHIME_TELEGRAM_TOKEN/);
});
