import { join } from 'node:path';
import { bendSentences } from '../src/core/diagnosis/bend-sentences.ts';
import { diagnoseAcquisition } from '../src/core/diagnosis/diagnose-acquisition.ts';
import type { StitchResult } from '../src/core/stitch.ts';
import { linksCsv } from '../src/formats/links-csv.ts';
import { solutionFrom, writeSolution, type Solution } from '../src/formats/solution-json.ts';
import { writeTileConfiguration } from '../src/formats/tile-configuration.ts';
import { writeText } from './disk.ts';
import type { GridRun } from './stitch-grid.ts';

/**
 * Writes what a run found into the folder `out`, all but the picture. `section` is the number in a stack.
 * @throws StitchError `write-failed`
 */
export async function writeResults(
  out: string,
  run: GridRun,
  result: StitchResult,
  section?: number,
): Promise<Solution> {
  const { pairs, report, mosaic } = result;
  const { tiles, layout, options } = run;
  const { model, device } = run.loaded;
  const found = { pairs, report, mosaic, model, device, excluded: new Set<string>() };
  const solution = solutionFrom({ tiles, layout, options, ...found, ...(section === undefined ? {} : { section }) });
  await writeText(join(out, 'solution.json'), writeSolution(solution));
  await writeText(join(out, 'links.csv'), linksCsv(solution));
  const { text, warnings } = writeTileConfiguration(mosaic);
  await writeText(join(out, 'TileConfiguration.registered.txt'), text);
  for (const warning of warnings) process.stderr.write(`TileConfiguration.registered.txt: ${warning}\n`);
  if (result.refined) await writeAcquisition(out, run, result);
  return solution;
}

/** What the solution says of the microscope, and which transform would do: OUT/acquisition.json, and the gist of it here. */
async function writeAcquisition(out: string, { tiles, layout }: GridRun, result: StitchResult): Promise<void> {
  const recommendation = result.recommendation ?? null;
  const diagnosis = diagnoseAcquisition(tiles, layout, result.report);
  const line = diagnosis.scan && {
    x: Array.from(diagnosis.scan.line.x),
    stretch: Array.from(diagnosis.scan.line.stretch),
  };
  const { bend = null } = result;
  const scan = diagnosis.scan && { ...diagnosis.scan, line };
  const text = JSON.stringify({ recommendation, elastic: bend, findings: diagnosis.findings, scan }, null, 1);
  await writeText(join(out, 'acquisition.json'), `${text}\n`);
  if (recommendation) process.stderr.write(`${recommendation.sentence}\n`);
  for (const sentence of bend ? bendSentences(bend) : []) process.stderr.write(`${sentence}\n`);
  for (const { sentence, advice } of diagnosis.worthFixing) process.stderr.write(`${sentence} ${advice ?? ''}\n`);
}

/** Says on the terminal what linked and what did not. */
export function reportRun({ pairs, report: solved, mosaic, warnings, shading }: StitchResult): void {
  const links = pairs.filter((pair) => pair.kind === 'link');
  for (const pair of pairs)
    if (pair.kind === 'rejected') process.stderr.write(`no link ${pair.pair.a} – ${pair.pair.b}: ${pair.detail}\n`);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (shading) process.stderr.write(`${shading.sentence}\n`);
  const residuals = solved.edges.filter((edge) => !edge.removed).map((edge) => edge.residualPx);
  const mean = residuals.reduce((sum, px) => sum + px, 0) / Math.max(1, residuals.length);
  process.stderr.write(
    `${links.length} of ${pairs.length} pairs linked, ${residuals.length > 0 ? `mean residual ${mean.toFixed(2)} px, ` : ''}` +
      `mosaic ${mosaic.bounds.width} × ${mosaic.bounds.height} px\n`,
  );
}
