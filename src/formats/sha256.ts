/** SHA-256 of the bytes in lower-case hexadecimal, by the platform. */
export async function sha256Hex(bytes: Uint8Array): Promise<string> {
  // A copy where the bytes lie in shared memory, which the platform's digest refuses.
  const own =
    bytes.buffer instanceof ArrayBuffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes.slice();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
