import { defineConfig } from '@playwright/test';
import tests from './playwright.config.ts';

/** `npm run screenshots`: the pictures of the documentation, taken from the app as it is. */
export default defineConfig(tests, {
  testMatch: 'screenshots.ts',
  use: { viewport: { width: 1600, height: 1000 } },
});
