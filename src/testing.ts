// What `import ... from 'pgchime/testing'` gives.

export type { Happening, Message } from './testing/chronicle.ts';
export {
  createTestChime,
  type TestChime,
  type TestChimeOptions,
  type TestClock,
  type TestFire,
} from './testing/test_chime.ts';
