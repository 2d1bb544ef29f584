import { defineConfig } from '@playwright/test';
import { chromiumFlags, findChromium } from './cli/dev/chromium.ts';

const executablePath = findChromium();
const port = process.env.E2E_PORT ?? '4199';

export default defineConfig({
  testDir: 'e2e',
  timeout: 240_000,
  expect: { timeout: 30_000 },
  fullyParallel: false,
  // A page waits more than it computes: two at once take half the time on two cores.
  workers: 2,
  retries: 0,
  reporter: 'line',
  outputDir: 'test-results',
  // One set for every machine: what differs between them is masked, or within the tolerance.
  snapshotPathTemplate: '{testDir}/snapshots/{arg}{ext}',
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 720 },
    // A control that is not there fails by its own name, not by the time of the whole test.
    actionTimeout: 60_000,
    launchOptions: { args: [...chromiumFlags], ...(executablePath ? { executablePath } : {}) },
  },
  webServer: {
    command: 'tsx cli/dev/start.ts',
    env: { PORT: port },
    url: `http://localhost:${port}`,
    timeout: 120_000,
    reuseExistingServer: false,
  },
});
