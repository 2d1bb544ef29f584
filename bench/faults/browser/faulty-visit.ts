import type { BrowserContext, CDPSession, Page } from 'playwright';
import type { FaultPoint } from '../../../src/core/testing/fault-plan.ts';
import { dropFolder } from '../../built-app.ts';
import type { FaultDoors, SavedFile } from './browser-doors.ts';
import type { BrowserFault } from './browser-faults.ts';
import { pageScript } from './doors-script.ts';

declare const faultDoors: FaultDoors;

/** What the app shows. */
export interface Shown {
  /** The root's `data-state`. */
  readonly state: string;
  /** The error panel: code and message. */
  readonly errors: readonly string[];
  readonly progress: string;
  /** The number of warnings, as a text; empty for none. */
  readonly warnings: string;
  /** Tiles that are solved, of all. */
  readonly tiles: readonly [number, number];
}

/** What came of a run from the drop to the files. */
export interface VisitOutcome {
  /** `late` when the app neither ended nor said anything in the time that is stated. */
  readonly ended: 'done' | 'failed' | 'late';
  readonly shown: Shown;
  readonly solution: string | null;
  readonly picture: SavedFile | null;
}

/** A grid and what is done with it. */
export interface VisitPlan {
  readonly folder: string;
  readonly matcher: 'phase-correlation' | 'sift' | 'loftr';
  /** Longest time without an end, ms. */
  readonly patienceMs: number;
}

/** What follows an option that was chosen ends before, ms. */
const settleMs = 5000;
/** A text file is there long before, ms. */
const sameErrorMs = 5000;

const at = (testId: string) => `[data-testid="${testId}"]`;

/** What the page counts for the visit: how often the app's state has changed. */
interface Followed {
  statesSeen: number;
}

async function clearStorage(page: Page, address: string): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  await browser.send('Storage.clearDataForOrigin', {
    origin: new URL(address).origin,
    storageTypes: 'indexeddb,file_systems,local_storage',
  });
  await browser.detach();
}

/** Makes a page ready: nothing is kept offline, and a picker answers with a private file, or is not there. */
function prepare(picker: boolean): void {
  Reflect.deleteProperty(Navigator.prototype, 'serviceWorker');
  // Nobody answers the browser's question for a folder here, and the page hears no click until somebody does.
  if ('FileSystemHandle' in window)
    Object.assign(FileSystemHandle.prototype, { requestPermission: async () => 'denied' });
  Reflect.deleteProperty(window, 'showDirectoryPicker');
  Reflect.deleteProperty(window, 'showSaveFilePicker');
  const followed = window as unknown as Followed;
  followed.statesSeen = 0;
  const isApp = ({ target }: MutationRecord) => (target as Element).getAttribute('data-testid') === 'app';
  new MutationObserver((changes) => (followed.statesSeen += changes.filter(isApp).length)).observe(document, {
    subtree: true,
    attributeFilter: ['data-state'],
  });
  if (!picker) return;
  const pick = async ({ suggestedName }: { readonly suggestedName: string }) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('picked', { create: true });
    return folder.getFileHandle(suggestedName, { create: true });
  };
  Object.assign(window, { showSaveFilePicker: pick });
}

