/** What a graphics device has complained of. */
export interface GraphicsErrors {
  /** The first complaint, null for none. What the device was asked before is told once the thread was given back. */
  readonly first: () => string | null;
}

/**
 * Hears what a graphics device reports to nobody in particular: memory that it did not have, a command that it left out.
 * What is calculated after that is calculated from buffers that hold nothing, and comes without an error.
 * @see WebGPU, "uncapturederror"
 */
export function graphicsErrors(device: EventTarget): GraphicsErrors {
  let first: string | null = null;
  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as Event & { readonly error?: { readonly message?: string } };
    const kind = error?.constructor.name === 'GPUOutOfMemoryError' ? 'out of memory' : 'a command that does not hold';
    first ??= [kind, error?.message?.split('\n')[0]].filter(Boolean).join(': ');
  });
  return { first: () => first };
}
