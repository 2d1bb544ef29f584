import { createRoot } from 'react-dom/client';
import { createStitchClient, embeddedModel } from '../../workers/client.ts';
import { followAddress } from './address/follow-address.ts';
import { diagnosticsText } from './diagnostics/diagnostics-text.ts';
import { readEnvironment } from './diagnostics/environment.ts';
import { followStore } from './diagnostics/event-log.ts';
import { createJobs } from './jobs/jobs.ts';
import { removeOldExports } from './jobs/old-exports.ts';
import { persistentPairCache } from './jobs/pair-cache.ts';
import { browserProjectLock } from './jobs/project-lock.ts';
import { browserSavePlace } from './jobs/save-place.ts';
import { persistentSessionStore } from './jobs/session-store.ts';
import { keepOffline } from './offline/keep-offline.ts';
import { createAppStore } from './state/store.ts';
import { followTextSize } from './text-size/follow-text-size.ts';
import { folderWatch } from './watch/folder-watch.ts';
import { AppContext } from './ui/app-context.ts';
import { App } from './ui/App.tsx';
import './ui/tokens.css';
import './ui/app.css';
import './ui/diagnostics.css';

/** Hash of the code that makes pair results, set by vite.config.ts. */
const codeVersion = String(import.meta.env.VITE_RESULT_CODE);

/** Without a secure context there is no private file system, and nothing in it. */
async function tidyPrivateFolder(): Promise<void> {
  const storage = navigator.storage as StorageManager | undefined;
  const folder = await storage?.getDirectory();
  if (folder) await removeOldExports(folder, Date.now());
}

function start(): void {
  const root = document.getElementById('root');
  if (!root) throw new Error('index.html has no #root');
  const store = createAppStore();
  const now = () => performance.now();
  const log = followStore(store, now);
  const place = browserSavePlace(window);
  const client = createStitchClient();
  const jobs = createJobs({
    store,
    client,
    spareClient: () => createStitchClient(),
    cache: persistentPairCache(codeVersion),
    place,
    sessions: persistentSessionStore(),
    lock: browserProjectLock(navigator.locks),
    tab: Date.now().toString(36) + Math.random().toString(36).slice(2, 8),
    // Without a secure context there is no such thing, and then nothing can be asked for.
    persist: async () => (navigator.storage as StorageManager | undefined)?.persist(),
    wallClock: () => Date.now(),
    embeddedModel: embeddedModel(),
    now,
  });
  const diagnostics = {
    read: async () =>
      diagnosticsText(
        store.getState(),
        await readEnvironment(window, String(import.meta.env.VITE_APP_VERSION), codeVersion),
        log,
      ),
    save: (text: string) => place.download('em-stitch-diagnostics.txt', new Blob([text], { type: 'text/plain' })),
  };
  const offline = keepOffline(store, window, new URL('service-worker.js', document.baseURI).href);
  const { addFiles, stitch, report } = jobs;
  const watch = folderWatch({ store, page: window, addFiles, stitch, report });
  followAddress(store, client, window);
  followTextSize(store, window);
  void jobs.session.start();
  for (const event of ['pagehide', 'visibilitychange']) window.addEventListener(event, jobs.session.saveNow, true);
  tidyPrivateFolder().catch((error: unknown) => console.info('exports of earlier visits stay', error));
  createRoot(root).render(
    <AppContext value={{ store, jobs, client, offline, watch, diagnostics, mosaic: { current: null } }}>
      <App />
    </AppContext>,
  );
  // The page comes first. A development build changes all the time: it is not kept.
  if (import.meta.env.PROD) window.addEventListener('load', () => void offline.start(), { once: true });
}

start();
