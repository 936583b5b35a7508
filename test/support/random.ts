import { onTestFailed } from 'vitest';

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of a test: BACKFILL_TEST_SEED, or a new one each time; printed when the test fails. Call inside a test. */
export function testSeed(): number {
  const given = process.env.BACKFILL_TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  onTestFailed(() => console.error(`seed ${seed}: replay with BACKFILL_TEST_SEED=${seed}`));
  return seed;
}
