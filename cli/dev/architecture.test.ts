import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One violation a room: what is imported, and the rule that must notice. */
const violations = [
  ['src/core', "import { open } from 'node:fs/promises';", 'open', 'core-knows-nobody'],
  ['src/core', "import type { StitchClient } from '../../../workers/protocol.ts';", '', 'core-knows-nobody'],
  ['src/core/graph', "import type { Mosaic } from '../../mosaic/mosaic.ts';", '', 'core-graph-looks-down'],
  ['src/matchers', "import { openImage } from '../../formats/index.ts';", 'openImage', 'matchers-import-core'],
  ['src/formats', "import * as React from 'react';", 'React', 'formats-import-core'],
  ['src/app', "import { openImage } from '../../formats/png.ts';", 'openImage', 'app-imports-client-and-descriptors'],
  [
    'cli',
    "import { createStitchClient } from '../../workers/client.ts';",
    'createStitchClient',
    'cli-and-bench-import-domain',
  ],
  ['workers', "import * as ort from 'onnxruntime-web';", 'ort', 'onnxruntime-web-in-one-file'],
] as const;

const planted: string[] = [];
const broken = new Map<string, Set<string>>();

beforeAll(() => {
  const files = violations.map(([room, line, value]) => {
    const folder = mkdtempSync(join(room, 'planted-violation-'));
    planted.push(folder);
    const file = join(folder, 'planted.ts');
    writeFileSync(file, `${line}\nexport const planted = ${value || '0 as unknown as StitchClient'};\n`);
    return file;
  });
  const run = spawnSync(
    'npx',
    ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', '--', ...files],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  const report = JSON.parse(run.stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } };
  for (const { from, rule } of report.summary.violations)
    broken.set(from, (broken.get(from) ?? new Set()).add(rule.name));
}, 120_000);
afterAll(() => planted.forEach((folder) => rmSync(folder, { recursive: true })));

describe('the architecture rules fail on a planted violation', () => {
  it.each(violations.map(([room, line, , rule], index) => ({ room, line, rule, index })))(
    'in $room: $line',
    ({ rule, index }) => {
      expect([...(broken.get(join(planted[index], 'planted.ts')) ?? [])]).toContain(rule);
    },
  );
});
