import type { OfflineNews, OfflineRequest } from '../../../workers/protocol.ts';
import type { OfflineState } from '../state/offline.ts';
import { updateSlice, type AppStore } from '../state/store.ts';

/** What the user can ask for. */
export interface Offline {
  /** Keeps the app for use without a network, and says how far that is. */
  readonly start: () => Promise<void>;
  /** Looks whether there is a new version: asked for by the user, for nothing is asked of the network by itself. */
  readonly findUpdate: () => Promise<void>;
  /** Takes the new version, and loads the page anew with it. */
  readonly takeUpdate: () => void;
  /** Has the browser ask whether the app is to be installed. */
  readonly install: () => void;
}

/** Chromium's event, which TypeScript's DOM library does not have. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** A worker that was ended in the middle goes on when it is asked again, ms. */
const askAgainMs = 30_000;

/** Registers the service worker at `script` and follows it into the state. */
export function keepOffline(store: AppStore, page: Window & typeof globalThis, script: string): Offline {
  const container = 'serviceWorker' in page.navigator ? page.navigator.serviceWorker : null;
  let registration: ServiceWorkerRegistration | null = null;
  let installPrompt: InstallPrompt | null = null;
  /** Another page has taken the new version: this one still runs the old, and needs nothing but a reload. */
  let isOutdated = false;
  const change = (now: Partial<OfflineState>) => updateSlice(store, 'offline', (before) => ({ ...before, ...now }));
  const say = (to: ServiceWorker | null | undefined, request: OfflineRequest) => to?.postMessage(request);

  const onNews = ({ doneBytes, totalBytes, failure }: OfflineNews) => {
    if (failure !== null) change({ status: { kind: 'failed', reason: failure } });
    else if (doneBytes < totalBytes) change({ status: { kind: 'keeping', doneBytes, totalBytes } });
    // A page that was loaded past the worker would still ask the network.
    else if (container?.controller) change({ status: { kind: 'ready', totalBytes } });
  };

  /**
   * Tells of a version that has been fetched and waits, now and later. The registration is that of all open pages: a
   * version that any of them finds is told of in each, and this page asks nothing of the network for it.
   */
  const watchUpdates = (found: ServiceWorkerRegistration) => {
    const tellWaiting = () => change({ hasUpdate: isOutdated || (found.waiting !== null && found.active !== null) });
    const watch = (installing: ServiceWorker | null) =>
      installing?.addEventListener('statechange', () => {
        tellWaiting();
        if (installing.state === 'redundant' && !found.active)
          change({ status: { kind: 'failed', reason: 'a file of the app could not be fetched or kept' } });
      });
    found.addEventListener('updatefound', () => watch(found.installing));
    watch(found.installing);
    tellWaiting();
  };

  /** The first worker of all takes the pages over too; every later one is another version than this page's. */
  const watchTakeOvers = (pages: ServiceWorkerContainer) => {
    let isControlled = pages.controller !== null;
    pages.addEventListener('controllerchange', () => {
      isOutdated ||= isControlled;
      isControlled = pages.controller !== null;
      if (isOutdated) change({ hasUpdate: true });
    });
  };

  const askToKeep = async (active: ServiceWorker) => {
    const hasGpu = await hasGraphicsDevice(page.navigator);
    const ask = () => say(active, { kind: 'keep', hasGpu });
    ask();
    const timer = setInterval(() => {
      if (store.getState().offline.status.kind === 'keeping') ask();
      else clearInterval(timer);
    }, askAgainMs);
  };

  return {
    async start() {
      page.addEventListener('beforeinstallprompt', (event) => {
        event.preventDefault();
        installPrompt = event as InstallPrompt;
        change({ canInstall: true });
      });
      if (!container) return;
      container.addEventListener('message', ({ data }) => onNews(data as OfflineNews));
      container.startMessages();
      watchTakeOvers(container);
      try {
        registration = await container.register(script, { updateViaCache: 'none' });
        watchUpdates(registration);
        const { active } = await container.ready;
        if (active) await askToKeep(active);
      } catch (error) {
        change({ status: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) } });
      }
    },
    async findUpdate() {
      try {
        await registration?.update();
      } catch (error) {
        // Without a network there is nothing to be found; what is kept goes on working.
        if (!(error instanceof TypeError)) throw error;
      }
    },
    takeUpdate() {
      const waiting = registration?.waiting;
      if (!waiting) {
        page.location.reload();
        return;
      }
      container?.addEventListener('controllerchange', () => page.location.reload(), { once: true });
      say(waiting, { kind: 'take-over' });
    },
    install() {
      // It can be asked once.
      void installPrompt?.prompt();
      installPrompt = null;
      change({ canInstall: false });
    },
  };
}

interface Gpu {
  requestAdapter(): Promise<{
    readonly isFallbackAdapter?: boolean;
    readonly info?: { readonly isFallbackAdapter?: boolean };
  } | null>;
}

/** Whether the network will run on a graphics device: as `workers/ort-session.ts` decides it. */
async function hasGraphicsDevice(from: Navigator): Promise<boolean> {
  const adapter = await (from as { gpu?: Gpu }).gpu?.requestAdapter().catch(() => null);
  if (!adapter) return false;
  return !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false);
}
