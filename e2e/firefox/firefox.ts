import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BidiConnection } from './bidi.ts';

/** A Firefox that is on this machine: `FIREFOX_PATH`, or Debian's firefox-esr, or firefox on the PATH. */
export function findFirefox(): string | null {
  if (process.env.FIREFOX_PATH) return process.env.FIREFOX_PATH;
  for (const name of ['firefox-esr', 'firefox']) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (found) return found;
  }
  return null;
}

/** Quiet, asks nobody anything, and saves downloads without a question. */
const preferences = (downloads: string): Readonly<Record<string, string | number | boolean>> => ({
  'browser.download.dir': downloads,
  'browser.download.folderList': 2,
  'browser.download.useDownloadDir': true,
  'browser.download.alwaysOpenPanel': false,
  'browser.helperApps.neverAsk.saveToDisk':
    'image/tiff,application/json,application/octet-stream,text/html,text/csv,text/plain',
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'browser.startup.page': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false,
  'remote.prefs.recommended': true,
});

/** How long Firefox may take to say where it listens, ms. */
const startMs = 60_000;

interface Remote {
  readonly type: string;
  readonly value?: unknown;
}

type Evaluated =
  | { readonly type: 'success'; readonly result: Remote }
  | { readonly type: 'exception'; readonly exceptionDetails: { readonly text: string } };

/** One page in a Firefox of its own, driven over WebDriver BiDi; `close` leaves nothing behind. */
export class FirefoxPage {
  /** Where downloads go. */
  readonly downloads: string;
  readonly requests: string[] = [];
  /** What the page and its workers wrote as an error, uncaught errors among them. */
  readonly errors: string[] = [];
  #context = '';
  readonly #folder: string;
  readonly #process: ChildProcess;
  #bidi: BidiConnection | null = null;

  private constructor(command: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'em-stitch-firefox-'));
    this.downloads = join(this.#folder, 'downloads');
    mkdirSync(this.downloads);
    const profile = join(this.#folder, 'profile');
    mkdirSync(profile);
    const lines = Object.entries(preferences(this.downloads)).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join('\n'));
    const args = ['--headless', '--no-remote', '--new-instance', '--remote-debugging-port', '0', '--profile', profile];
    this.#process = spawn(command, [...args, '--width', '1280', '--height', '720'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: this.#folder, MOZ_CRASHREPORTER_DISABLE: '1' },
    });
  }

  /** @throws Error when Firefox does not start or does not speak. */
  static async open(command: string): Promise<FirefoxPage> {
    const page = new FirefoxPage(command);
    try {
      await page.#connect();
    } catch (error) {
      await page.close();
      throw error;
    }
    return page;
  }

  async goto(url: string): Promise<void> {
    await this.#send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' });
  }

  /** The value of an expression in the page; a string, number, boolean or null. */
  async evaluate<T extends string | number | boolean | null>(expression: string): Promise<T> {
    const answer = await this.#send<Evaluated>('script.evaluate', {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
      userActivation: false,
    });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    return (answer.result.type === 'null' || answer.result.type === 'undefined' ? null : answer.result.value) as T;
  }

  /** Clicks in the middle of the first element that the selector finds, as a user does. */
  async click(selector: string): Promise<void> {
    const element = `document.querySelector(${JSON.stringify(selector)})`;
    const place = await this.evaluate<string>(
      `(() => { const element = ${element}; if (!element) return ''; element.scrollIntoView({ block: 'center' });
        const { x, y, width, height } = element.getBoundingClientRect(); return (x + width / 2) + ' ' + (y + height / 2); })()`,
    );
    if (!place) throw new Error(`${selector} is not on the page`);
    const [x, y] = place.split(' ').map((part) => Math.round(Number(part)));
    await this.#send('input.performActions', {
      context: this.#context,
      actions: [
        {
          type: 'pointer',
          id: 'mouse',
          actions: [
            { type: 'pointerMove', x, y },
            { type: 'pointerDown', button: 0 },
            { type: 'pointerUp', button: 0 },
          ],
        },
      ],
    });
  }

  /** Presses and releases one key; names as in WebDriver, a single character for itself. */
  async press(key: string): Promise<void> {
    const actions = [
      { type: 'keyDown', value: key },
      { type: 'keyUp', value: key },
    ];
    await this.#send('input.performActions', {
      context: this.#context,
      actions: [{ type: 'key', id: 'keyboard', actions }],
    });
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send<{ data: string }>('browsingContext.captureScreenshot', {
      context: this.#context,
    });
    return Buffer.from(data, 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) resolve();
      else this.#process.once('exit', () => resolve());
    });
    await this.#bidi?.send('browser.close', {}).catch(() => this.#process.kill());
    this.#bidi?.close();
    if (!this.#bidi) this.#process.kill();
    await ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }

  #send<T>(method: string, params: Readonly<Record<string, unknown>>): Promise<T> {
    if (!this.#bidi) throw new Error('Firefox is not connected');
    return this.#bidi.send<T>(method, params);
  }

  async #connect(): Promise<void> {
    const address = await this.#address();
    this.#bidi = await BidiConnection.open(`${address}/session`, (method, params) => this.#take(method, params));
    await this.#send('session.new', { capabilities: {} });
    const { contexts } = await this.#send<{ contexts: readonly { context: string }[] }>('browsingContext.getTree', {});
    this.#context = contexts[0].context;
    await this.#send('session.subscribe', { events: ['network.beforeRequestSent', 'log.entryAdded'] });
    const viewport = { width: 1280, height: 720 };
    await this.#send('browsingContext.setViewport', { context: this.#context, viewport });
  }

  /** Where Firefox says that it listens. */
  #address(): Promise<string> {
    return new Promise((resolve, reject) => {
      let said = '';
      const timer = setTimeout(() => reject(new Error(`Firefox does not listen: ${said}`)), startMs);
      this.#process.once('error', reject);
      this.#process.once('exit', (code) => reject(new Error(`Firefox ended with ${code}: ${said}`)));
      this.#process.stderr?.on('data', (text: Buffer) => {
        said += text.toString('utf8');
        const address = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(said)?.[1];
        if (!address) return;
        clearTimeout(timer);
        resolve(address);
      });
    });
  }

  #take(method: string, params: unknown): void {
    if (method === 'network.beforeRequestSent')
      this.requests.push((params as { request: { url: string } }).request.url);
    else if (method === 'log.entryAdded') {
      const { level, text } = params as { level: string; text: string };
      if (level === 'error') this.errors.push(text);
    }
  }
}
