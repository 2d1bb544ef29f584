/** `npm run bench -- NAME …`: runs NAME.bench.ts, which exports `run(args)`, and prints what it returns as a table. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Bench {
  run(args: readonly string[]): Promise<unknown>;
}

const suffix = '.bench.ts';
const names = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));

const [name, ...args] = process.argv.slice(2);
if (names.includes(name)) {
  const bench = (await import(`./${name}${suffix}`)) as Bench;
  const rows = await bench.run(args);
  if (Array.isArray(rows)) console.table(rows);
} else {
  process.stderr.write(`usage: npm run bench -- NAME\n  NAME is one of: ${names.join(', ')}\n`);
  process.exitCode = 2;
}
