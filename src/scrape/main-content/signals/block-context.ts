import type { Block, Container } from './blocks.ts';
import { MARKS } from './marks.ts';
import type { Page } from './page.ts';

/** One block in its surroundings: what the signals are computed from. */
export interface ExtractionContext {
  page: Page;
  block: Block;
  index: number;
  /** The block's container and the ones around it; where the page ends, the outermost again. */
  around: Container[];
  /** For each mark how far up the nearest element is that bears it, FAR where none is. */
  distances: Uint8Array;
  /**
   * The nearest container that has at least two siblings like itself, and the next such one around
   * it.
   */
  repeated: Container | null;
  repeatedAround: Container | null;
  core: CoreRelation;
  narrowCore: CoreRelation;
  /** Null where the page has no title. */
  title: CoreRelation | null;
}

/** What is measured of a block. */
export type Signal = (context: ExtractionContext) => number;
/** Measures by name. */
export type Signals = Record<string, Signal>;

/** Where a block stands to the part of the page that holds most of its running text. */
export interface CoreRelation {
  core: Container;
  /** Levels from the block up to the core, FAR outside of it. */
  up: number;
  /** Levels from the core up to what it and the block have in common. */
  away: number;
  common: Container;
}

/** A distance for what is not there. */
export const FAR = 40;
const LEVELS = 4;

function repeatedFrom(container: Container | null): Container | null {
  let at = container;
  while (at !== null && at.repeated < 3) at = at.parent;
  return at;
}

function relationTo(core: Container, container: Container): CoreRelation {
  let at = container;
  let up = 0;
  for (; at.depth > core.depth; up++) at = at.parent!;
  if (at === core) return { core, up, away: 0, common: core };
  let other = core;
  let away = 0;
  for (; other.depth > at.depth; away++) other = other.parent!;
  for (; other !== at; away++) {
    other = other.parent!;
    at = at.parent!;
  }
  return { core, up: FAR, away, common: at };
}

/** Describes one block after another; the context is valid until the next call. */
export class ContextReader {
  readonly #page: Page;
  readonly #distances = new Uint8Array(MARKS.length);

  constructor(page: Page) {
    this.#page = page;
  }

  contextOf(index: number): ExtractionContext {
    const page = this.#page;
    const block = page.blocks[index]!;
    const title = page.blocks[page.titleIndex];
    const around = [block.container];
    while (around.length <= LEVELS) around.push(around.at(-1)!.parent ?? around.at(-1)!);
    const repeated = repeatedFrom(block.container);
    this.#measureDistances(block.container);
    return {
      page,
      block,
      index,
      around,
      distances: this.#distances,
      repeated,
      repeatedAround: repeatedFrom(repeated?.parent ?? null),
      core: relationTo(page.core, block.container),
      narrowCore: relationTo(page.narrowCore, block.container),
      title: title === undefined ? null : relationTo(title.container, block.container),
    };
  }

  #measureDistances(container: Container): void {
    this.#distances.fill(FAR);
    let at: Container | null = container;
    for (let distance = 0; at !== null && distance < FAR; distance++, at = at.parent) {
      for (const mark of at.marks) if (this.#distances[mark]! > distance) this.#distances[mark] = distance;
    }
  }
}
