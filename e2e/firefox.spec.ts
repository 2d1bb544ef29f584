import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { findFirefox, FirefoxPage } from './firefox/firefox.ts';

const command = findFirefox();

/** The attribute of the element with this test id, or null. */
const attribute = (testId: string, name: string) =>
  `document.querySelector('[data-testid="${testId}"]')?.getAttribute('${name}') ?? null`;
const text = (testId: string) => `document.querySelector('[data-testid="${testId}"]')?.textContent ?? ''`;
const byId = (testId: string) => `[data-testid="${testId}"]`;

/** How many grey levels the picture of the mosaic has: an empty canvas has one. */
const greyLevels = `(() => {
  const canvas = document.querySelector('[data-testid="mosaic-viewer"] canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const levels = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) levels.add(data[i]);
  return levels.size;
})()`;

test('Firefox: the sample is opened, stitched in WebAssembly, seen and saved [needs firefox-esr]', async ({
  baseURL,
}) => {
  test.setTimeout(480_000);
  test.skip(command === null, 'firefox-esr is not installed: apt-get install firefox-esr');
  if (command === null) return;
  const page = await FirefoxPage.open(command);
  try {
    const origin = baseURL ?? '';
    await page.goto(`${origin}/`);
    await expect.poll(() => page.evaluate('crossOriginIsolated')).toBe(true);
    await page.click(byId('open-sample'));
    const canStitch = `document.querySelector('${byId('stitch-button')}')?.disabled === false`;
    await expect.poll(() => page.evaluate(canStitch), { timeout: 120_000 }).toBe(true);
    await page.click(byId('stitch-button'));
    await expect.poll(() => page.evaluate(attribute('app', 'data-state')), { timeout: 240_000 }).toBe('done');
    await expect.poll(() => page.evaluate(text('count-solved'))).toContain('12');
    expect(await page.evaluate(text('rung'))).toMatch(/wasm|WebAssembly/i);
    await expect
      .poll(() => page.evaluate(attribute('mosaic-viewer', 'data-settled')), { timeout: 60_000 })
      .toBe('true');
    expect(await page.evaluate<number>(greyLevels)).toBeGreaterThan(50);
    writeFileSync('test-results/firefox.png', await page.screenshot());

    await page.click(byId('export-tab'));
    await page.click(byId('export-tiff'));
    const saved = () => readdirSync(page.downloads).filter((name) => /\.tiff?$/.test(name));
    await expect.poll(saved, { timeout: 120_000 }).toHaveLength(1);
    await expect.poll(() => readdirSync(page.downloads).filter((name) => name.endsWith('.part'))).toEqual([]);
    const info = execFileSync('tiffinfo', [join(page.downloads, saved()[0])], { encoding: 'utf8' });
    expect(info).toContain('Software: em-stitch');

    const foreign = page.requests.filter(
      (url) => !/^(blob|data|about|resource|chrome):/.test(url) && !url.startsWith(origin),
    );
    expect(foreign).toEqual([]);
    expect(page.requests.some((url) => url.endsWith('.wasm'))).toBe(true);
    expect(page.errors).toEqual([]);
  } finally {
    await page.close();
  }
});
