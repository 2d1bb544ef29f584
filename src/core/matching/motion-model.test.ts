import { describe, expect, it } from 'vitest';
import { applyAffine } from '../geometry/affine2.ts';
import { transformModels } from './link.ts';
import { fillBasis, parameterCount, projectToModel, smallMotion } from './motion-model.ts';

describe.each(transformModels)('a small motion of the model %s', (model) => {
  const count = parameterCount[model];
  const centre = [50, -20] as const;

  it('has the derivatives that central differences give', () => {
    const [rowX, rowY] = [new Float64Array(6).fill(NaN), new Float64Array(6).fill(NaN)];
    fillBasis(model, 13, 7, rowX, rowY);
    for (let k = 0; k < count; k++) {
      const moved = (h: number) => {
        const step = new Float64Array(6);
        step[k] = h;
        return applyAffine(smallMotion(model, step, centre), centre[0] + 13, centre[1] + 7);
      };
      const [ahead, behind] = [moved(1e-5), moved(-1e-5)];
      expect(rowX[k]).toBeCloseTo((ahead.x - behind.x) / 2e-5, 6);
      expect(rowY[k]).toBeCloseTo((ahead.y - behind.y) / 2e-5, 6);
    }
  });

  it('stays exactly in its class, and shifts its centre', () => {
    const step = [3, -4, 0.2, 0.1, -0.05, 0.03];
    const { a, b, c, d, ...shift } = smallMotion(model, step, centre);
    const place = applyAffine({ a, b, c, d, ...shift }, ...centre);
    expect([place.x, place.y]).toEqual([expect.closeTo(53, 9), expect.closeTo(-24, 9)]);
    if (model === 'translation') expect([a, b, c, d]).toEqual([1, 0, 0, 1]);
    else if (model === 'affine') expect([a, b, c, d]).toEqual([1.2, -0.05, 0.1, 1.03]);
    else {
      const scale = model === 'rigid' ? 1 : Math.exp(0.1);
      expect([a, b]).toEqual([expect.closeTo(scale * Math.cos(0.2), 12), expect.closeTo(scale * Math.sin(0.2), 12)]);
      expect([c, d]).toEqual([-b, a]);
    }
  });
});

describe('the nearest motion of a model', () => {
  const bent = { a: 1.1, b: 0.4, c: -0.3, d: 0.95, e: 7, f: -3 };

  it('keeps the image of a point', () => {
    for (const model of transformModels) {
      const near = projectToModel(bent, model, 30, 60);
      const [p, q] = [applyAffine(bent, 30, 60), applyAffine(near, 30, 60)];
      expect(Math.hypot(p.x - q.x, p.y - q.y)).toBeLessThan(1e-9);
    }
    expect(projectToModel(bent, 'translation', 30, 60)).toBe(bent);
    expect(projectToModel(bent, 'affine', 30, 60)).toBe(bent);
  });

  it('is a similarity of least squared difference to the linear part', () => {
    const { a, b, c, d } = projectToModel(bent, 'similarity', 30, 60);
    // The mean of the two ways to read a turn and scale: (a + d)/2, (b − c)/2.
    expect([a, b]).toEqual([expect.closeTo(1.025, 12), expect.closeTo(0.35, 12)]);
    expect([c, d]).toEqual([expect.closeTo(-0.35, 12), expect.closeTo(1.025, 12)]);
    const rigid = projectToModel(bent, 'rigid', 30, 60);
    expect([rigid.a, rigid.b]).toEqual([
      expect.closeTo(1.025 / Math.hypot(1.025, 0.35), 12),
      expect.closeTo(0.35 / Math.hypot(1.025, 0.35), 12),
    ]);
  });
});
