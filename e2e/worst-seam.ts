import { expect, type App } from './app.ts';

/** What a step of the correction did to the error, px. */
export interface Step {
  readonly meanBefore: number;
  readonly meanAfter: number;
  readonly worstBefore: number;
  readonly worstAfter: number;
}

/**
 * The story of a bad seam on a stitched grid: the worst link is found by one key, looked at, corrected by a landmark, and
 * the correction is undone.
 * @returns the residual of the worst link before, and what the landmark did to the error of all links and the landmark
 */
export async function fixWorstSeam(app: App): Promise<{ readonly worstPx: number; readonly step: Step }> {
  const { keyboard } = app.page;
  await app.byId('mosaic-viewer').focus();
  await keyboard.press('n');
  await app.page.getByLabel('Pairs of tiles').focus();
  await keyboard.press('Enter');
  await expect(app.byId('pair-sentence')).not.toBeEmpty();
  const residual = async () =>
    Number.parseFloat((await app.page.locator('[data-number="residual-after"] dd').textContent()) ?? '');
  const worstPx = await residual();
  await keyboard.press('7');
  const step = await setLandmark(app);
  await keyboard.press('Control+z');
  await app.byId('corrections-tab').click();
  await expect(app.byId('edit-entry')).toHaveCount(0);
  await app.waitForState('done');
  await app.byId('inspector-tab').click();
  await expect.poll(residual).toBeCloseTo(worstPx, 2);
  return { worstPx, step };
}

/** Sets a landmark where the tiles show something: each click is a try, what does not snap is undone. */
async function setLandmark(app: App): Promise<Step> {
  const canvas = app.byId('landmark-canvas').locator('canvas');
  const landmarks = app.byId('landmark');
  const note = app.byId('landmark-note');
  await expect(canvas).toBeVisible({ timeout: 60_000 });
  // The crops stand side by side where the overlap is tall, else one above the other; it lies near the gap between them.
  const isTall = (await app.byId('landmark-canvas').getAttribute('data-tall')) === 'true';
  for (const off of [14, 24, 34])
    for (const along of [0.5, 0.3, 0.7, 0.2, 0.4, 0.6, 0.8, 0.1, 0.9]) {
      await expect(canvas).toBeVisible({ timeout: 60_000 });
      const box = await canvas.boundingBox();
      if (!box) throw new Error('the canvas is on the screen');
      const position = isTall
        ? { x: box.width / 2 - off, y: along * box.height }
        : { x: along * box.width, y: box.height / 2 - off };
      await canvas.click({ position });
      if (!(await app.byId('find-partner').isEnabled())) continue;
      await app.byId('find-partner').click();
      await expect(note).toContainText(/Snapped|Nothing to snap/);
      await expect(landmarks).toHaveCount(1);
      await app.waitForState('done');
      if ((await note.textContent())?.includes('Snapped')) return lastStep(app);
      await app.page.keyboard.press('Control+z');
      await expect(landmarks).toHaveCount(0);
      await app.waitForState('done');
    }
  throw new Error('no place of the overlap can be snapped to');
}

/** What the panel of corrections says of the last step; the inspector is shown again. */
async function lastStep(app: App): Promise<Step> {
  await app.byId('corrections-tab').click();
  await expect(app.byId('edit-change')).toContainText(/^landmark/);
  const text = (await app.byId('edit-change').textContent()) ?? '';
  await app.byId('inspector-tab').click();
  const found = /mean ([\d.]+) → ([\d.]+) px, worst ([\d.]+) → ([\d.]+) px/.exec(text)?.slice(1).map(Number);
  if (!found) throw new Error(`the panel says no error: ${text}`);
  const [meanBefore, meanAfter, worstBefore, worstAfter] = found;
  return { meanBefore, meanAfter, worstBefore, worstAfter };
}
