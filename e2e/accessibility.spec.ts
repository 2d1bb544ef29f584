import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';
import { expect, test } from './app.ts';
import { walkScreens } from './screens.ts';
import { emptyFolder, stitchTinyGrid } from './tiny-grids.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds, as lines; all of it is written to the log. */
async function findings(page: Page, screen: string): Promise<readonly { serious: boolean; line: string }[]> {
  // Evaluated by the debugger: what the page's own policy forbids to scripts stays forbidden.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  console.log(`${screen}: ${violations.length} findings`);
  return violations.map(({ id, impact, nodes }) => {
    const line = `${screen}: ${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join('\n    ')}`;
    console.log(line);
    return { serious: impact === 'serious' || impact === 'critical', line };
  });
}

test('axe finds nothing serious on any screen', async ({ app }) => {
  test.setTimeout(900_000);
  const found: string[] = [];
  const seen: string[] = [];
  await walkScreens(app, async (screen) => {
    seen.push(screen);
    for (const { serious, line } of await findings(app.page, screen)) if (serious) found.push(line);
  });
  console.log(`axe: ${seen.length} screens: ${seen.join(', ')}`);
  expect(found).toEqual([]);
});

test('axe finds nothing at all in the report that is handed on', async ({ app, browser }) => {
  await stitchTinyGrid(app);
  // A report with a link that was taken out, so that no part of it is empty but the loops.
  await app.byId('link-row').first().click();
  await app.page.keyboard.press('x');
  await app.waitForState('done');
  await app.byId('export-tab').click();
  const saved: Promise<void>[] = [];
  const folder = emptyFolder('report');
  app.page.on('download', (file) => saved.push(file.saveAs(join(folder, file.suggestedFilename()))));
  await app.byId('export-report').click();
  await expect.poll(() => saved.length, { timeout: 120_000 }).toBe(2);
  await Promise.all(saved);
  for (const width of [1280, 800]) {
    const reader = await browser.newContext({ offline: true, viewport: { width, height: 720 } });
    const page = await reader.newPage();
    await page.goto(pathToFileURL(join(folder, 'report.html')).href);
    await expect(page.getByRole('table', { name: 'Pairs, the worst first' })).toBeVisible();
    expect(await findings(page, `report at ${width}`)).toEqual([]);
    await page.screenshot({ path: `test-results/report-${width}.png`, fullPage: true });
    await reader.close();
  }
});
