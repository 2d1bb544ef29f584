import { deviceTestGrid } from '../src/core/evaluation/device-test.ts';
import type { SyntheticGridOptions } from '../src/core/synthesis/synthetic-grid.ts';
import { makeSampleGrid, sampleOptions } from '../src/formats/sample-grid.ts';
import type { SampleGrid } from './protocol.ts';
import type { CallContext } from './remote-calls.ts';

/** The built-in sample as files, exactly as if the user had dropped them. */
export async function makeSample(seed: number, context: CallContext): Promise<SampleGrid> {
  return gridOf({ ...sampleOptions, seed }, 'sample/', context);
}

/** The grid that a device is tested with, as files; a tile's id is its name in `deviceTestPlan`. */
export async function makeTestGrid(context: CallContext): Promise<SampleGrid> {
  return gridOf(deviceTestGrid, '', context);
}

async function gridOf(options: SyntheticGridOptions, folder: string, context: CallContext): Promise<SampleGrid> {
  const { files, truth } = await makeSampleGrid(options.seed, context, options);
  return {
    files: files.map(({ name, bytes }) => ({
      path: `${folder}${name}`,
      // A fixed date: the same sample dropped twice is the same files.
      file: new File([bytes as BlobPart], name, { type: 'image/tiff', lastModified: 0 }),
    })),
    truth: JSON.stringify(truth, null, 1),
  };
}
