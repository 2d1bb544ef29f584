import { readFile, writeFile } from 'node:fs/promises';

/** A table of Markdown; numbers are written as they come, so round them first. */
export function markdownTable(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `met` or `MISSED`, for a measured value that has to be at most (or, with `least`, at least) a bound. */
export function verdict(value: number, bound: number, direction: 'most' | 'least' = 'most'): string {
  const isMet = direction === 'most' ? value <= bound : value >= bound;
  return isMet ? 'met' : '**MISSED**';
}

/**
 * Replaces what stands in a file between `<!-- name -->` and `<!-- /name -->`.
 * @throws RangeError when the file has no such pair of markers.
 */
export async function writeBetweenMarkers(path: string, name: string, text: string): Promise<void> {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const whole = await readFile(path, 'utf8');
  const from = whole.indexOf(open);
  const to = whole.indexOf(close, from);
  if (from < 0 || to < 0) throw new RangeError(`${path} has no ${open} … ${close}`);
  await writeFile(path, `${whole.slice(0, from + open.length)}\n\n${text}\n\n${whole.slice(to)}`);
}
