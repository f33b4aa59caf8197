// croner, and how it differs: always in the same way.
import { Cron } from 'croner';
import type { Library } from './cron_disagreement.ts';

export const croner: Library = {
  name: 'croner',
  reads: {
    macros: ['@hourly', '@daily', '@midnight', '@weekly', '@monthly', '@yearly', '@annually'],
    monthDays: ['L', 'n,L', 'nW', 'nW', 'nW,n', 'L,nW', '1W', '31W', 'LW'],
    weekdays: ['nL', 'n#k', 'n#k,n#k', 'n,nL', 'n#k,n', '7', '5-7', '1-7/2', '0-7', '*/7'],
  },
  answer({ expression, zone, after }) {
    // Either day field is enough; a list or a range of hours is fixed times, as with us a list is.
    const cron = new Cron(expression, {
      mode: '5-or-6-parts',
      domAndDow: false,
      sloppyRanges: true,
      fixedTimeRule: 'no-wildcard',
      timezone: zone,
    });
    const fire = cron.nextRun(new Date(after * 1000));
    return fire === null ? undefined : fire.getTime() / 1000;
  },
  always: [
    { name: 'a star with a step does not join the day fields', reading: { both: 'lone star' } },
    {
      name: 'stars and steps alone follow real time, in whatever field',
      reading: { realTime: 'star or step' },
    },
    {
      name: 'a fixed time is lost in a gap that ends on the next day',
      policy: { gap: 'same day' },
    },
  ],
  sometimes: [],
};
