/** Memory that a browser tells of at least where it may be small, GB: Chromium says 0.25 to 8, others nothing. */
const smallMemoryGigabytes = 4;

/**
 * What of `most` bytes a cache may take on this computer: half where the browser says that it has 4 GB or less. Three
 * workers keep decoded tiles, which is 1.25 GB where each takes its most.
 * @param memoryGigabytes what `navigator.deviceMemory` says; null where it says nothing
 */
export function cacheBudget(most: number, memoryGigabytes: number | null = toldMemory()): number {
  return memoryGigabytes !== null && memoryGigabytes <= smallMemoryGigabytes ? most / 2 : most;
}

function toldMemory(): number | null {
  const { deviceMemory } = navigator as { readonly deviceMemory?: number };
  return deviceMemory ?? null;
}
