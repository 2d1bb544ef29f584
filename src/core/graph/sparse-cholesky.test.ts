import { describe, expect, it } from 'vitest';
import { inverseDiagonal } from './selected-inverse.ts';
import { analysePattern, withEdges } from './cholesky-pattern.ts';
import { factoriseSome, solveFactored, startFactorisation } from './sparse-cholesky.ts';
import type { Factorisation } from './sparse-cholesky.ts';

/** mulberry32: the tests' own stream. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function gridSystem(rows: number, columns: number, k: number, seed: number) {
  const draw = random(seed);
  const n = rows * columns;
  const from: number[] = [];
  const to: number[] = [];
  for (let i = 0; i < n; i++) {
    // Both directions of an edge occur, and some pairs twice.
    if (i % columns < columns - 1) (draw() < 0.5 ? [from, to] : [to, from]).forEach((list, s) => list.push(i + s));
    if (i + columns < n) [from, to].forEach((list, s) => list.push(i + s * columns));
  }
  from.push(to[0]);
  to.push(from[0]);
  const offDiagonal = Float64Array.from({ length: from.length * k * k }, () => draw() - 0.5);
  const diagonal = new Float64Array(n * k * k);
  // The dense copy is for the small ones only.
  const dense = Array.from({ length: n * k <= 400 ? n * k : 0 }, () => new Float64Array(n * k));
  for (let e = 0; e < from.length && dense.length > 0; e++)
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) {
        dense[from[e] * k + r][to[e] * k + c] += offDiagonal[e * k * k + r * k + c];
        dense[to[e] * k + c][from[e] * k + r] += offDiagonal[e * k * k + r * k + c];
      }
  for (let i = 0; i < n; i++)
    for (let r = 0; r < k; r++)
      for (let c = 0; c < k; c++) {
        const value = r === c ? 4 * k : 0.1;
        diagonal[i * k * k + r * k + c] = value;
        if (dense.length > 0) dense[i * k + r][i * k + c] = value;
      }
  const x = Float64Array.from({ length: n }, (_, i) => (i % columns) + 0.1 * draw());
  const y = Float64Array.from({ length: n }, (_, i) => Math.floor(i / columns) + 0.1 * draw());
  return { from: Int32Array.from(from), to: Int32Array.from(to), x, y, diagonal, offDiagonal, dense };
}

/** Gauss–Jordan: the dense inverse. */
function invertDense(matrix: readonly Float64Array[]): Float64Array[] {
  const n = matrix.length;
  const work = matrix.map((row, i) => {
    const wide = new Float64Array(2 * n);
    wide.set(row);
    wide[n + i] = 1;
    return wide;
  });
  for (let c = 0; c < n; c++) {
    const pivot = work[c][c];
    for (let m = 0; m < 2 * n; m++) work[c][m] /= pivot;
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = work[r][c];
      for (let m = 0; m < 2 * n; m++) work[r][m] -= factor * work[c][m];
    }
  }
  return work.map((row) => row.slice(n));
}

describe.each([1, 2, 3, 4, 6])('block Cholesky with blocks of %i', (k) => {
  const system = gridSystem(5, 7, k, 11 + k);
  const pattern = analysePattern(system.from, system.to, system.x, system.y);
  const inverse = invertDense(system.dense);
  const n = 35;

  const factorise = () => {
    const factor = startFactorisation(pattern, k, system.diagonal, system.offDiagonal);
    // In small portions, as a caller that yields does.
    while (factor.next < n) expect(factoriseSome(factor, 5)).toBe(-1);
    return factor;
  };

  it('solves like the dense inverse', () => {
    const draw = random(5);
    const rhs = Float64Array.from({ length: n * k }, () => draw() - 0.5);
    const solution = rhs.slice();
    solveFactored(factorise(), solution);
    for (let i = 0; i < n * k; i++) {
      let expected = 0;
      for (let j = 0; j < n * k; j++) expected += inverse[i][j] * rhs[j];
      expect(Math.abs(solution[i] - expected)).toBeLessThan(1e-12);
    }
  });

  it('finds the diagonal blocks of the inverse', () => {
    const blocks = inverseDiagonal(factorise());
    for (let i = 0; i < n; i++)
      for (let r = 0; r < k; r++)
        for (let c = 0; c < k; c++)
          expect(Math.abs(blocks[i * k * k + r * k + c] - inverse[i * k + r][i * k + c])).toBeLessThan(1e-12);
  });
});

