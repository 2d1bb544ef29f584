import { describe, expect, it } from 'vitest';
import { scenarios } from './cli-scenarios.ts';
import { sweepCli } from './cli-sweep.ts';

/** One point in so many; `npm run bench -- faults` tries them all. */
const step = 150;

describe.each(scenarios.filter(({ name }) => ['stitch', 'stitch --stack', 'compose m.ozx'].includes(name)))(
  'em-stitch: $name',
  (scenario) => {
    it('keeps its promises whichever call to the system fails (a sample)', async () => {
      const { runs, failures } = await sweepCli(scenario, { step, seed: 11 });
      expect(runs).toBeGreaterThan(1);
      expect(failures).toEqual([]);
    });
  },
);
