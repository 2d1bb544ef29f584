/** A chord as it is shown: `Ctrl+Shift+Z`, with signs for arrows. */
export function keyText(chord: string): string {
  return chord.replace('ArrowUp', '↑').replace('ArrowDown', '↓').replace('-', '−');
}
