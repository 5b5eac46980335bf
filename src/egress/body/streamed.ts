import { EgressError } from '../errors.ts';

/** A body that is made while it is sent. `chunks` is called at most once, and must yield `length` bytes in all. */
export interface StreamedBody {
  length: number;
  chunks(): AsyncIterable<Buffer>;
}

/** What a body on its way waits for: its source to make a chunk, or the socket to take one. */
export type AwaitedSide = 'source' | 'socket';

/** The chunks of a body; tells at each turn what is waited for. What the source throws becomes a `body_failed`. */
export async function* produce(
  body: StreamedBody,
  onAwait: (side: AwaitedSide) => void,
): AsyncGenerator<Buffer> {
  try {
    onAwait('source');
    for await (const chunk of body.chunks()) {
      onAwait('socket');
      yield chunk;
      onAwait('source');
    }
  } catch (cause) {
    throw new EgressError('body_failed', { cause });
  }
}
