import { numberIn, parseArguments } from '../cli/arguments.ts';
import { compareWithLibtiff } from './oracle/compare.ts';

const options = { files: { type: 'string' }, seed: { type: 'string' } } as const;
const filesAtOnce = 1000;

/**
 * `npm run bench -- oracle [--files N] [--seed S]`: has libtiff (and PIL for PNG, BMP and JPEG) write N files in every
 * variant that we accept, and compares each sample that our readers give with the one that libtiff reads. Exit status 1
 * when one differs.
 */
export async function run(args: readonly string[], write: (line: string) => void = console.log): Promise<void> {
  const { options: given } = parseArguments(args, options, []);
  const files = numberIn('--files', given.files, 1, 1e6) ?? 5000;
  const seed = numberIn('--seed', given.seed, 0, 2 ** 31) ?? 1;
  const variants = new Set<string>();
  let [done, samples, wrong, worstJpeg, libtiff] = [0, 0, 0, 0, ''];
  for (let first = 0; first < files; first += filesAtOnce) {
    const report = await compareWithLibtiff(seed, first, Math.min(filesAtOnce, files - first));
    done += report.files;
    samples += report.samples;
    wrong += report.wrong.length;
    worstJpeg = Math.max(worstJpeg, report.worstJpeg);
    libtiff = report.libtiff;
    for (const variant of report.variants) variants.add(variant);
    for (const line of report.wrong.slice(0, 20)) write(line);
  }
  write(
    `${done} files of ${variants.size} variants, ${samples} samples, seed ${seed}, ${libtiff}: ${wrong} files with a wrong ` +
      `sample; JPEG within ${worstJpeg} grey levels (tolerance 3), all others exact`,
  );
  if (wrong > 0) process.exitCode = 1;
}
