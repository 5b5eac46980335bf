import { getDomain } from 'tldts';
import type { CDPSession } from 'playwright-core';

/** The most frames of one page that are read with it. */
const MAX_FRAMES = 20;
const WORLD = 'reader';

interface FrameTree {
  frame: { id: string; url: string };
  childFrames?: FrameTree[];
}

/**
 * Runs in the page, apart from its scripts: the document as HTML, with shadow trees and the frames
 * that were read in their places. Null where it is longer than `max`.
 */
const SERIALISE = `(max) => {
  for (const plea of document.querySelectorAll('noscript')) plea.remove();
  const root = document.documentElement;
  if (!root) return '';
  const elements = [root, ...root.querySelectorAll('*')];
  const nested = elements.some((element) => element.shadowRoot || element.readAs !== undefined);
  const html = nested ? flattened() : root.outerHTML;
  return html.length > max ? null : html;

  function flattened() {
    const inert = document.implementation.createHTMLDocument('');
    const copyOf = (node) => {
      if (node.readAs === undefined) return inert.importNode(node, false);
      const section = inert.createElement('section');
      section.innerHTML = node.readAs;
      return section;
    };
    const childrenOf = (node) => {
      if (node.readAs !== undefined) return [];
      if (node.shadowRoot) return node.shadowRoot.childNodes;
      if (node.localName !== 'slot') return node.childNodes;
      const assigned = node.assignedNodes();
      return assigned.length > 0 ? assigned : node.childNodes;
    };
    const copy = copyOf(root);
    const open = [[root, copy]];
    for (let next = open.pop(); next; next = open.pop()) {
      for (const child of childrenOf(next[0])) {
        const copied = copyOf(child);
        next[1].append(copied);
        if (child.nodeType === Node.ELEMENT_NODE) open.push([child, copied]);
      }
    }
    return copy.outerHTML;
  }
}`;

/** Makes every shadow tree readable. Runs in each page before its own scripts. */
export const OPEN_SHADOWS = `(() => {
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = function (init) {
    return attachShadow.call(this, { ...init, mode: 'open' });
  };
})()`;

/**
 * The document of a page as it stands, in HTML, with its frames of the same site in their places.
 * Null where it is longer than `maxChars`.
 */
export async function snapshot(cdp: CDPSession, maxChars: number): Promise<string | null> {
  const { frameTree } = await cdp.send('Page.getFrameTree');
  return await new Snapshot(cdp, maxChars).read(frameTree);
}

class Snapshot {
  readonly #cdp: CDPSession;
  readonly #maxChars: number;
  #frames = 0;

  constructor(cdp: CDPSession, maxChars: number) {
    this.#cdp = cdp;
    this.#maxChars = maxChars;
  }

  async read({ frame, childFrames = [] }: FrameTree): Promise<string | null> {
    const { executionContextId } = await this.#cdp.send('Page.createIsolatedWorld', {
      frameId: frame.id,
      worldName: WORLD,
    });
    for (const child of childFrames)
      if (sameSite(child.frame.url, frame.url) && this.#frames++ < MAX_FRAMES)
        await this.#embed(child, executionContextId).catch(() => {}); // it has gone, or never came
    const { result } = await this.#cdp.send('Runtime.evaluate', {
      expression: `(${SERIALISE})(${this.#maxChars})`,
      contextId: executionContextId,
      returnByValue: true,
    });
    return (result.value ?? null) as string | null;
  }

  /** Reads a frame, and leaves what it holds at its element, where only the reader sees it. */
  async #embed(child: FrameTree, executionContextId: number): Promise<void> {
    const html = await this.read(child);
    if (html === null) return;
    const { backendNodeId } = await this.#cdp.send('DOM.getFrameOwner', { frameId: child.frame.id });
    const { object } = await this.#cdp.send('DOM.resolveNode', { backendNodeId, executionContextId });
    await this.#cdp.send('Runtime.callFunctionOn', {
      objectId: object.objectId!,
      functionDeclaration: 'function (html) { this.readAs = html; }',
      arguments: [{ value: html }],
    });
  }
}

/** A frame without an address of its own, such as `srcdoc`, belongs to its page's site. */
function sameSite(url: string, parent: string): boolean {
  if (url === 'about:srcdoc' || url.startsWith('blob:')) return true;
  const [host, other] = [URL.parse(url)?.hostname, URL.parse(parent)?.hostname];
  if (host === undefined || host === '' || other === undefined) return false;
  return host === other || (getDomain(host) !== null && getDomain(host) === getDomain(other));
}
