import { describe, expect, it } from 'vitest';
import { seededRandom } from '../testing/synthetic-graph.ts';
import type { CellPlace } from './section-layout.ts';
import { cellPlacesOf, flagSections, qualityOf, shapeDeviationPx } from './section-quality.ts';
import type { SectionRecord } from './section-quality.ts';

const draw = seededRandom(5);

/** A 4 × 4 section: places with a stage error of 10 px, residuals about 0.8 px. */
function section(change: Partial<SectionRecord['quality']> = {}, stray = 0): SectionRecord {
  const places: CellPlace[] = [];
  for (let row = 0; row < 4; row++)
    for (let column = 0; column < 4; column++)
      places.push({
        row,
        column,
        x: 900 * column + 10 * draw.normal() + (row === 2 && column === 1 ? stray : 0),
        y: 900 * row + 10 * draw.normal(),
        isSolved: true,
      });
  const residualPx = 0.8 + 0.05 * draw.normal();
  return {
    quality: { tiles: 16, solved: 16, pairs: 24, links: 24, residualPx, worstResidualPx: 1.5, ...change },
    places,
  };
}

const measured = (sections: readonly (SectionRecord | null)[]) =>
  flagSections(sections).map((flags) => flags.map(({ measure }) => measure).join());

describe('flagSections', () => {
  it('leaves a steady stack alone', () => {
    for (let run = 0; run < 20; run++)
      expect(measured(Array.from({ length: 30 }, () => section()))).toEqual(Array(30).fill(''));
  });

  it.each([3, 5, 30])('finds the section whose residual jumps among %i, wherever it stands', (count) => {
    for (const bad of new Set([0, 1, count >> 1, count - 1])) {
      const sections = Array.from({ length: count }, (_, k) => section(k === bad ? { residualPx: 3.2 } : {}));
      expect(measured(sections)).toEqual(Array.from({ length: count }, (_, k) => (k === bad ? 'residual' : '')));
    }
  });

  it('finds missing links, tiles that no link holds, and a tile that was flung away', () => {
    const sections = Array.from({ length: 12 }, () => section());
    sections[3] = section({ links: 15 });
    sections[7] = section({ solved: 12 });
    sections[9] = section({}, 400);
    const flags = flagSections(sections);
    expect(flags.map((list) => list.map(({ measure }) => measure).join())).toEqual(
      Array.from({ length: 12 }, (_, k) => ({ 3: 'links', 7: 'solved', 9: 'shape' })[k] ?? ''),
    );
    expect(flags[3][0].sentence).toBe('Only 63 % of its pairs are linked, where the sections around it have 100 %.');
    expect(flags[9][0].sentence).toMatch(
      /^Its tiles lie \d+ px from where its neighbours have them; usual is \d+ px\.$/,
    );
  });

  it('follows a quality that drifts through the stack', () => {
    const sections = Array.from({ length: 60 }, (_, k) => section({ residualPx: 0.8 + 0.05 * k }));
    expect(measured(sections)).toEqual(Array(60).fill(''));
    sections[4] = section({ residualPx: 3.0 });
    expect(measured(sections)[4]).toBe('residual');
  });

  it('passes over sections that are not there, and cannot choose between two', () => {
    expect(measured([section(), null, section(), section({ residualPx: 5 }), null])).toEqual([
      '',
      '',
      '',
      'residual',
      '',
    ]);
    expect(measured([section(), section({ residualPx: 5 })])).toEqual(['', '']);
    expect(measured([])).toEqual([]);
  });
});

describe('the shape of a section', () => {
  it('does not change when the whole is moved and turned', () => {
    const { places } = section();
    const moved = places.map((p) => ({ ...p, x: 0.8 * p.x - 0.6 * p.y + 50, y: 0.6 * p.x + 0.8 * p.y - 7 }));
    expect(shapeDeviationPx(places, moved)).toBeCloseTo(0, 9);
    expect(shapeDeviationPx(places.slice(0, 2), moved)).toBeNull();
  });

  it('is read from a solution', () => {
    const solution = {
      tiles: [
        { state: 'solved', row: 0, column: 1, width: 101, height: 51, mosaicFromTile: [1, 0, 0, 1, 300, 20] },
        { state: 'unplaced', row: null, column: null, width: 101, height: 51, mosaicFromTile: null },
      ],
      links: [
        { state: 'link', residualPx: 0.5 },
        { state: 'link', residualPx: 1.5 },
        { state: 'rejected', residualPx: null },
      ],
    } as const;
    expect(cellPlacesOf(solution)).toEqual([{ row: 0, column: 1, x: 350, y: 45, isSolved: true }]);
    expect(qualityOf(solution)).toEqual({
      tiles: 2,
      solved: 1,
      pairs: 3,
      links: 2,
      residualPx: 1,
      worstResidualPx: 1.5,
    });
  });
});
