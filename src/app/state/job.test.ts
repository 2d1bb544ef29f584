import { describe, expect, it } from 'vitest';
import { StitchError } from '../../core/errors.ts';
import { codeOf } from './job.ts';

describe('the code of an error', () => {
  it.each([
    'Failed to fetch dynamically imported module: http://localhost/assets/tiff-reader-Dye.js',
    'error loading dynamically imported module: http://localhost/assets/a.js',
    'Importing a module script failed.',
  ])('asks to reload where a part of the app is gone: %s', (message) => {
    expect(codeOf(new TypeError(message))).toBe('altered-file');
  });

  it('is the one of the domain, or unexpected', () => {
    expect(codeOf(new StitchError('no-tiles', 'none'))).toBe('no-tiles');
    expect(codeOf(new TypeError('x is undefined'))).toBe('unexpected');
  });
});
