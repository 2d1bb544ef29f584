import { defineConfig } from '@playwright/test';
import { chromiumFlags, findChromium } from './cli/dev/chromium.ts';

const executablePath = findChromium();

export default defineConfig({
  testDir: 'e2e',
  timeout: 240_000,
  expect: { timeout: 30_000 },
  fullyParallel: false,
  workers: 1,
  retries: 0,
  reporter: 'line',
  outputDir: 'test-results',
  use: {
    baseURL: 'http://localhost:4199',
    viewport: { width: 1280, height: 720 },
    launchOptions: { args: [...chromiumFlags], ...(executablePath ? { executablePath } : {}) },
  },
  webServer: {
    command: 'tsx cli/dev/start.ts',
    env: { PORT: '4199' },
    url: 'http://localhost:4199',
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
