import type { ChildNode, Document, Element, ParentNode } from 'domhandler';
import { isElement } from '../dom/index.ts';
import { removeNoise } from './noise/index.ts';
import { prune } from './rules/prune.ts';
import { selectBlocks } from './rules/select.ts';
import type { Forest } from './signals/forest.ts';
import type { Lexicon } from './signals/words/lexicon.ts';
import { declarationsOf } from './signals/declarations.ts';
import { type Page, readPage } from './signals/page.ts';

/** What was learnt from annotated pages. */
export interface Model {
  lexicon: Lexicon;
  forest: Forest;
}

function find(node: ParentNode, name: string): Element | null {
  for (const child of node.children) {
    if (!isElement(child)) continue;
    const found = child.name === name ? child : find(child, name);
    if (found !== null) return found;
  }
  return null;
}

/** Where content lies: the body, unless the markup left text outside of it. */
function contentOf(document: Document, { root, containers }: Page): ParentNode {
  const body = find(document, 'body');
  return body !== null && containers.get(body)?.chars === root.chars ? body : document;
}

/**
 * The nodes of the page's main content in document order, boilerplate removed. Changes the tree:
 * metadata and links are to be read before. Never empty where the body has text. The model: the
 * page is cut into blocks, stretches of text that no block element interrupts. Each block is
 * described by signals (its wording, its neighbours, the heading that it stands under, how far it
 * speaks of what the page is about, its place, the elements around it and what they call
 * themselves, how often they repeat, where the bulk of the running text lies), a forest
 * of small decision trees turns those into the probability that the block is content, and the set
 * of blocks with the greatest expected F1 is kept. Then what is left empty is pruned. Linear in the
 * size of the page, but for sorting its blocks.
 */
export function findContent(document: Document, url: string, { lexicon, forest }: Model): ChildNode[] {
  const declarations = declarationsOf(document);
  removeNoise(document);
  const page = readPage(document, url, declarations, lexicon);
  const content = contentOf(document, page);
  const chosen = selectBlocks(page, forest);
  if (chosen.size > 0) prune(content, page, chosen);
  return content.children;
}
