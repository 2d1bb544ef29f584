import { describe, expect, it, vi } from 'vitest';
import { createAppStore } from '../state/store.ts';
import { keepOffline } from './keep-offline.ts';

class FakeWorker extends EventTarget {
  state = 'installing';
  readonly postMessage = vi.fn();
  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

/** A browser's part: one registration for all pages, and the worker that answers this one. */
function fakePage({ isFirstVisit = false } = {}) {
  const active = new FakeWorker();
  active.state = 'activated';
  const registration = Object.assign(new EventTarget(), {
    ...{ active, waiting: null as FakeWorker | null, installing: null as FakeWorker | null },
    update: vi.fn(),
  });
  const container = Object.assign(new EventTarget(), {
    ...{ controller: isFirstVisit ? null : active, ready: Promise.resolve(registration) },
    ...{ register: vi.fn(async () => registration), startMessages: vi.fn() },
  });
  const reload = vi.fn();
  const page = Object.assign(new EventTarget(), { navigator: { serviceWorker: container }, location: { reload } });
  /** Another page has navigated, and the browser has found a new version and fetched it. */
  const findVersion = () => {
    const next = new FakeWorker();
    registration.installing = next;
    registration.dispatchEvent(new Event('updatefound'));
    registration.installing = null;
    registration.waiting = next;
    next.become('installed');
    return next;
  };
  /** The waiting version answers all pages from now on. */
  const takeOver = (next: FakeWorker) => {
    registration.waiting = null;
    registration.active = next;
    next.become('activating');
    container.controller = next;
    container.dispatchEvent(new Event('controllerchange'));
    next.become('activated');
  };
  return {
    page: page as unknown as Window & typeof globalThis,
    registration,
    container,
    reload,
    findVersion,
    takeOver,
  };
}

async function started(fake: ReturnType<typeof fakePage>) {
  const store = createAppStore();
  const offline = keepOffline(store, fake.page, 'service-worker.js');
  await offline.start();
  return { offline, hasUpdate: () => store.getState().offline.hasUpdate };
}

describe('a new version', () => {
  it('that any page has found is told of, without a request of this one', async () => {
    const fake = fakePage();
    const { hasUpdate } = await started(fake);
    expect(hasUpdate()).toBe(false);
    fake.findVersion();
    expect(hasUpdate()).toBe(true);
    expect(fake.registration.update).not.toHaveBeenCalled();
    expect(fake.container.register).toHaveBeenCalledTimes(1);
  });

  it('is taken when the user says so, and the page loaded anew once it answers', async () => {
    const fake = fakePage();
    const { offline } = await started(fake);
    const next = fake.findVersion();
    offline.takeUpdate();
    expect(next.postMessage).toHaveBeenCalledWith({ kind: 'take-over' });
    expect(fake.reload).not.toHaveBeenCalled();
    fake.takeOver(next);
    expect(fake.reload).toHaveBeenCalledTimes(1);
  });

  it('that another page has taken is still told of here, and needs nothing but a reload', async () => {
    const fake = fakePage();
    const { offline, hasUpdate } = await started(fake);
    fake.takeOver(fake.findVersion());
    expect(hasUpdate()).toBe(true);
    expect(fake.reload).not.toHaveBeenCalled();
    offline.takeUpdate();
    expect(fake.reload).toHaveBeenCalledTimes(1);
  });

  it('is not what takes the page over at the first visit of all', async () => {
    const fake = fakePage({ isFirstVisit: true });
    const { hasUpdate } = await started(fake);
    fake.container.controller = fake.registration.active;
    fake.container.dispatchEvent(new Event('controllerchange'));
    expect(hasUpdate()).toBe(false);
    fake.takeOver(fake.findVersion());
    expect(hasUpdate()).toBe(true);
  });
});
