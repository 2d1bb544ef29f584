/** A length on the specimen as people read it. */
export function lengthText(nm: number): string {
  return Math.abs(nm) < 1000 ? `${nm.toFixed(0)} nm` : `${(nm / 1000).toFixed(2)} µm`;
}
