import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type App } from './app.ts';
import { walkScreens } from './screens.ts';

/** The pictures that the README shows; the rest is looked at and thrown away. */
const kept: Readonly<Record<string, string>> = { start: 'start', layout: 'layout', 'inspector-colours': 'app' };
const keptIn = 'docs/images';
/** Where all others go: SCREENSHOTS=folder. */
const folder = process.env.SCREENSHOTS ?? 'out/screenshots';

const desk = { width: 1600, height: 1000 };
const sizes = [
  { width: 1280, height: 720 },
  { width: 1920, height: 1080 },
  { width: 3840, height: 2160 },
] as const;

/** On a 4K screen only these: the layout is one, and a picture takes long to draw without a GPU. */
const largeToo = ['start', 'layout', 'workbench', 'inspector-colours', 'corrections', 'text-size'];
/** Only these: SCREENS=contrast,keys. */
const wanted = process.env.SCREENS?.split(',');

test('pictures of every screen, in three sizes', async ({ app }) => {
  test.setTimeout(3_600_000);
  for (const { width } of sizes) mkdirSync(join(folder, String(width)), { recursive: true });
  mkdirSync(keptIn, { recursive: true });
  await walkScreens(app, async (screen) => {
    if (wanted && !wanted.includes(screen)) return;
    for (const size of sizes)
      if (size.width < 3000 || largeToo.includes(screen)) {
        await shoot(app, size, join(folder, String(size.width), `${screen}.png`));
      }
    if (kept[screen]) await shoot(app, desk, join(keptIn, `${kept[screen]}.png`));
    await app.page.setViewportSize(sizes[0]);
    await settled(app);
  });
});

async function shoot(app: App, size: { readonly width: number; readonly height: number }, path: string) {
  await app.page.setViewportSize(size);
  await settled(app);
  await app.page.screenshot({ path, animations: 'disabled' });
}

/** The mosaic, where there is one, shows what belongs to the new size. */
async function settled(app: App): Promise<void> {
  const viewer = app.byId('mosaic-viewer');
  if (await viewer.isVisible()) await app.page.waitForTimeout(300);
  await app.page.waitForFunction(
    () => document.querySelector('[data-testid="mosaic-viewer"]')?.getAttribute('data-settled') !== 'false',
  );
}
