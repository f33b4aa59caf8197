// The order of versions: a list in its order, each held against each.
import t from 'tap';
import { compareVersions } from '../src/semver.ts';

const ordered = [
  'not a version',
  '0.0.9',
  '0.0.10',
  '0.1.0-alpha',
  '0.1.0-alpha.1',
  '0.1.0-alpha.2',
  '0.1.0-alpha.10',
  '0.1.0-alpha.beta',
  '0.1.0-beta',
  '0.1.0-rc-1',
  '0.1.0',
  '0.1.1',
  '0.9.0',
  '0.10.0',
  '1.0.0-0',
  '1.0.0',
  '10.0.0',
];

t.test('older, the same, newer', async (test) => {
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      test.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

t.test('what was built when does not count', async (test) => {
  test.equal(compareVersions('1.2.3+5', '1.2.3+11'), 0);
  test.equal(compareVersions('1.2.3-rc.1+5', '1.2.3-rc.1'), 0);
});
