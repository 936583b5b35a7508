import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/support/plain-line.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Scenario tests start servers of their own; two files at once fill the two cores they are sized for.
    maxWorkers: 2,
    pool: 'forks',
  },
});
