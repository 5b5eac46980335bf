import type { ChildNode, Element } from 'domhandler';
import { adopt } from '../../../dom/index.ts';
import { TextBuilder } from '../../../long-text/text-builder.ts';
import { element } from '../../nodes.ts';

function codeBlock(text: string): Element {
  return element('pre', {}, [element('code', {}, [text])]);
}

/** A paragraph that is an item of a list. */
export interface Item {
  /** How deep its list is, 0 for an outermost one. */
  level: number;
  ordered: boolean;
  /** The number of an ordered list's first item. */
  start?: number;
  content: (ChildNode | string)[];
}

const MAX_LEVEL = 8;

/** Collects blocks, and items one after the other into lists that nest by their levels. */
export class BlockList {
  readonly #blocks: ChildNode[] = [];
  #code: TextBuilder | null = null;
  #open: { list: Element; items: Element[]; level: number }[] = [];

  block(...nodes: ChildNode[]): void {
    this.#close(-1);
    if (nodes.length > 0) this.#endCode();
    for (const node of nodes) this.#blocks.push(node);
  }

  /** A line of code, which joins the one before it. */
  code(line: string): void {
    this.#close(-1);
    if (this.#code !== null) this.#code.add('\n');
    this.#code ??= new TextBuilder();
    this.#code.add(line);
  }

  #endCode(): void {
    if (this.#code === null) return;
    this.#blocks.push(codeBlock(this.#code.toString()));
    this.#code = null;
  }

  item({ level, ordered, start, content }: Item): void {
    this.#endCode();
    const depth = Math.min(level, MAX_LEVEL);
    const name = ordered ? 'ol' : 'ul';
    this.#close(depth);
    const last = this.#open.at(-1);
    if (last?.level === depth && last.list.name !== name) this.#close(depth - 1);
    if (this.#open.at(-1)?.level !== depth) this.#begin(name, depth, start);
    this.#open.at(-1)!.items.push(element('li', {}, content));
  }

  /** All blocks, with the lists that were open. */
  take(): ChildNode[] {
    this.#close(-1);
    this.#endCode();
    return this.#blocks;
  }

  #begin(name: string, level: number, start?: number): void {
    const attribs: Record<string, string> =
      name === 'ol' && start !== undefined && start > 1 ? { start: String(start) } : {};
    this.#open.push({ list: element(name, attribs, []), items: [], level });
  }

  /** Ends the lists that are deeper than a level. */
  #close(level: number): void {
    while (this.#open.length > 0 && this.#open.at(-1)!.level > level) {
      const { list, items } = this.#open.pop()!;
      adopt(list, items);
      const parent = this.#open.at(-1)?.items.at(-1);
      if (parent === undefined) this.#blocks.push(list);
      else adopt(parent, [...parent.children, list]);
    }
  }
}
