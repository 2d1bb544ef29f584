import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentContext } from '../src/core/progress.ts';
import { cropRaster } from '../src/core/raster/raster.ts';
import { defaultSyntheticGrid, planSyntheticGrid, cutGrid } from '../src/core/synthesis/synthetic-grid.ts';
import { defaultTexture, emTexture, renderTexture } from '../src/core/synthesis/texture.ts';
import { truthOf } from '../src/core/synthesis/truth.ts';
import { memorySink } from '../src/formats/memory-sink.ts';
import { writeTiledTiff } from '../src/formats/tiff/tiff-writer.ts';
import { CommandError } from './arguments.ts';
import { evaluateCommand } from './evaluate-command.ts';
import { readEvaluation, type EvaluationFile } from './evaluate-file.ts';
import { parseMatchers } from './evaluate-matchers.ts';
import { svgPlot } from './evaluate-plot.ts';
import { reportText } from './evaluate-report.ts';
import { readTruthFolder } from './evaluate-truth.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const { signal } = new AbortController();

/** Two tiles of 160 px with 30 % overlap, and their truth. */
async function writeSet(into: string): Promise<void> {
  const plan = planSyntheticGrid({
    ...defaultSyntheticGrid,
    rows: 1,
    columns: 2,
    tileSize: { width: 160, height: 160 },
    overlap: { x: 0.3, y: 0.3 },
    maxShiftPx: 3,
  });
  const texture = emTexture({ ...defaultTexture, seed: 2 });
  const source = renderTexture(texture, { x: 0, y: 0, ...plan.sourceSize });
  for (const { name, raster } of cutGrid(source, plan).tiles) {
    const sink = memorySink();
    const image = {
      size: { width: 160, height: 160 },
      channels: 1,
      sampleType: 'uint8',
      pixelSizeNm: null,
      software: 'test',
    } as const;
    await writeTiledTiff(sink, image, async (rect) => [cropRaster(raster, rect)], { tileSize: 256 }, silentContext);
    await writeFile(join(into, name), sink.bytes());
  }
  await writeFile(join(into, 'truth.json'), JSON.stringify(truthOf(plan, 'procedural tissue')));
}

describe('evaluate', () => {
  it('measures a set, takes a second run from its cache, and writes the same report from the JSON alone', async () => {
    await writeSet(folder);
    const json = join(folder, 'out/result.json');
    const cache = join(folder, 'cache');
    const markdown = join(folder, 'out/evaluation.md');
    const common = ['--json', json, '--cache', cache, '--markdown', markdown];
    await evaluateCommand.run([folder, '--matchers', 'sift', ...common], signal);
    const first = await readEvaluation(json);
    const [row] = first.rows;
    expect(row.record.pairs).toHaveLength(1);
    const [pair] = row.record.pairs;
    expect(pair.rejection).toBeNull();
    expect(Math.max(...(pair.pairwise ?? [Infinity]))).toBeLessThan(2);
    expect(pair.overlap).toBeGreaterThan(0.2);
    expect(row.record.quality?.peakSignalToNoiseDb).toBeGreaterThan(25);
    const report = await readFile(markdown, 'utf8');
    expect(report).toContain('| corner error AUC @ 5 px, pairwise |');
    expect(report).toContain('procedural sources');
    expect(await readFile(join(folder, 'out/images/evaluation-corner-error-hard.svg'), 'utf8').catch(() => '')).toBe(
      '',
    );

    await evaluateCommand.run([folder, '--matchers', 'sift', ...common], signal);
    // times are measured, so equal times mean that nothing was measured again
    expect((await readEvaluation(json)).rows).toEqual(first.rows);

    const again = join(folder, 'out/again.md');
    await evaluateCommand.run(['--from', json, json, '--markdown', again], signal);
    expect(await readFile(again, 'utf8')).toBe(report);
  }, 120_000);

  it('gives the same numbers on threads', async () => {
    await writeSet(folder);
    const measureWith = async (jobs: string) => {
      const json = join(folder, `out/jobs-${jobs}.json`);
      const where = ['--json', json, '--cache', join(folder, `cache-${jobs}`)];
      await evaluateCommand.run([folder, '--matchers', 'phase-correlation', '--jobs', jobs, ...where], signal);
      const { rows } = await readEvaluation(json);
      return rows.map((row) => row.record.pairs.map((pair) => ({ ...pair, matchMs: 0, cpuMs: 0 })));
    };
    expect(await measureWith('2')).toEqual(await measureWith('1'));
  }, 120_000);

  it('says what is missing or unknown', async () => {
    const run = (...args: string[]) => evaluateCommand.run(args, signal);
    await expect(run('x')).rejects.toThrow('--json or --markdown is missing');
    await expect(run('--json', 'y')).rejects.toThrow('no DIR');
    await expect(run('x', '--json', 'y', '--matchers', 'surf')).rejects.toThrow(CommandError);
    await expect(run('x', '--json', 'y', '--jobs', '0')).rejects.toThrow('--jobs must be a number');
    await expect(run('--from', join(folder, 'absent.json'), '--json', 'y')).rejects.toThrow('cannot be read');
    await expect(run(folder, '--json', 'y', '--matchers', `loftr:${join(folder, 'no-bundle')}`)).rejects.toMatchObject({
      code: 'bad-model',
    });
  });
});

