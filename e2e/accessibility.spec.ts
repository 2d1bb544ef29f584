import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import { expect, test } from './app.ts';
import { walkScreens } from './screens.ts';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test('axe finds nothing serious on any screen', async ({ app }) => {
  test.setTimeout(900_000);
  const found: string[] = [];
  const seen: string[] = [];
  await walkScreens(app, async (screen) => {
    // Evaluated by the debugger: what the page's own policy forbids to scripts stays forbidden.
    await app.page.evaluate(axeSource);
    const { violations } = await app.page.evaluate(() =>
      (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    seen.push(screen);
    console.log(`${screen}: ${violations.length} findings`);
    for (const { id, impact, nodes } of violations) {
      const line = `${screen}: ${impact} ${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join('\n    ')}`;
      if (impact === 'serious' || impact === 'critical') found.push(line);
      else console.log(line);
    }
  });
  console.log(`axe: ${seen.length} screens: ${seen.join(', ')}`);
  expect(found).toEqual([]);
});
