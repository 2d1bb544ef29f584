import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawsOf } from './draw.ts';
import { havoc } from './havoc.ts';
import { judge } from './judge.ts';
import { targetIds, targets } from './targets.ts';

const mended = new URL('./corpus/mended/', import.meta.url);
const casesPerReader = 60;
const maxSeconds = 2;

describe.each(targetIds)('the reader %s', (id) => {
  const folder = new URL(`${id}/`, mended);
  const known = readdirSync(mended).includes(id) ? readdirSync(folder) : [];
  it.each(known)('takes %s, which it once failed on', async (name) => {
    const start = process.cpuUsage();
    expect(await judge(id, new Uint8Array(readFileSync(new URL(name, folder))))).toMatchObject({ failure: null });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(maxSeconds);
  });

  it(`ends ${casesPerReader} seeded inputs with a value or a typed error`, async () => {
    const { words, generate } = targets[id];
    for (let index = 0; index < casesPerReader; index++) {
      const draw = drawsOf(11, index);
      const base = generate(draw);
      const bytes = index % 2 === 0 ? base : havoc(draw, base, { other: generate(draw), words });
      expect(await judge(id, bytes), `case ${index} of seed 11`).toMatchObject({ failure: null });
    }
  });
});