/** One tab of the app over faulty doors, in a browser that has kept nothing but the app itself. */
export class FaultyVisit {
  readonly page: Page;
  /** Uncaught errors of the page. */
  readonly pageErrors: string[] = [];
  private browser: CDPSession | null = null;

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.pageErrors.push(error.message));
  }

  static async open(
    context: BrowserContext,
    address: string,
    point: FaultPoint<BrowserFault> | null,
    { picker = false, keepsStorage = false, hasGpu = false } = {},
  ): Promise<FaultyVisit> {
    const page = await context.newPage();
    if (!keepsStorage) await clearStorage(page, address);
    await page.addInitScript({ content: pageScript(point, hasGpu) });
    await page.addInitScript(prepare, picker);
    const visit = new FaultyVisit(page);
    await page.goto(address);
    await page.locator(at('start-page')).waitFor();
    return visit;
  }

  /** Comes back to the app, without faults. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.page.locator(at('start-page')).waitFor();
  }

  /** Takes up the project that is offered first; drops its folder when the app asks for it. */
  async continueProject(plan: VisitPlan): Promise<void> {
    const { page } = this;
    await page
      .locator(`${at('recent-project')} button.primary`)
      .first()
      .click();
    await page
      .locator(`${at('pending-project')}, ${at('stitch-button')}, ${at('cancel-button')}`)
      .first()
      .waitFor();
    if (await page.locator(at('pending-project')).isVisible()) await dropFolder(page, plan.folder);
    // Between what is read and what is stitched it looks settled, for as long as a busy machine takes to know the files.
    for (let calmMs = 0; calmMs < 2000; calmMs += 100) {
      await page.waitForTimeout(100);
      const { state } = await this.shown();
      if (['idle', 'loading', 'running'].includes(state)) calmMs = 0;
    }
  }

  /** Everything a user does, from the drop to the files; goes as far as the app lets it. */
  async work(plan: VisitPlan, { exports = true } = {}): Promise<VisitOutcome> {
    const { page } = this;
    // Who is told to drop a file again does, and who sees no layout.
    const hasNoLayout = await page.locator(`${at('stitch-button')}:disabled`).isVisible();
    const isAsked =
      (await this.shown()).errors.some((error) => error.startsWith('unreadable-file')) || (await this.hasUnreadable());
    await this.dismissErrors();
    if (isAsked || hasNoLayout || (await this.hasNoTiles())) {
      const isRead = await this.after(
        () => dropFolder(page, plan.folder),
        ['ready', 'failed', 'done'],
        plan.patienceMs,
      );
      if (!isRead) return this.outcome('late');
      if (await this.hasNoTiles()) return this.outcome('failed');
    }
    await this.choose(plan.matcher);
    const button = page.locator(at('stitch-button'));
    if (!(await this.canStitch())) return this.outcome('failed');
    if (!(await this.after(() => button.click(), ['done', 'failed', 'cancelled'], plan.patienceMs)))
      return this.outcome('late');
    if ((await this.shown()).state !== 'done') return this.outcome('failed');
    if (!exports) return this.outcome('done');
    const picture = await this.exported('export-tiff', plan.patienceMs);
    if (picture === 'late') return this.outcome('late');
    const solution = await this.exported('export-solution', plan.patienceMs);
    if (solution === 'late') return this.outcome('late', null, picture);
    return this.outcome(picture && solution ? 'done' : 'failed', solution?.text ?? null, picture);
  }

  /** Presses an export button: the file, or null when the app says why there is none. */
  async exported(testId: string, patienceMs: number): Promise<SavedFile | null | 'late'> {
    await this.page.locator(at('export-tab')).click();
    await this.saved();
    const before = (await this.shown()).errors.length;
    // An error may lie over the button; what it says is looked at in the end, so it is not put away.
    await this.page.locator(at(testId)).dispatchEvent('click');
    const startedAt = Date.now();
    while (Date.now() < startedAt + patienceMs) {
      const [saved] = await this.page.evaluate(() => faultDoors.takeSaved());
      if (saved) return saved;
      const { state, errors } = await this.shown();
      // An earlier export may have failed; what is said twice is shown once.
      const isOver = errors.length > before || (state === 'failed' && Date.now() > startedAt + sameErrorMs);
      if (state !== 'running' && isOver) return null;
      await this.page.waitForTimeout(20);
    }
    return 'late';
  }

  /** Presses an export button; true once the job has ended, one way or the other. */
  async pressExport(testId: string, patienceMs: number): Promise<boolean> {
    await this.page.locator(at('export-tab')).click();
    return this.after(() => this.page.locator(at(testId)).click(), ['done', 'failed', 'cancelled'], patienceMs);
  }

  /** What was handed out for download since the last question. */
  saved(): Promise<readonly SavedFile[]> {
    return this.page.evaluate(() => faultDoors.takeSaved());
  }

  /** The files that stand at the place that was picked. */
  picked(): Promise<readonly SavedFile[]> {
    return this.page.evaluate(() => faultDoors.filesIn('picked'));
  }

  /** Takes away all files of the browser's own file system. */
  async forgetFiles(): Promise<void> {
    await this.page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const names = (root as unknown as { keys(): AsyncIterable<string> }).keys();
      for await (const name of names) await root.removeEntry(name, { recursive: true });
    });
  }

  /** Has the browser refuse what goes beyond so many bytes more than are kept now; null for its own limit. */
  async leaveRoom(bytes: number | null): Promise<void> {
    // The limit holds as long as the session that set it.
    this.browser ??= await this.page.context().newCDPSession(this.page);
    const { browser } = this;
    const { origin } = new URL(this.page.url());
    const { usage } = await browser.send('Storage.getUsageAndQuota', { origin });
    await browser.send('Storage.overrideQuotaForOrigin', {
      origin,
      ...(bytes === null ? {} : { quotaSize: usage + bytes }),
    });
  }

  /** What the app shows now. */
  shown(): Promise<Shown> {
    return this.page.evaluate(() => {
      const textOf = (selector: string) => document.querySelector(selector)?.textContent ?? '';
      const numberOf = (name: string) => Number.parseInt(textOf(`[data-testid="count-${name}"]`), 10) || 0;
      const counts = ['solved', 'prior', 'unplaced'].map(numberOf);
      return {
        state: document.querySelector('[data-testid="app"]')?.getAttribute('data-state') ?? 'gone',
        errors: [...document.querySelectorAll('[data-testid="error-panel"] .error')].map(
          (error) => `${error.getAttribute('data-code')}: ${error.querySelector('p')?.textContent ?? ''}`,
        ),
        progress: textOf('[data-testid="progress"]'),
        warnings: textOf('[data-testid="warning-count"]').replace('no warnings', ''),
        tiles: [counts[0], counts[0] + counts[1] + counts[2]] as const,
      };
    });
  }

  /** Presses Cancel; true when the app says at once that it has. */
  async cancel(): Promise<boolean> {
    const button = this.page.locator(at('cancel-button'));
    // What was dropped and never came is no job: another drop takes its place.
    if (!(await button.isVisible())) return true;
    return this.after(() => button.click(), ['cancelled', 'idle', 'ready', 'done'], 3000);
  }

  /** Lets every call succeed from now on. */
  async disarm(): Promise<void> {
    await this.arm(null);
  }

  /** Fails another call of the threads that are alive. */
  async arm(point: FaultPoint<BrowserFault> | null): Promise<void> {
    await this.page.evaluate((next) => faultDoors.arm(next), point);
    for (const worker of this.ownWorkers())
      await worker
        .evaluate((next) => (globalThis as { faultDoors?: FaultDoors }).faultDoors?.arm(next), point)
        .catch(() => undefined); // it has ended
  }

  /** Calls at all doors of all threads so far. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    return new Map((await this.ask((doors) => Object.entries(doors.counts()))).flat());
  }

  async hasStruck(): Promise<boolean> {
    return (await this.ask((doors) => doors.hasStruck())).some(Boolean);
  }

  /** Errors that nobody waited for, in any thread. */
  async unhandled(): Promise<readonly string[]> {
    return (await this.ask((doors) => [...doors.unhandled])).flat();
  }

  matched(): Promise<number> {
    return this.page.evaluate(() => faultDoors.matched());
  }

  close(): Promise<void> {
    return this.page.close();
  }

  /** True once the Stitch button can be pressed. */
  private canStitch(): Promise<boolean> {
    const enabled = this.page.locator(`${at('stitch-button')}:enabled`);
    return enabled.waitFor({ timeout: settleMs }).then(
      () => true,
      () => false,
    );
  }

  private async hasNoTiles(): Promise<boolean> {
    return this.page.locator(at('start-page')).isVisible();
  }

  /** True when the list of problems, or the line above the mosaic, names a file that could not be read. */
  private async hasUnreadable(): Promise<boolean> {
    const problems = this.page.locator(`${at('problem-list')}, ${at('warning-strip')}`);
    return (await problems.allTextContents()).some((text) => /cannot be read/.test(text));
  }

  private async choose(matcher: VisitPlan['matcher']): Promise<void> {
    // The panel is put away when a run ends: what is folded under the hand is unfolded again.
    let why = '';
    for (let left = 4; left > 0; left--) {
      why = await this.chooseOnce(matcher).then(
        () => '',
        (error: unknown) => String(error),
      );
      if (why === '') return;
    }
    throw new Error(`the options cannot be chosen: ${JSON.stringify(await this.shown())}: ${why}`);
  }

  private async chooseOnce(matcher: VisitPlan['matcher']): Promise<void> {
    const within = { timeout: 5000 };
    const panel = this.page.locator(at('options-panel'));
    if (!(await panel.isVisible())) await this.page.locator(at('panel-switch')).click(within);
    if ((await panel.getAttribute('open', within)) === null) await panel.locator('> summary').click(within);
    const choices = [
      [this.page.getByLabel('Matcher', { exact: true }), matcher],
      [this.page.getByLabel('Transform'), 'translation'],
    ] as const;
    for (const [field, value] of choices)
      if ((await field.inputValue(within)) !== value) await field.selectOption(value, within);
  }

  async dismissErrors(): Promise<void> {
    const buttons = this.page.locator(`${at('error-panel')} button`);
    for (let left = await buttons.count(); left > 0; left--) await buttons.first().click();
  }

  /** Does something; true once the app has come to one of these states by it, or says on its first page why it does not. */
  private async after(act: () => Promise<void>, states: readonly string[], withinMs: number): Promise<boolean> {
    const before = await this.page.evaluate(() => (window as unknown as Followed).statesSeen);
    await act();
    const isThere = ({ wanted, seen }: { readonly wanted: readonly string[]; readonly seen: number }) =>
      ((window as unknown as Followed).statesSeen > seen &&
        wanted.includes(document.querySelector('[data-testid="app"]')?.getAttribute('data-state') ?? '')) ||
      (document.querySelector('[data-testid="start-page"]') !== null &&
        document.querySelector('[data-testid="error-panel"] .error') !== null);
    return this.page
      .waitForFunction(isThere, { wanted: states, seen: before }, { timeout: withinMs, polling: 30 })
      .then(
        () => true,
        () => false,
      );
  }

  private async outcome(
    ended: VisitOutcome['ended'],
    solution: string | null = null,
    picture: SavedFile | null = null,
  ): Promise<VisitOutcome> {
    return { ended, shown: await this.shown(), solution, picture };
  }

  /** The workers that have doors: threads of the network's runtime wait for work and answer nobody. */
  private ownWorkers() {
    return this.page.workers().filter((worker) => /\.worker-[^/]*\.js$/.test(worker.url()));
  }

  private async ask<T>(question: (doors: FaultDoors) => T): Promise<readonly T[]> {
    const text = `(${question.toString()})(faultDoors)`;
    const answers = [(await this.page.evaluate(text)) as T];
    for (const worker of this.ownWorkers()) {
      const answer = await worker
        .evaluate<T | null>(`typeof faultDoors === 'undefined' ? null : ${text}`)
        .catch(() => null); // it has ended
      if (answer !== null) answers.push(answer);
    }
    return answers;
  }
}
