import type { Browser } from '@playwright/test';
import { cpSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createStaticServer } from '../cli/dev/static-server.ts';
import { App } from './app.ts';
import { emptyFolder } from './tiny-grids.ts';

/** Chromium asks its maker about every form field that it sees, on any page: not the app's doing, and no page can stop it. */
const browsersOwn = 'content-autofill.googleapis.com:443';

/** A copy of the build on a server of its own that records every request, and a proxy that records all others. */
export class RecordingHost {
  readonly folder = emptyFolder('dist');
  /** Paths that our own origin was asked for. */
  readonly requests: string[] = [];
  /** What was asked of any other host: nothing but localhost goes past the proxy. */
  readonly foreign: string[] = [];
  private readonly server: Server;
  private readonly proxy: Server;

  constructor() {
    cpSync('dist', this.folder, { recursive: true });
    this.server = createStaticServer(this.folder);
    this.server.on('request', ({ url }) => this.requests.push(url ?? ''));
    this.proxy = createServer(({ url }, response) => {
      this.foreign.push(url ?? '');
      response.writeHead(502).end();
    });
    this.proxy.on('connect', ({ url }, socket) => {
      if (url !== browsersOwn) this.foreign.push(url ?? '');
      socket.end();
    });
  }

  /** Opens the app in a browser context of its own. */
  async visit(browser: Browser, { keepsOffline = true } = {}): Promise<App> {
    for (const server of [this.server, this.proxy])
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const portOf = (server: Server) => (server.address() as AddressInfo).port;
    const context = await browser.newContext({
      baseURL: `http://localhost:${portOf(this.server)}`,
      viewport: { width: 1280, height: 720 },
      proxy: { server: `http://127.0.0.1:${portOf(this.proxy)}`, bypass: 'localhost' },
    });
    const app = new App(await context.newPage(), { keepsOffline });
    await app.page.addInitScript(() => {
      const said: string[] = [];
      Object.assign(window, { saidOfOffline: said });
      new MutationObserver(() => {
        const text = document.querySelector('[data-testid="offline"]')?.textContent ?? '';
        if (text !== (said.at(-1) ?? '')) said.push(text);
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await app.open();
    return app;
  }

  /** What the app asked for; the browser by itself looks whether the service worker has changed. */
  ofTheApp(): readonly string[] {
    return this.requests.filter((path) => path !== '/service-worker.js');
  }

  /** Nobody answers any more. */
  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  end(): void {
    this.stop();
    this.proxy.close();
    rmSync(this.folder, { recursive: true });
  }
}
