// Random cron expressions, zones and instants, held against cron-parser.
import t from 'tap';
import { compareMany, timeout } from '../support/cron_differential.ts';
import { cronParser } from '../support/cron_parser.ts';

const known = [
  // Three other readings and another policy at once: the hour 0 of the 27th, a Sunday that 1/6 reaches, was left out.
  {
    expression: '3-26/2 */2 */27 * 1/6',
    zone: 'Asia/Beirut',
    after: Date.parse('2022-03-25T08:54:56Z') / 1000,
  },
];

t.test('random cron rules against cron-parser', { timeout }, (test) => compareMany(test, cronParser, known));
