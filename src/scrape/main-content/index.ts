import type { ChildNode, Document } from 'domhandler';
import { findContent } from './find-content.ts';
import { Forest } from './signals/forest.ts';
import { storedLexicon } from './signals/words/lexicon.ts';
import model from './signals/model.json' with { type: 'json' };

export { removeNoise } from './noise/index.ts';

const MODEL = { lexicon: storedLexicon(model), forest: new Forest(model) };

/** The main content of a page by the model that is stored: see findContent. */
export function mainContent(document: Document, url: string): ChildNode[] {
  return findContent(document, url, MODEL);
}
