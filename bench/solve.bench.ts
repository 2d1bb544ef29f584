import { defaultSolveOptions } from '../src/core/graph/pose-graph.ts';
import { solvePoseGraph } from '../src/core/graph/solve.ts';
import { transformModels } from '../src/core/matching/link.ts';
import { silentContext } from '../src/core/progress.ts';
import { cornerErrors, makeSyntheticGraph } from '../src/core/testing/synthetic-graph.ts';

const size = { width: 1000, height: 800 };

/**
 * Times the solver on square grids of 100, 1,000 and 10,000 tiles (link noise 0.1 px and 0.01°, stage error 10 px) for
 * every model, and says how far the worst tile of the largest component is from the truth.
 */
export async function run(write: (line: string) => void = console.log): Promise<void> {
  write(
    'model        tiles  links  wrong  seconds  iterations  solved  median px  worst px  right removed  wrong kept',
  );
  for (const model of transformModels) {
    for (const [rows, columns] of [
      [10, 10],
      [25, 40],
      [100, 100],
    ]) {
      for (const wrongFraction of [0, 0.1]) {
        const { graph, truth, wrong } = makeSyntheticGraph({
          rows,
          columns,
          model,
          wrongFraction,
          linearSigma: 0.002,
          linkSigmaPx: 0.1,
          linkSigmaRad: (0.01 * Math.PI) / 180,
          periodPx: 80,
          seed: 1,
        });
        const start = performance.now();
        const report = await solvePoseGraph(graph, { ...defaultSolveOptions, model }, silentContext);
        const seconds = (performance.now() - start) / 1000;
        const errors = cornerErrors(report.mosaicFromTile, truth, report.components[0], size, model);
        errors.sort((p, q) => p - q);
        const columnsOut = [
          model.padEnd(11),
          String(rows * columns).padStart(6),
          String(graph.links.length).padStart(6),
          wrongFraction.toFixed(2).padStart(6),
          seconds.toFixed(2).padStart(8),
          String(report.iterations).padStart(11),
          String(report.components[0].length).padStart(7),
          errors[errors.length >> 1].toFixed(3).padStart(10),
          errors[errors.length - 1].toFixed(3).padStart(9),
          String(report.edges.filter((edge, l) => edge.removed && !wrong[l]).length).padStart(14),
          String(report.edges.filter((edge, l) => !edge.removed && wrong[l]).length).padStart(11),
        ];
        write(columnsOut.join(' '));
      }
    }
  }
}
