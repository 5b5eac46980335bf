import { createHash } from 'node:crypto';
import type { Signer } from './sign.ts';

/** First pass over a large body: its length and SHA-256, while the signer sees every chunk. */
export async function digestLarge(
  chunks: AsyncIterable<Buffer>,
  signer: Signer,
): Promise<{ bytes: number; digest: Buffer }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    signer.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, digest: hash.digest() };
}
