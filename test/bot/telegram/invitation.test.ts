// Invitations by way of Telegram: what is a file for the bot, how it is fetched, and what becomes of those that cannot be.
import { Api } from 'node-telegram-bot-api';
import t, { type Test } from 'tap';
import { makeTalk } from '../../../src/bot/talk.ts';
import { fileFetcher } from '../../../src/bot/telegram/files.ts';
import { incomingOf } from '../../../src/bot/telegram/incoming.ts';
import { attemptsOf } from '../../support/attempts.ts';
import { createDatabase } from '../../support/database.ts';
import { google, outlook } from '../../support/invitations.ts';
import { MovableNow } from '../../support/now.ts';
import { startTelegram, token } from '../../support/telegram.ts';
import { startBot } from '../../support/telegram_bot.ts';
import { botName, Updates } from '../../support/telegram_updates.ts';

async function setUp(test: Test) {
  const database = await createDatabase(test);
  const now = await MovableNow.install(database, '2026-11-20T15:00:00Z');
  await attemptsOf(database).register(['remind']);
  const telegram = await startTelegram(test);
  const started = await startBot(test, database, telegram, makeTalk());
  const updates = new Updates();
  let heard = 0;
  return {
    ...{ database, telegram, updates, ...started },
    /** Has the bot hear something; answers what it says to it. */
    async tell(update: { update_id: number }) {
      await now.advance('2 seconds');
      telegram.push(update);
      const said = await telegram.heard(++heard);
      // It counts for the limits from then on.
      await started.reported(heard);
      return said.at(-1)?.params.text ?? '';
    },
  };
}

t.test('a file is fetched, read and booked', async (test) => {
  const { database, telegram, updates, tell } = await setUp(test);
  await tell(updates.says('/timezone Berlin'));
  telegram.files.set('invite', google());
  telegram.files.set('outlook', outlook());
  const said = await tell(
    updates.sends({
      file_id: 'invite',
      file_name: 'invite.ics',
      mime_type: 'text/calendar',
      file_size: 1500,
    }),
  );
  test.match(
    said,
    /^✅ Booked: <b>Plan &lt;Q1&gt; &amp; more<\/b>\n🕐 Tue 1 Dec, 10:00–11:00 \(Europe\/Berlin\)/,
  );
  const byName = await tell(
    updates.sends({ file_id: 'outlook', file_name: 'Termin.ICS', mime_type: 'application/octet-stream' }),
  );
  test.match(byName, /Booked: <b>Jour fixe/);
  test.match(await tell(updates.sends({ file_id: 'none', file_name: 'a.ics' })), /cannot get that file/);
  test.match(
    await tell(updates.sends({ file_id: 'invite', file_name: 'a.ics', file_size: 262_145 })),
    /too large: 256 kB/,
  );
  test.equal(await database.value('select count(*)::integer from chime.meetings'), 2);
  test.equal(
    telegram.calls.filter(({ method }) => method === 'getFile').length,
    3,
    'what is too large is not asked for',
  );
});

t.test('where Telegram is at fault it is tried again, and nobody is told the address', async (test) => {
  const { telegram, updates, tell, bot, lines, database } = await setUp(test);
  await tell(updates.says('/timezone Berlin'));
  telegram.files.set('invite', google());
  telegram.answerFile = () => ({ status: 502, body: 'Bad Gateway' });
  const failed = new Promise((resolve) => bot.handler.once('failed', resolve));
  const answered = tell(updates.sends({ file_id: 'invite', file_name: 'a.ics' }));
  await failed;
  telegram.answerFile = () => undefined;
  await database.rows('update chime_private.updates set due_at = null');
  test.match(await answered, /Booked: <b>Plan/);
  const warned = lines.filter(({ msg }) => String(msg).startsWith('an update could not be handled'));
  test.match(warned, [
    { level: 'warn', err: { message: 'The file cannot be fetched: Telegram answered 502' } },
  ]);
  test.notMatch(JSON.stringify(lines), token);
});

t.test('what the fetcher does', async (test) => {
  const telegram = await startTelegram(test);
  const fetcher = (given: string, patience?: number) =>
    fileFetcher({
      api: new Api(given, { apiRoot: telegram.api, maxRetries: 0 }),
      apiRoot: telegram.api,
      token: given,
      ...(patience !== undefined && { patience }),
    });
  const fetchFile = fetcher(token);
  telegram.files.set('a', 'x'.repeat(1000));
  const found = await fetchFile('a', 1000);
  test.equal('bytes' in found && Buffer.from(found.bytes).toString(), 'x'.repeat(1000));
  test.strictSame(await fetchFile('a', 999), { fault: 'too_large' }, 'whatever was said of its size');
  telegram.answer = () => ({ error: 400, description: 'Bad Request: file is too big' });
  test.strictSame(await fetchFile('a', 1000), { fault: 'gone' });
  telegram.answer = ({ params }) => ({
    status: 200,
    body: JSON.stringify({ ok: true, result: { file_id: params.file_id, file_size: 5000, file_path: 'x' } }),
  });
  test.strictSame(await fetchFile('a', 1000), { fault: 'too_large' });
  telegram.answer = () => undefined;
  telegram.answerFile = () => 'hang';
  const clock = fetcher(token, 200);
  await test.rejects(clock('a', 1000), { message: /^The file cannot be fetched: / });
  telegram.answerFile = () => undefined;
  const wrong = '999999:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB';
  await test.rejects(fetcher(wrong)('a', 1000), /cannot be fetched/);
  await telegram.close();
  const error = await fetchFile('a', 1000).catch((thrown: Error) => thrown);
  test.notMatch(String((error as Error).stack), token);
});

t.test('what is a file for the bot', (test) => {
  const updates = new Updates();
  const document = { file_id: 'f', file_name: 'a.ics', mime_type: 'text/calendar', file_size: 7 };
  const incoming = (...args: Parameters<Updates['sends']>) =>
    incomingOf(updates.sends(...args), botName, new Date(0));
  test.match(incoming(document), { document: { fileId: 'f', size: 7 }, text: undefined });
  test.match(incoming({ file_id: 'f', mime_type: 'text/calendar; charset=utf-8' }), {
    document: { fileId: 'f' },
  });
  test.equal(incoming({ file_id: 'f', file_name: 'a.pdf', mime_type: 'application/pdf' }), undefined);
  test.match(incoming({ file_id: 'f', file_name: 'a.pdf' }, {}, 'tomorrow at 9 read it'), {
    document: undefined,
    text: 'tomorrow at 9 read it',
  });
  const group = { chat: -5, from: 42 };
  test.match(incoming(document, group), { isGroup: true, isToBot: undefined, document: { fileId: 'f' } });
  test.match(incoming(document, group, `@${botName} please`), { isToBot: true, text: 'please' });
  test.equal(incoming(document, group, '/take@other_bot'), undefined, 'for another bot');
  test.end();
});
