import { defineConfig } from 'vitest/config';

// Tests are compiled by tsc like everything else and run from dist/.
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