describe('parseMatchers', () => {
  it('knows the shipped bundles by name and any other by its folder', () => {
    const [sift, tuned, own] = parseMatchers('sift,loftr:finetuned,loftr:/tmp/b');
    expect(sift).toEqual({ label: 'sift', id: 'sift' });
    expect(tuned.bundle).toMatch(/public\/models\/loftr-compact$/);
    expect(own).toEqual({ label: 'loftr:/tmp/b', id: 'loftr', bundle: '/tmp/b' });
    expect(() => parseMatchers('sift,sift')).toThrow('twice');
    expect(() => parseMatchers('loftr:')).toThrow(CommandError);
  });
});

describe('readTruthFolder', () => {
  it.each([
    ['{', 'is no JSON'],
    ['{"version":3,"grids":[]}', 'is no truth of version 1 or 2'],
    ['{"version":2,"tiles":[]}', 'is no truth of version 1 or 2'],
    ['{"version":2,"preset":"x","grids":[]}', 'lists no grid'],
    ['{"version":2,"preset":"x","grids":[{"name":"g","model":"spline"}]}', 'unknown model spline'],
  ])('refuses %s', async (text, message) => {
    const into = await mkdtemp(join(tmpdir(), 'truth-'));
    await writeFile(join(into, 'truth.json'), text);
    await expect(readTruthFolder(into)).rejects.toThrow(message);
    await rm(into, { recursive: true });
  });

  it('is null for a folder without truth', async () => {
    const into = await mkdtemp(join(tmpdir(), 'truth-'));
    expect(await readTruthFolder(into)).toBeNull();
    await rm(into, { recursive: true });
  });
});

describe('the report', () => {
  it('is written without any row, and names the commands that made it', () => {
    const empty: EvaluationFile = {
      version: 1,
      date: '2026-01-01',
      command: 'npm run --silent cli -- evaluate DIR',
      machine: 'a machine',
      matchers: [{ label: 'sift', model: null, modelSha256: null, device: 'JavaScript' }],
      sets: [],
      rows: [],
      realGrids: [],
    };
    const text = reportText(empty, []);
    expect(text).toContain('npm run --silent cli -- evaluate DIR');
    expect(text).not.toContain('NaN');
    expect(text).not.toContain('undefined');
  });

  it('draws a plot whose numbers are all finite', () => {
    const points = [
      { x: 0.001, y: 0 },
      { x: 1, y: 0.5, low: 0.4, high: 0.6 },
      { x: Infinity, y: 1 },
    ];
    const svg = svgPlot({
      title: 'a < b & "c"',
      x: { label: 'x', from: 0.01, to: 10, ticks: [0.01, 1, 10], isLogarithmic: true },
      y: { label: 'y', from: 0, to: 1, ticks: [0, 1] },
      series: [{ label: 'one', points, hasMarkers: true }],
    });
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(svg.match(/<circle/g)).toHaveLength(2);
  });
});
