import type { ByteSource } from '../src/formats/image-file.ts';
import { patientReads } from './patient-reads.ts';
import { tellWaiting } from './remote-calls.ts';

/** Patient reads of a worker, which tells its page of the file that it waits for. */
export function workerReads(page: { postMessage(message: unknown): void }): (source: ByteSource) => ByteSource {
  return patientReads({
    onWaiting: (file) => tellWaiting(page, file),
    setTimer(then, ms) {
      const timer = setTimeout(then, ms);
      return () => clearTimeout(timer);
    },
  });
}
