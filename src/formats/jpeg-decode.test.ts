import { describe, expect, it } from 'vitest';
import { decodeJpeg, JpegLimit } from './jpeg-decode.ts';

function errorOf(bytes: readonly number[]): Error {
  try {
    decodeJpeg(Uint8Array.from(bytes), null);
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was decoded');
}

const start = [0xff, 0xd8];
const frame = (marker: number, width: number, height: number, parts = 1, length = 8 + 3 * parts) => [
  ...[0xff, marker, length >> 8, length & 255, 8, height >> 8, height & 255, width >> 8, width & 255, parts],
  ...Array<number>(3 * parts).fill(0),
];
const scan = [0xff, 0xda, 0, 2];
const scans = (count: number) => Array.from({ length: count }, () => scan).flat();
const tooMany = 'more than 100 scans';

describe('what a JPEG asks for', () => {
  it('is a hundred scans at most', () => {
    const error = errorOf([...start, ...scans(101)]);
    expect(error).toBeInstanceOf(JpegLimit);
    expect(error.message).toBe(tooMany);
    expect(errorOf([...start, ...scans(100)]).message).not.toBe(tooMany);
  });

  it('counts scans behind segments, markers without a length, fill bytes and coded data', () => {
    for (const between of [
      [0xff, 0xe0, 0, 4, 0xff, 0xda],
      [0xff, 0xd0, 0xff, 0xd7, 0xff, 0xd9],
      [0xff, 0x01],
      [0xff, 0xff, 0xff],
      [0xff, 0x00, 0x12, 0x34],
      [0xff, 0xfe, 0, 0],
      [1, 2, 3],
    ]) {
      expect(errorOf([...start, ...scans(50), ...between, ...scans(51)]).message).toBe(tooMany);
      expect(errorOf([...start, ...scans(50), ...between, ...scans(50)]).message).not.toBe(tooMany);
    }
  });

  it.each([0xc0, 0xc1, 0xc2])('is no more pixels than 512 a byte (frame %d)', (marker) => {
    const early = 'it ends before its pixels do';
    // 16 bytes: 8192 pixels.
    const bytes = [...start, ...frame(marker, 8192, 1), 0];
    expect(bytes.length).toBe(16);
    expect(errorOf(bytes).message).not.toBe(early);
    expect(errorOf([...start, ...frame(marker, 8193, 1), 0]).message).toBe(early);
    expect(errorOf([...start, ...frame(marker, 1, 8193), 0]).message).toBe(early);
    expect(errorOf([...start, ...frame(marker, 300, 300), 0]).message).toBe(early);
  });

  it('is said in a header of the right length', () => {
    const damaged = 'its frame header is damaged';
    expect(errorOf([...start, ...frame(0xc0, 8, 8, 1, 12)]).message).toBe(damaged);
    expect(errorOf([...start, ...frame(0xc0, 8, 8, 3, 16)]).message).toBe(damaged);
    expect(errorOf([...start, ...frame(0xc0, 8, 8).slice(0, 9)]).message).toBe(damaged);
    expect(errorOf([...start, ...frame(0xc0, 8, 8)]).message).not.toBe(damaged);
    expect(errorOf([...start, ...frame(0xc3, 8, 8, 1, 12)]).message).not.toBe(damaged);
  });
});
