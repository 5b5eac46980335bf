import type { ChildNode } from 'domhandler';
import { oneLine } from '../../../long-text/in-pieces.ts';
import { element } from '../../nodes.ts';

/** How a stretch of text looks, as the names of the HTML elements that say so, outermost first. */
export type Look = readonly string[];

interface Run {
  look: string;
  href: string | null;
  content: (ChildNode | string)[];
}

/** Collects the text of a paragraph; neighbours that look alike become one. */
export class Runs {
  readonly #runs: Run[] = [];

  add(content: ChildNode | string, look: Look = [], href: string | null = null): void {
    if (content === '') return;
    const key = look.join(' ');
    const last = this.#runs.at(-1);
    if (last === undefined || last.look !== key || last.href !== href)
      return void this.#runs.push({ look: key, href, content: [content] });
    const before = last.content.at(-1);
    if (typeof before === 'string' && typeof content === 'string')
      last.content[last.content.length - 1] = before + content;
    else last.content.push(content);
  }

  /** What a picture shows, in its place. */
  alt(text: string | undefined): void {
    const words = oneLine(text ?? '');
    if (words !== '') this.add(element('em', {}, [words]));
  }

  /** Everything as HTML nodes. */
  nodes(): (ChildNode | string)[] {
    return this.#runs.flatMap(({ look, href, content }) => {
      let nodes = content;
      for (const name of look.split(' ').filter(Boolean).toReversed()) nodes = [element(name, {}, nodes)];
      return href === null ? nodes : [element('a', { href }, nodes)];
    });
  }

  get isBlank(): boolean {
    return this.#runs.every(({ content }) =>
      content.every((it) => typeof it === 'string' && it.trim() === ''),
    );
  }
}