describe('block Cholesky', () => {
  it('names the node at which the matrix is not positive', () => {
    const system = gridSystem(3, 3, 2, 1);
    system.diagonal[4 * 4] = NaN;
    const pattern = analysePattern(system.from, system.to, system.x, system.y);
    const factor = startFactorisation(pattern, 2, system.diagonal, system.offDiagonal);
    expect(factoriseSome(factor, Infinity)).toBe(4);
  });

  it.each([1, 2, 3])('names any node whose own block is not positive, blocks of %i', (k) => {
    const { from, to, x, y, diagonal, offDiagonal } = gridSystem(3, 4, k, 2);
    const pattern = analysePattern(from, to, x, y);
    for (let i = 0; i < 12; i++)
      for (const value of [0, -1, Infinity]) {
        const broken = diagonal.slice();
        broken[i * k * k] = value;
        expect(factoriseSome(startFactorisation(pattern, k, broken, offDiagonal), Infinity)).toBe(i);
      }
  });

  it('takes any graph, in one go or in portions, and the memory of one that is spent', () => {
    const draw = random(9);
    for (let round = 0; round < 40; round++) {
      const k = 1 + (round % 3);
      const n = 1 + Math.floor(14 * draw());
      const edges = Array.from({ length: Math.floor(3 * n * draw()) }, () => [
        Math.floor(n * draw()),
        Math.floor(n * draw()),
      ]).filter(([a, b]) => a !== b);
      const [from, to] = [0, 1].map((end) => Int32Array.from(edges, (edge) => edge[end]));
      const places = () => Float64Array.from({ length: n }, () => 10 * draw());
      const pattern = analysePattern(from, to, places(), places());
      let spent: Factorisation | undefined;
      for (const portion of [Infinity, 1, 7]) {
        const offDiagonal = Float64Array.from({ length: edges.length * k * k }, () => draw() - 0.5);
        const diagonal = new Float64Array(n * k * k);
        const dense = Array.from({ length: n * k }, () => new Float64Array(n * k));
        edges.forEach(([a, b], e) => {
          for (let r = 0; r < k; r++)
            for (let c = 0; c < k; c++) {
              dense[a * k + r][b * k + c] += offDiagonal[e * k * k + r * k + c];
              dense[b * k + c][a * k + r] += offDiagonal[e * k * k + r * k + c];
            }
        });
        for (let i = 0; i < n; i++)
          for (let r = 0; r < k; r++)
            for (let c = 0; c < k; c++) {
              const value = r === c ? 0.5 * edges.length * k + 1 : 0.2;
              diagonal[i * k * k + r * k + c] = value;
              dense[i * k + r][i * k + c] = value;
            }
        const factor = startFactorisation(pattern, k, diagonal, offDiagonal, spent);
        for (let calls = 0; factor.next < n; calls++) {
          expect(calls).toBeLessThan(1000);
          expect(factoriseSome(factor, portion)).toBe(-1);
        }
        const truth = Float64Array.from({ length: n * k }, () => draw() - 0.5);
        const rhs = Float64Array.from(dense, (row) => row.reduce((sum, value, c) => sum + value * truth[c], 0));
        solveFactored(factor, rhs);
        rhs.forEach((value, at) => expect(Math.abs(value - truth[at])).toBeLessThan(1e-11));
        spent = factor;
      }
    }
  });

  it('keeps the fill of a 60 × 60 grid near n log n', () => {
    const system = gridSystem(60, 60, 1, 3);
    const { starts } = analysePattern(system.from, system.to, system.x, system.y);
    // A banded order would have 60 · 3600 = 216,000 blocks.
    expect(starts[3600]).toBeLessThan(90_000);
  });

  it('takes an empty graph and a lone node', () => {
    const none = new Int32Array(0);
    const empty = analysePattern(none, none, new Float64Array(0), new Float64Array(0));
    expect(empty.rows.length).toBe(0);
    const one = analysePattern(none, none, Float64Array.of(3), Float64Array.of(4));
    const factor = startFactorisation(one, 1, Float64Array.of(4), new Float64Array(0));
    expect(factoriseSome(factor, Infinity)).toBe(-1);
    const rhs = Float64Array.of(8);
    solveFactored(factor, rhs);
    expect(rhs[0]).toBe(2);
  });
});

describe('a pattern with edges taken in between', () => {
  it('is that of all of them where their blocks are there, and none where one is not', () => {
    const draw = random(21);
    let [taken, refused] = [0, 0];
    for (let round = 0; round < 300; round++) {
      const n = 2 + Math.floor(9 * draw());
      const edges = Array.from({ length: Math.floor(1.6 * n * draw()) }, () => [
        Math.floor(n * draw()),
        Math.floor(n * draw()),
      ]).filter(([a, b]) => a !== b);
      const x = Float64Array.from({ length: n }, () => 10 * draw());
      const y = Float64Array.from({ length: n }, () => 10 * draw());
      const ends = (list: readonly (readonly number[])[], end: number) => Int32Array.from(list, (edge) => edge[end]);
      const pattern = analysePattern(ends(edges, 0), ends(edges, 1), x, y);
      const a = Math.floor(n * draw());
      const b = (a + 1 + Math.floor((n - 1) * draw())) % n;
      const at = Math.floor((edges.length + 1) * draw());
      const all = [...edges.slice(0, at), [a, b], ...edges.slice(at)];
      const sourceOf = Int32Array.from(all, (_, e) => (e < at ? e : e === at ? -1 : e - 1));
      const found = withEdges(pattern, ends(all, 0), ends(all, 1), sourceOf);
      const [row, column] = [pattern.position[a], pattern.position[b]].sort((p, q) => q - p);
      const hasBlock = pattern.rows.subarray(pattern.starts[column], pattern.starts[column + 1]).includes(row);
      expect(found !== null).toBe(hasBlock);
      if (found === null) {
        refused++;
        continue;
      }
      taken++;
      const offDiagonal = Float64Array.from(all, () => draw() - 0.5);
      const diagonal = new Float64Array(n).fill(all.length + 1);
      const factor = startFactorisation(found, 1, diagonal, offDiagonal);
      expect(factoriseSome(factor, Infinity)).toBe(-1);
      const truth = Float64Array.from({ length: n }, () => draw());
      const rhs = truth.map((value) => value * (all.length + 1));
      all.forEach(([i, j], e) => {
        rhs[i] += offDiagonal[e] * truth[j];
        rhs[j] += offDiagonal[e] * truth[i];
      });
      solveFactored(factor, rhs);
      rhs.forEach((value, i) => expect(Math.abs(value - truth[i])).toBeLessThan(1e-11));
    }
    expect(Math.min(taken, refused)).toBeGreaterThan(30);
  });
});
