import { expect, test } from './app.ts';

test('a user tests the matcher on this computer before there are any tiles', async ({ app }) => {
  await app.byId('test-matcher').click();
  await expect(app.byId('progress')).toContainText(/of 16/, { timeout: 60_000 });
  await expect(app.byId('test-matcher')).toBeDisabled();
  const report = app.byId('evaluate-report');
  await expect(report).toBeVisible({ timeout: 180_000 });
  await expect(report).toContainText(/WebAssembly|WebGPU/);
  await expect(app.byId('evaluate-time')).toContainText(/\d+ (m?s), about [\d.]+ pairs a minute|\d+\.\d s, about/);
  await expect(app.byId('evaluate-links')).toHaveText(/^1[0-2] of 12 neighbours$/);
  await expect(app.byId('evaluate-accuracy')).toContainText(/right to 0\.\d\d px/);
  await expect(app.byId('evaluate-false')).toContainText('none');
  await expect(app.byId('evaluate-rung')).toContainText('WebGPU has no graphics device here');
  await app.page.screenshot({ path: 'test-results/evaluate-start.png' });
});

test('a test of the matcher is cancelled at once, and what is tested is what was chosen', async ({ app }) => {
  await app.byId('test-matcher').click();
  await expect(app.byId('progress')).toContainText(/of 16/, { timeout: 60_000 });
  await app.byId('cancel-button').click();
  await app.waitForState('cancelled', 5_000);
  await expect(app.byId('evaluate-report')).toBeHidden();

  await app.openSample();
  await app.chooseMatcher('phase-correlation');
  await app.byId('test-matcher').click();
  await expect(app.byId('evaluate-report')).toContainText('phase-correlation', { timeout: 120_000 });
  await app.page.screenshot({ path: 'test-results/evaluate-options.png' });
});
