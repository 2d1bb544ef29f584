import { describe, expect, it } from 'vitest';
import { identityAffine } from '../../core/geometry/affine2.ts';
import { bandColumns } from './band.ts';

const strip = { width: 1024, height: 152 };

describe('bandColumns', () => {
  it('holds the radius and the shift of the layout in one block', () => {
    // 128 px and 16 px of slack are 18 columns of 8 px, rounded up to 20
    expect(bandColumns(strip, strip, identityAffine, 128)).toBe(20);
    expect(bandColumns(strip, strip, { ...identityAffine, e: -24, f: 70 }, 128)).toBe(24);
    const turned = { a: Math.cos(0.2), b: Math.sin(0.2), c: -Math.sin(0.2), d: Math.cos(0.2), e: 0, f: 0 };
    // the lower left corner moves by 151 px · sin 0.2 = 30 px
    expect(bandColumns(strip, strip, turned, 128)).toBe(24);
  });

  it('is null where the band is nearly everything, or nothing is known', () => {
    expect(bandColumns({ width: 512, height: 152 }, strip, identityAffine, 128)).toBe(20);
    expect(bandColumns({ width: 512, height: 152 }, { width: 512, height: 152 }, identityAffine, 128)).toBeNull();
    expect(bandColumns(strip, strip, identityAffine, Infinity)).toBeNull();
    expect(bandColumns(strip, strip, { ...identityAffine, e: NaN }, 10)).toBeNull();
  });
});
