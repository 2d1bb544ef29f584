import { makeSampleGrid } from '../src/formats/sample-grid.ts';
import type { SampleGrid } from './protocol.ts';
import type { CallContext } from './remote-calls.ts';

/** The built-in sample as files, exactly as if the user had dropped them. */
export async function makeSample(seed: number, context: CallContext): Promise<SampleGrid> {
  const { files, truth } = await makeSampleGrid(seed, context);
  return {
    files: files.map(({ name, bytes }) => ({
      path: `sample/${name}`,
      // A fixed date: the same sample dropped twice is the same files.
      file: new File([bytes as BlobPart], name, { type: 'image/tiff', lastModified: 0 }),
    })),
    truth: JSON.stringify(truth, null, 1),
  };
}
