/* eslint-disable @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- what must be refused is tried */
import { expect, test } from './app.ts';

test('a run with the network and one with SIFT keep to our own origin and break no policy', async ({
  app,
  baseURL,
}) => {
  test.setTimeout(600_000);
  const origin = new URL(baseURL ?? '').origin;
  const requests: string[] = [];
  app.page.on('request', (request) => requests.push(request.url()));
  expect(await app.page.evaluate(() => crossOriginIsolated)).toBe(true);

  await app.openSample();
  await app.stitch();
  await expect(app.byId('rung')).toContainText(/wasm|WebAssembly/i);
  await app.chooseMatcher('sift');
  await app.stitch();
  await expect(app.byId('count-solved')).toContainText('12');
  await app.download('export-solution');
  await app.download('export-tiff');

  const foreign = requests.filter((url) => new URL(url).origin !== origin && !url.startsWith('blob:'));
  expect(foreign).toEqual([]);
  expect(requests.some((url) => url.endsWith('.onnx'))).toBe(true);
  expect(requests.some((url) => url.endsWith('.wasm'))).toBe(true);
  expect(app.page.workers().length).toBeGreaterThan(2);
  expect(await app.violations()).toEqual([]);
});

test('what the policy forbids is refused and seen, in the page and in a worker', async ({ app }) => {
  await app.openSample();
  const refused = await app.page.evaluate(async () => {
    const attempts: Record<string, () => unknown> = {
      html: () => (document.createElement('div').innerHTML = '<b>text</b>'),
      code: () => new Function('return 1')() as unknown,
      script: () =>
        document.head.append(Object.assign(document.createElement('script'), { src: 'data:text/javascript,1' })),
      worker: () => new Worker('https://elsewhere.test/a.js'),
      blobWorker: () => new Worker(URL.createObjectURL(new Blob(['1'], { type: 'text/javascript' }))),
      elsewhere: () => fetch('https://elsewhere.test/'),
      policy: () =>
        (window as unknown as { trustedTypes: { createPolicy(n: string, r: object): void } }).trustedTypes.createPolicy(
          'mine',
          {},
        ),
    };
    const names: string[] = [];
    for (const [name, attempt] of Object.entries(attempts))
      try {
        // In a task of its own: what the test's own evaluation runs may evaluate code.
        await new Promise((resolve) => setTimeout(resolve)).then(attempt);
      } catch {
        names.push(name);
      }
    return names;
  });
  expect(refused).toEqual(['html', 'code', 'script', 'worker', 'blobWorker', 'elsewhere', 'policy']);
  const worker = app.page.workers()[0];
  const inWorker = await worker.evaluate(async () => {
    const isRefused = async (attempt: () => unknown) => {
      try {
        await new Promise((resolve) => setTimeout(resolve)).then(attempt);
        return false;
      } catch {
        return true;
      }
    };
    return [
      await isRefused(() => new Function('return 1')() as unknown),
      await isRefused(() => fetch('https://elsewhere.test/')),
      await isRefused(() => new Worker('data:text/javascript,1')),
    ];
  });
  expect(inWorker).toEqual([true, true, true]);
  const seen = await app.violations();
  expect(seen).toEqual(expect.arrayContaining(['connect-src', 'require-trusted-types-for', 'trusted-types']));
  expect(seen.filter((directive) => directive.startsWith('worker: '))).not.toEqual([]);
  app.pageErrors.length = 0; // these were asked for
  app.forgetViolations();
});

test('the diagnostics are shown before they are saved, and name no file', async ({ app }) => {
  await app.openSample();
  await app.byId('diagnostics-button').click();
  const text = app.byId('diagnostics-text');
  await expect(text).toContainText('cross-origin isolated: yes');
  await expect(text).toContainText('12 images read, 12 to stitch');
  await expect(text).toContainText('sample starts');
  await expect(text).not.toContainText('sample_r1_c1');
  await app.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.byId('diagnostics-copy').click();
  await expect(app.byId('diagnostics-copy')).toHaveText('Copied');
  expect(await app.page.evaluate(() => navigator.clipboard.readText())).toBe(await text.textContent());
  const saving = app.page.waitForEvent('download');
  await app.byId('diagnostics-save').click();
  expect((await saving).suggestedFilename()).toBe('em-stitch-diagnostics.txt');
});
