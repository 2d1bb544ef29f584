import { inAwakeTime, whenAwakeFor, type SetTimer } from '../src/core/awake-time.ts';
import { StitchError } from '../src/core/errors.ts';
import type { ByteSource } from '../src/formats/image-file.ts';

/** A read without an answer for so long is worth a word, ms: a network drive that hangs. */
const wordMs = 10_000;
/**
 * So long a read is waited for, ms, before it is made once more, for its answer may be lost, and is given up. Together
 * that is less than a worker may say nothing.
 */
const [firstMs, secondMs] = [200_000, 30_000];
/** A read of another file while one that was given up has still no answer: the drive may be gone for good. */
const briefMs = 10_000;

export interface PatientReadsDeps {
  /** Told of the file that is waited for, null once all have answered. */
  readonly onWaiting: (file: string | null) => void;
  readonly setTimer: SetTimer;
}

/** The same files with reads that end: a drive that hangs is waited for, named, and given up after some minutes. */
export function patientReads({ onWaiting, setTimer }: PatientReadsDeps): (source: ByteSource) => ByteSource {
  const waiting: string[] = [];
  let silentFiles = 0;

  const named = async <T>(name: string, work: Promise<T>): Promise<T> => {
    let isNamed = false;
    const tell = () => {
      isNamed = true;
      waiting.push(name);
      onWaiting(waiting[0]);
    };
    const takeBack = whenAwakeFor(wordMs, tell, setTimer, 2);
    try {
      return await work;
    } finally {
      takeBack();
      if (isNamed) {
        waiting.splice(waiting.indexOf(name), 1);
        onWaiting(waiting[0] ?? null);
      }
    }
  };

  return (source) => {
    let isSilent = false;
    const read = async (offset: number, length: number): Promise<Uint8Array> => {
      if (isSilent) throw silentDrive(source.name);
      const readings: Promise<Uint8Array>[] = [];
      for (const ms of silentFiles > 0 ? [briefMs] : [firstMs, secondMs]) {
        const reading = source.read(offset, length);
        readings.push(reading);
        const bytes = await inAwakeTime(reading, ms, () => null, setTimer);
        if (bytes) return bytes;
      }
      isSilent = true;
      silentFiles++;
      const answer = () => {
        if (isSilent) silentFiles--;
        isSilent = false;
      };
      for (const reading of readings) reading.then(answer, answer);
      throw silentDrive(source.name);
    };
    return { ...source, read: (offset, length) => named(source.name, read(offset, length)) };
  };
}

function silentDrive(file: string): StitchError {
  return new StitchError(
    'unreadable-file',
    `${file}: the file cannot be read, its drive does not answer. Check that it is connected, and drop the folder again.`,
    { file },
  );
}
