/** '1 link', '2 links': a count with its noun; `plural` where an s does not do. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
