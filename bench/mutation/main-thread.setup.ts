import { createRequire } from 'node:module';

// Stryker runs tests in worker threads, where geotiff's `web-worker` takes itself for one of its own workers and fails.
const threads = createRequire(import.meta.url)('node:worker_threads') as { isMainThread: boolean };
threads.isMainThread = true;
