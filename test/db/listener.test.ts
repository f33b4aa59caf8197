// LISTEN with probes: what anybody may send on its channels must not harm it.
import { once } from 'node:events';
import t from 'tap';
import { Listener } from '../../src/db/listener.ts';
import { createDatabase } from '../support/database.ts';
import { captureLog } from '../support/log.ts';

t.test('strangers on the probe channel change nothing', async (test) => {
  const database = await createDatabase(test);
  const { log } = captureLog();
  const listener = new Listener({
    connectionString: database.url,
    channel: 'chime_test',
    pool: database.pool,
    log,
  });
  await listener.start();
  test.teardown(() => listener.stop());
  test.equal(listener.works, true);
  for (const payload of ['error', '', '__proto__', 'constructor']) {
    const heard = once(listener, 'notify');
    await database.rows("select pg_notify('chime_probe', $1), pg_notify('chime_test', 'after it')", [
      payload,
    ]);
    // Notifications arrive in order: the stranger's has been dealt with.
    test.strictSame(await heard, ['after it'], `payload "${payload}"`);
  }
  test.equal(listener.works, true);
});
