import { describe, expect, it } from 'vitest';
import { sleepyClock } from '../src/core/testing/sleepy-clock.ts';
import type { ByteSource } from '../src/formats/image-file.ts';
import { patientReads } from './patient-reads.ts';

/** A drive whose reads are answered when somebody says so. */
function drive() {
  const clock = sleepyClock();
  const said: (string | null)[] = [];
  const asked: { readonly name: string; readonly answer: () => void }[] = [];
  const patient = patientReads({ onWaiting: (file) => said.push(file), setTimer: clock.setTimer });
  const file = (name: string): ByteSource =>
    patient({
      name,
      size: 4,
      read: () => new Promise((resolve) => asked.push({ name, answer: () => resolve(new Uint8Array([1, 2])) })),
    });
  /** Promises that are ready have run, then time passes. */
  const pass = async (ms: number, by: 'pass' | 'sleep' = 'pass') => {
    for (let k = 0; k < 9; k++) await Promise.resolve();
    clock[by](ms);
    for (let k = 0; k < 9; k++) await Promise.resolve();
  };
  const outcome = (reading: Promise<Uint8Array>) =>
    reading.then(
      (bytes) => bytes.length,
      (error: unknown) => (error as Error).message,
    );
  return { clock, said, asked, file, pass, outcome };
}

describe('a drive that does not answer', () => {
  it('is named after ten seconds, waited for, and read on when it comes back after a minute', async () => {
    const { said, asked, file, pass, outcome } = drive();
    const reading = outcome(file('a.tif').read(0, 2));
    await pass(9999);
    expect(said).toEqual([]);
    await pass(1);
    expect(said).toEqual(['a.tif']);
    await pass(50_000);
    expect(asked).toHaveLength(1);
    asked[0].answer();
    expect(await reading).toBe(2);
    expect(said).toEqual(['a.tif', null]);
  });

  it('is asked once more, for an answer may be lost, and then given up by the name of the file', async () => {
    const { asked, file, pass, outcome } = drive();
    const lost = outcome(file('a.tif').read(0, 2));
    await pass(200_000);
    expect(asked).toHaveLength(2);
    asked[1].answer();
    expect(await lost).toBe(2);
    const gone = outcome(file('b.tif').read(0, 2));
    await pass(200_000);
    await pass(30_000);
    expect(await gone).toMatch(/^b\.tif: the file cannot be read, its drive does not answer\./);
  });

  it('is given less time for its other files, and all of it once it answers again', async () => {
    const { asked, file, pass, outcome } = drive();
    const [a, b, c] = ['a.tif', 'b.tif', 'c.tif'].map(file);
    const gone = outcome(a.read(0, 2));
    await pass(200_000);
    await pass(30_000);
    await gone;
    // The same file is not waited for again, another one shortly.
    expect(await outcome(a.read(0, 2))).toMatch(/does not answer/);
    const brief = outcome(b.read(0, 2));
    await pass(10_000);
    expect(await brief).toMatch(/^b\.tif/);
    for (const { answer } of asked.splice(0)) answer();
    await pass(0);
    const again = outcome(a.read(0, 2));
    const patient = outcome(c.read(0, 2));
    await pass(60_000);
    for (const { answer } of asked) answer();
    expect([await again, await patient]).toEqual([2, 2]);
  });

  it('is not blamed for a night that the laptop slept', async () => {
    const { said, asked, file, pass, outcome } = drive();
    const reading = outcome(file('a.tif').read(0, 2));
    await pass(4000);
    await pass(9 * 3_600_000, 'sleep');
    expect(said).toEqual([]);
    await pass(100);
    asked[0].answer();
    expect(await reading).toBe(2);
    expect(asked).toHaveLength(1);
  });
});
