import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from './app.ts';
import { RecordingHost } from './recording-host.ts';

/** What a visitor may have to wait for before a run is asked for, bytes of compressed script and style. */
const budgetBytes = 350_000;

test('script and style before a run stay within 350 kB compressed, and neither network nor WebAssembly is fetched', async ({
  browser,
}) => {
  const host = new RecordingHost();
  const app = await host.visit(browser, { keepsOffline: false });
  // Tiles read, laid out and shown: all but matching.
  await app.openSample();
  const tiles = await app.byId('layout-table').getAttribute('aria-rowcount');
  await expect(app.byId('layout-preview')).toHaveAttribute('data-thumbnails', tiles ?? '', { timeout: 60_000 });
  const code = [...new Set(host.requests)].filter((path) => /\.(m?js|css)$/.test(path));
  const sizes = code.map((path) => ({
    path,
    bytes: gzipSync(readFileSync(join(host.folder, path)), { level: 9 }).length,
  }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`first load: ${(total / 1000).toFixed(1)} kB gzip in ${code.length} files`);
  for (const { path, bytes } of sizes.sort((p, q) => q.bytes - p.bytes).slice(0, 6))
    console.log(`  ${(bytes / 1000).toFixed(1)} kB ${path}`);
  expect(total).toBeLessThanOrEqual(budgetBytes);
  expect(host.requests.filter((path) => /\.(wasm|onnx)$/.test(path))).toEqual([]);
  await app.page.context().close();
  host.end();
});
