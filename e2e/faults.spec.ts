import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserScenarios, sweepBrowser, visitPlan } from '../bench/faults/browser/browser-sweep.ts';
import { installDoorsInBuild } from '../bench/faults/browser/doors-script.ts';
import { sweepExports } from '../bench/faults/browser/export-sweep.ts';
import { createStaticServer } from '../cli/dev/static-server.ts';
import { expect, test } from './app.ts';
import { emptyFolder, writeGrid } from './tiny-grids.ts';

/** A sample of what `npm run bench -- faults --browser` tries: one point in so many. */
const [runStep, exportStep, seed] = [113, 41, 6];

test.describe('the app keeps its promises when a call to the browser fails (a sample)', () => {
  let home: string;
  let server: Server;
  let address: string;

  test.beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'em-stitch-faults-'));
    cpSync('dist', join(home, 'dist'), { recursive: true });
    installDoorsInBuild(join(home, 'dist'));
    server = createStaticServer(join(home, 'dist'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    address = `http://localhost:${(server.address() as AddressInfo).port}/`;
  });

  test.afterAll(() => {
    server.close();
    rmSync(home, { recursive: true });
  });

  test('in a run, in the page or in a worker', async ({ context }) => {
    const { tried } = await sweepBrowser(browserScenarios[0], {
      ...{ contexts: [context], address, home: mkdtempSync(join(home, 'run-')), step: runStep, seed },
    });
    expect(tried.length).toBeGreaterThan(2);
    expect(tried.filter(({ broken }) => broken.length > 0)).toEqual([]);
  });

  test('in an export, or for want of room', async ({ context }) => {
    const plan = await visitPlan(browserScenarios[0], mkdtempSync(join(home, 'export-')));
    const { faulted, refused, failures } = await sweepExports({
      ...{ context, address, plan, step: exportStep, seed, formats: ['tiff'] },
    });
    expect(faulted).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    expect(failures).toEqual([]);
  });
});

test('a tab that is frozen and slowed down in the middle of a run goes on and gives the same solution', async ({
  app,
}) => {
  const folder = emptyFolder('grid');
  await writeGrid(folder);
  const browser = await app.page.context().newCDPSession(app.page);
  await browser.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await app.drop(folder);
  await app.chooseMatcher('sift');
  await app.byId('stitch-button').click();
  await expect(app.byId('progress')).toContainText(/Matching pairs|Loading/, { timeout: 60_000 });
  // As a laptop whose lid closes: nothing of the page runs; what its workers answer waits.
  await browser.send('Page.setWebLifecycleState', { state: 'frozen' });
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await browser.send('Page.setWebLifecycleState', { state: 'active' });
  await app.waitForState('done', 120_000);
  const asleep = readFileSync(await app.download('export-solution'), 'utf8');
  await browser.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await app.byId('start-over').click();
  await app.drop(folder);
  await app.stitch();
  expect(readFileSync(await app.download('export-solution'), 'utf8')).toBe(asleep);
});
