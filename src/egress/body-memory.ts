/** A body of at most so many bytes may be in memory without room having been made for it. */
export const SMALL_BODY_BYTES = 256 * 1024;

/** Who sees to it that large bodies do not fill the memory together. */
export interface BodyMemory {
  /** Resolves when there is room for a body of so many bytes. */
  need(bytes: number): Promise<void>;
  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void;
}
