// Random cron expressions, zones and instants, held against croner.
import t from 'tap';
import { compareMany, timeout } from '../support/cron_differential.ts';
import { croner } from '../support/croner.ts';

const known = [
  // The hour before midnight was left out.
  { expression: '30 23 * * *', zone: 'America/Nuuk', after: Date.parse('2024-03-30T12:00:00Z') / 1000 },
];

t.test('random cron rules against croner', { timeout }, (test) => compareMany(test, croner, known));
