// What `import ... from 'pgchime/testing'` gives.

export type { Happening, Message } from './testing/chronicle.ts';
export type { TestClock } from './testing/clock.ts';
export {
  createTestChime,
  type TestChime,
  type TestChimeOptions,
  type TestFire,
} from './testing/test_chime.ts';
