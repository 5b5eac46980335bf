/**
 * A body that is made while it is sent. Each call of `chunks` yields the same bytes, `length` in
 * all.
 */
export interface StreamedBody {
  length: number;
  chunks(): AsyncIterable<Buffer>;
}
