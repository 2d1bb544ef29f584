/** 'a, b and 2 more': the first names of a list, `most` of them, and how many follow. */
export function namesText(names: readonly string[], most: number): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** '1 link', '2 links': a count with its noun; `plural` where an s does not do. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
