import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { FaultPoint } from '../../../src/core/testing/fault-plan.ts';
import type { BrowserFault } from './browser-faults.ts';

/** The name of the doors' script at the root of a build. */
const scriptName = 'fault-doors.js';

/** `browser-doors.ts` as text that defines `installBrowserDoors`. */
function doorsText(): string {
  const source = readFileSync(fileURLToPath(new URL('browser-doors.ts', import.meta.url)), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  return outputText.replace(/^export (?!\{)/gm, '').replace(/^export \{.*$/gm, '');
}

/** What a tab runs first: the doors, with `point` armed at its first visit and nothing when it is reloaded. */
export function pageScript(point: FaultPoint<BrowserFault> | null, hasGpu: boolean): string {
  return `if (location.protocol.startsWith('http')) {
  // What runs the benches names the functions that it hands to the page.
  globalThis.__name = (named) => named;
  ${doorsText()}
  const isAgain = sessionStorage.getItem('fault-doors') !== null;
  sessionStorage.setItem('fault-doors', 'installed');
  installBrowserDoors({ thread: 'page', hasGpu: ${hasGpu}, point: isAgain ? null : ${JSON.stringify(point)} });
}`;
}

/** Has every worker of a built app run the doors before anything else; the page tells each its plan by its name. */
export function installDoorsInBuild(dist: string): void {
  writeFileSync(join(dist, scriptName), `${doorsText()}\ninstallBrowserDoors(JSON.parse(self.name));\n`);
  const assets = join(dist, 'assets');
  for (const name of readdirSync(assets).filter((file) => /\.worker-.*\.js$/.test(file))) {
    const path = join(assets, name);
    writeFileSync(path, `import '../${scriptName}';\n${readFileSync(path, 'utf8')}`);
  }
}
