import { handOffs } from '../src/formats/index.ts';
import { linksCsv } from '../src/formats/links-csv.ts';
import { linkMatches } from '../src/formats/handoff/link-matches.ts';
import { reportData, reportHtml, type ReportEvidence } from '../src/formats/report-html.ts';
import { solutionFrom, writeSolution } from '../src/formats/solution-json.ts';
import { writeTileConfiguration } from '../src/formats/tile-configuration.ts';
import type { TextExport, TextExportRequest } from './protocol.ts';

/** The small text files of a run, by the writers that the command line uses; a report shows the evidence, if given. */
export async function textExport(request: TextExportRequest, evidence?: ReportEvidence): Promise<TextExport> {
  const { kind, matcher, corrections = [], ...run } = request;
  if (kind === 'tile-configuration') {
    const { text, warnings } = writeTileConfiguration(run.mosaic);
    return { files: [{ name: 'TileConfiguration.registered.txt', text }], warnings };
  }
  const device = matcher ? `${matcher.rung}: ${matcher.device}` : 'unknown';
  const solution = solutionFrom({ ...run, model: matcher?.model ?? null, device });
  if (kind === 'solution') return { files: [{ name: 'solution.json', text: writeSolution(solution) }], warnings: [] };
  if (kind === 'report') {
    const subject = { solution, pairs: run.pairs, mosaic: run.mosaic, corrections, ...(evidence && { evidence }) };
    const data = `${JSON.stringify(reportData(subject), null, 1)}\n`;
    const files = [
      { name: 'report.html', text: reportHtml(subject) },
      { name: 'report.json', text: data },
    ];
    return { files, warnings: [] };
  }
  if (kind === 'links-csv') return { files: [{ name: 'links.csv', text: linksCsv(solution) }], warnings: [] };
  const format = await handOffs[kind].load();
  return format.write({ solution, links: linkMatches(solution, run.pairs), tiles: run.tiles });
}
