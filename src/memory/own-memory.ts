/** The bytes, in memory that holds nothing else and so can move to another thread. */
export function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isAlone(bytes) ? bytes : new Uint8Array(bytes);
}

/**
 * Frees the memory of bytes that nobody uses any more, unless it holds something else: the garbage
 * collector has no reason to hurry.
 */
export function release(bytes: Uint8Array): void {
  if (isAlone(bytes)) bytes.buffer.transfer(0);
}

/**
 * Whether the memory of bytes holds nothing else. Empty memory never counts: many hold the same,
 * and none of them could use it once it has moved.
 */
function isAlone(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && byteLength > 0 && byteLength === buffer.byteLength;
}
