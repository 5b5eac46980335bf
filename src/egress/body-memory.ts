/** A body of at most so many bytes may be in memory without room having been made for it. */
export const SMALL_BODY_BYTES = 256 * 1024;
/** No page is larger. What is, a sitemap, asks for room anew once that much of it is there, so that few ever need more. */
export const LARGEST_PAGE_BYTES = 10 * 1024 * 1024;

/** Who sees to it that large bodies do not fill the memory together. */
export interface BodyMemory {
  /** Resolves when there is room for a body of so many bytes. */
  need(bytes: number): Promise<void>;
  /** The body has turned out to be no larger than this. */
  shrink(bytes: number): void;
}
