import { linksCsv } from '../src/formats/links-csv.ts';
import { solutionFrom, writeSolution } from '../src/formats/solution-json.ts';
import { writeTileConfiguration } from '../src/formats/tile-configuration.ts';
import type { TextExport, TextExportRequest } from './protocol.ts';

/** The small text files of a run, by the writers that the command line uses. */
export function textExport(request: TextExportRequest): TextExport {
  const { kind, matcher, ...run } = request;
  if (kind === 'tile-configuration')
    return { name: 'TileConfiguration.registered.txt', ...writeTileConfiguration(run.mosaic) };
  const device = matcher ? `${matcher.rung}: ${matcher.device}` : 'unknown';
  const solution = solutionFrom({ ...run, model: matcher?.model ?? null, device });
  return kind === 'solution'
    ? { name: 'solution.json', text: writeSolution(solution), warnings: [] }
    : { name: 'links.csv', text: linksCsv(solution), warnings: [] };
}
