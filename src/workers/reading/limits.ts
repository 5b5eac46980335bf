const MIB = 1024 * 1024;

/**
 * The most resident memory of a reader while it reads a page, its code included. A page that needs
 * more costs the reader.
 */
export const MAX_RESIDENT_BYTES = 232 * MIB;
/**
 * A reader that holds more than this after a page returns what it does not use to the system, which
 * takes some 50 ms; it is replaced where that is not enough. So a page finds 80 MiB.
 */
export const KEPT_RESIDENT_BYTES = 152 * MIB;
/** The same of a reader that rests: then it has grown by no more than some 20 MiB. */
export const RESTING_RESIDENT_BYTES = 120 * MIB;
/**
 * V8's heap in a reader: all of it, and the three semi-spaces for new objects. The trees of large
 * pages want room in both. With 144 MB garbage alone brought pages of 2.5 MB up to
 * MAX_RESIDENT_BYTES at times; with 108 they took no more CPU time.
 */
export const HEAP_MB = 120;
export const SEMI_SPACE_MB = 8;
/** The most CPU time for one page, which does not depend on how busy the machine is. */
export const READING_CPU_MS = 15_000;
/** The most time for one page, on any machine. */
export const READING_WALL_MS = 60_000;
/**
 * The signal that ends a reader whose page takes too much time: it ends a process without a dump.
 */
export const OUT_OF_TIME = 'SIGALRM';
