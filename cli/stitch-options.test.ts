import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultStitchOptions } from '../src/core/options.ts';
import { writeOptions } from '../src/formats/options-json.ts';
import { stitchOptions } from './stitch-options.ts';

const { pair, solve } = defaultStitchOptions;

it('takes the options that the app wrote, and lets flags change them', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'em-stitch-')), 'options.json');
  const options = {
    ...defaultStitchOptions,
    matcher: 'sift' as const,
    pair: { ...pair, minConfidence: 0.4, ransacPx: 5 },
    solve: { ...solve, model: 'rigid' as const, refine: true },
  };
  writeFileSync(path, writeOptions(options));
  expect(stitchOptions({ options: path })).toEqual(options);
  expect(stitchOptions({ options: path, matcher: 'loftr', transform: 'affine' })).toMatchObject({
    matcher: 'loftr',
    pair: { model: 'affine', ransacPx: 5 },
    solve: { model: 'affine', refine: true },
  });
  expect(stitchOptions({})).toEqual(defaultStitchOptions);
});

it('says which file cannot be read', () => {
  expect(() => stitchOptions({ options: '/no/such/file.json' })).toThrow(/such\/file\.json cannot be read/);
});
