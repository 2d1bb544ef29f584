import { createRoot } from 'react-dom/client';
import { createStitchClient, embeddedModel } from '../../workers/client.ts';
import { diagnosticsText } from './diagnostics/diagnostics-text.ts';
import { readEnvironment } from './diagnostics/environment.ts';
import { followStore } from './diagnostics/event-log.ts';
import { createJobs } from './jobs/jobs.ts';
import { persistentPairCache } from './jobs/pair-cache.ts';
import { browserSavePlace } from './jobs/save-place.ts';
import { persistentSessionStore } from './jobs/session-store.ts';
import { createAppStore } from './state/store.ts';
import { AppContext } from './ui/app-context.ts';
import { App } from './ui/App.tsx';
import './ui/tokens.css';
import './ui/app.css';
import './ui/diagnostics.css';

/** Hash of the code that makes pair results, set by vite.config.ts. */
const codeVersion = String(import.meta.env.VITE_RESULT_CODE);

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
    cache: persistentPairCache(codeVersion),
    place,
    sessions: persistentSessionStore(),
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
  void jobs.session.start();
  createRoot(root).render(
    <AppContext value={{ store, jobs, client, diagnostics, mosaic: { current: null } }}>
      <App />
    </AppContext>,
  );
}

start();
