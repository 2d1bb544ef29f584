import { expect, test as base, type Page } from '@playwright/test';
import { dropPaths } from './drop.ts';

/** The app as a user has it, with a record of everything it asks the network for. */
export class App {
  readonly page: Page;
  /** Requests that left our own origin; there must be none. */
  readonly foreignRequests: string[] = [];
  /** Uncaught errors and policy violations; there must be none. */
  readonly pageErrors: string[] = [];

  /** Keeping 20 MB for offline use in every test would only cost time. */
  private readonly keepsOffline: boolean;
  /** Directives that a worker broke. */
  private readonly workerViolations: string[] = [];
  private forgiven = false;

  constructor(page: Page, { keepsOffline = false }: { readonly keepsOffline?: boolean } = {}) {
    this.page = page;
    this.keepsOffline = keepsOffline;
    page.on('worker', (worker) => {
      worker.on('console', (message) => {
        const directive = /^violation: (.*)$/.exec(message.text())?.[1];
        if (directive) this.workerViolations.push(`worker: ${directive}`);
      });
      void worker
        .evaluate(() =>
          self.addEventListener('securitypolicyviolation', (event) => {
            console.info(`violation: ${event.effectiveDirective}`);
          }),
        )
        .catch(() => undefined); // it ended at once
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (/^https?:$/.test(url.protocol) && url.hostname !== 'localhost') this.foreignRequests.push(url.href);
    });
    page.on('pageerror', (error) => this.pageErrors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.pageErrors.push(message.text());
    });
  }

  async open(address = '/'): Promise<void> {
    if (!this.keepsOffline)
      await this.page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
    // The picker cannot be used in headless mode; without it the app writes to OPFS and downloads, as Firefox does.
    await this.page.addInitScript(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
    await this.page.addInitScript(() => {
      const seen: string[] = [];
      Object.assign(window, { policyViolations: seen });
      document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    });
    await this.page.goto(address);
    await expect(this.byId('start-page')).toBeVisible();
  }

  /** What the content security policy refused, in the page and its workers; there must be nothing. */
  async violations(): Promise<readonly string[]> {
    if (this.forgiven) return [];
    const inPage = await this.page.evaluate(
      () => (window as unknown as { policyViolations?: string[] }).policyViolations,
    );
    return [...(inPage ?? []), ...this.workerViolations];
  }

  /** For a test that breaks the policy on purpose. */
  forgetViolations(): void {
    this.forgiven = true;
  }

  byId(testId: string) {
    return this.page.getByTestId(testId);
  }

  drop(...paths: string[]): Promise<void> {
    return dropPaths(this.page, paths);
  }

  async waitForState(state: string, timeoutMs = 60_000): Promise<void> {
    await expect(this.byId('app')).toHaveAttribute('data-state', state, { timeout: timeoutMs });
  }

  /** Presses Stitch and waits for the mosaic to be on the screen. */
  async stitch(timeoutMs = 180_000): Promise<void> {
    await expect(this.byId('stitch-button')).toBeEnabled({ timeout: 60_000 });
    await this.byId('stitch-button').click();
    await this.waitForState('done', timeoutMs);
    await expect(this.byId('mosaic-viewer')).toHaveAttribute('data-settled', 'true', { timeout: 30_000 });
  }

  /** Opens the built-in sample and waits for its layout. */
  async openSample(): Promise<void> {
    await this.byId('open-sample').click();
    await expect(this.byId('stitch-button')).toBeEnabled({ timeout: 120_000 });
  }

  /** Unfolds the options, after the panel where a run has put it away. */
  async openOptions(): Promise<void> {
    const panel = this.byId('options-panel');
    await expect(panel.or(this.byId('panel-switch')).first()).toBeVisible();
    if (!(await panel.isVisible())) await this.byId('panel-switch').click();
    if ((await panel.getAttribute('open')) === null) await panel.locator('> summary').click();
  }

  /** Chooses a matcher in the options. */
  async chooseMatcher(value: 'loftr' | 'sift' | 'phase-correlation'): Promise<void> {
    await this.openOptions();
    await this.page.getByLabel('Matcher', { exact: true }).selectOption(value);
  }

  /** Presses an export button and keeps the file that is downloaded. */
  async download(testId: string): Promise<string> {
    const tab = this.byId('export-tab');
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
    const waiting = this.page.waitForEvent('download', { timeout: 120_000 });
    await this.byId(testId).click();
    return (await waiting).path();
  }
}

export const test = base.extend<{ app: App }>({
  app: async ({ page }, use) => {
    const app = new App(page);
    await app.open();
    await use(app);
    expect(app.foreignRequests).toEqual([]);
    expect(app.pageErrors).toEqual([]);
    expect(await app.violations()).toEqual([]);
  },
});

export { expect };
