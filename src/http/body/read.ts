import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { ServiceError } from '../../service-error.ts';

/** By the name of a content coding. */
const DECODERS: Record<string, () => NodeJS.ReadWriteStream> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

export interface ReadOptions {
  /** Most bytes once the body is decompressed. */
  limit: number;
  /** Sees every chunk before it is kept, and may throw to end the reading. */
  onChunk: (chunk: Buffer) => void;
}

/**
 * A request's body, decompressed. Throws ServiceError: `body_too_large` naming the limit,
 * `unsupported_encoding`, `bad_request` where the body breaks off or is not what its
 * Content-Encoding says.
 */
export async function readBody(req: IncomingMessage, { limit, onChunk }: ReadOptions): Promise<Buffer> {
  const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' && Number(req.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const body = decoded(req, encoding);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(limit);
      onChunk(chunk);
      chunks.push(chunk);
    }
  } catch (error) {
    // The rest is read and dropped, so that the client gets the answer and may use the connection
    // again.
    req.unpipe();
    req.resume();
    if (error instanceof ServiceError) throw error;
    throw new ServiceError('bad_request', 'The body could not be read to its end.', { cause: error });
  }
  return Buffer.concat(chunks, bytes);
}

/** Decompression happens in Node's thread pool, chunk by chunk. */
function decoded(req: IncomingMessage, encoding: string): AsyncIterable<unknown> {
  if (encoding === 'identity') return req.iterator({ destroyOnReturn: false });
  const create = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined;
  if (!create)
    throw new ServiceError('unsupported_encoding', 'Send the body as it is, or with gzip, deflate or br.');
  const decoder = create() as unknown as Readable & NodeJS.WritableStream;
  req.once('close', () => {
    if (!req.complete) decoder.destroy(new Error('the request broke off'));
  });
  return req.pipe(decoder);
}

function tooLarge(limit: number): ServiceError {
  const size = limit >= 1024 * 1024 ? `${limit / 1024 / 1024} MiB` : `${limit / 1024} KiB`;
  return new ServiceError(
    'body_too_large',
    `The body of this request may have at most ${size}, decompressed.`,
  );
}
