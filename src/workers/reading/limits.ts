const MIB = 1024 * 1024;

/**
 * The most resident memory of a reader while it reads a page, its code included. A page that needs
 * more costs the reader.
 */
export const MAX_RESIDENT_BYTES = 232 * MIB;
/**
 * A reader that has grown to more than this is replaced after its page, which returns the memory to
 * the system.
 */
export const KEPT_RESIDENT_BYTES = 152 * MIB;
/**
 * The memory that a reader should have left for a page that may need much, and for each byte and
 * each tag of another page.
 */
export const ROOM_BYTES = 80 * MIB;
export const ROOM_PER_BYTE = 64;
export const ROOM_PER_TAG = 2560;
/** What a reader that stays idle must have left: then it has grown by no more than some 20 MiB. */
export const SPARE_ROOM_BYTES = 112 * MIB;
/**
 * V8's heap in a reader: all of it, and the three semi-spaces for new objects. The trees of large
 * pages want room in both.
 */
export const HEAP_MB = 144;
export const SEMI_SPACE_MB = 8;
/** The most CPU time for one page, which does not depend on how busy the machine is. */
export const READING_CPU_MS = 15_000;
/** The most time for one page, on any machine. */
export const READING_WALL_MS = 60_000;
/**
 * The signal that ends a reader whose page takes too much time: it ends a process without a dump.
 */
export const OUT_OF_TIME = 'SIGALRM';
