// The settings of a tenant from the command line, and from the library.
import t from 'tap';
import { createChime } from '../../src/index.ts';
import { commandsOn } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const database = await createDatabase();
const { run, runJson } = commandsOn(database.url);
await database.rows("select chime.create_tenant('acme')");

t.test('shown, with what is by default', async (test) => {
  test.strictSame(await run('settings'), {
    code: 0,
    stdout: `setting            value             from
timezone           UTC               default
max_retries        3                 default
retry_delay        1 minute          default
retry_backoff      exponential       default
quiet              none              default
check_in_window    30 minutes        default
check_in_silence   none              default
meeting_reminders  24 hours, 1 hour  default
follow_up_limit    20                default
keep_executed      30 days           default
keep_cancelled     7 days            default
`,
    stderr: '',
  });
  test.match((await runJson('settings')).data, {
    ...{ timezone: 'UTC', maxRetries: 3, quietFrom: null, meetingReminders: ['24:00:00', '01:00:00'] },
    changed: [],
  });
});

t.test('changed and reset', async (test) => {
  const changed = await run(
    ...['settings', 'set', 'timezone=europe/berlin', 'meeting_reminders=1d,1h', 'quiet=22:00-08:00'],
    ...['check-in-silence=90min', 'keepExecuted=2 weeks', 'maxRetries=0'],
  );
  test.equal(changed.code, 0, changed.stderr);
  test.match(changed.stdout, /^timezone +Europe\/Berlin *$/m);
  test.match(changed.stdout, /^quiet +22:00-08:00 *$/m);
  test.match(changed.stdout, /^check_in_silence +1 hour 30 minutes *$/m);
  test.match(changed.stdout, /^meeting_reminders +1 day, 1 hour *$/m);
  test.match(changed.stdout, /^keep_executed +14 days *$/m);
  test.match(changed.stdout, /^retry_delay +1 minute +default$/m);
  test.match(
    (await runJson('settings', '--tenant', 'acme')).data,
    { timezone: 'UTC' },
    'of that tenant alone',
  );
  test.match((await runJson('settings', 'set', 'follow_up_limit=3', '--tenant', 'acme')).data, {
    followUpLimit: 3,
    changed: ['followUpLimit'],
  });
  test.match((await runJson('settings', 'set', 'quiet=none', 'meeting_reminders=none')).data, {
    ...{ quietFrom: null, quietUntil: null, meetingReminders: [], timezone: 'Europe/Berlin' },
  });
  test.match((await runJson('settings', 'reset', 'timezone', 'check_in_silence', 'quiet')).data, {
    ...{ timezone: 'UTC', checkInSilence: null },
    changed: ['maxRetries', 'meetingReminders', 'keepExecuted'],
  });
});

t.test('what is wrong', async (test) => {
  test.match(await run('settings', 'set', 'colour=red'), {
    code: 2,
    stderr: /There is no setting "colour".*\n.*timezone, max_retries/,
  });
  test.match(await run('settings', 'set', 'timezone'), { code: 2, stderr: /"timezone" changes nothing/ });
  test.match(await run('settings', 'set', 'quiet=late'), { code: 2, stderr: /"late" are no quiet hours/ });
  test.match(await run('settings', 'set', 'retry_delay=soon'), { code: 2, stderr: /cannot be read/ });
  test.match(await run('settings', 'set', 'follow_up_limit=0'), { code: 2, stderr: /between 1 and 1000/ });
  test.match(await run('settings', 'set', 'timezone=Nowhere'), { code: 2, stderr: /no time zone "Nowhere"/ });
  test.match(await run('settings', 'reset', 'colour'), { code: 2, stderr: /There is no setting "colour"/ });
  test.match(await run('settings', '--tenant', 'nowhere'), { code: 3 });
});

t.test('the library', async (test) => {
  const chime = createChime({ connectionString: database.url });
  test.teardown(() => chime.close());
  await chime.settings.reset('keepExecuted', 'maxRetries', 'meetingReminders');
  test.match(await chime.settings.set({ retryBackoff: 'linear', retryDelay: '5 seconds' }), {
    ...{ retryBackoff: 'linear', retryDelay: '00:00:05', changed: ['retryDelay', 'retryBackoff'] },
  });
  test.match(await chime.settings.set({ checkInWindow: '1 hour', reset: ['retryDelay'] }), {
    ...{ checkInWindow: '01:00:00', retryDelay: '00:01:00' },
  });
  await test.rejects(chime.settings.set({ maxRetries: 1000 }), { code: 'CH007' });
  await test.rejects(chime.settings.set({ colour: 'red' } as never), { code: 'CH007' });
  test.match(await chime.settings.get(), { retryBackoff: 'linear', checkInWindow: '01:00:00' });
});
