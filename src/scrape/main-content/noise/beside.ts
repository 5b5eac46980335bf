import { type Element, isText } from 'domhandler';
import { isElement } from '../../dom/index.ts';
import { textOf } from '../../metadata/structured-data.ts';

/** Whether an element is the sign beside a heading or term that links to it, such as ¶. */
function isPermalink({ name, attribs, children }: Element): boolean {
  if (name !== 'a' || !attribs['href']?.includes('#') || children.length !== 1) return false;
  const [sign] = children;
  return isText(sign!) && /^\s{0,20}[¶§#🔗⚓\uF0C1]\uFE0F?\s{0,20}$/u.test(sign.data);
}

const UNSEEN = /(?:^|\s)(?:sr-only|visually-?hidden|screen-reader-text)(?:\s|$)/i;
const NEW_WINDOW =
  /^\W*(?:external link\W*|(?:[\w, ]{0,40}\b)?opens?(?:ing)? [\w ]{0,30}\b(?:tab|window)\W*)$/i;

/** Whether an element says, to those who do not see it, no more than where a link opens. */
function isWindowRemark(element: Element): boolean {
  return UNSEEN.test(element.attribs['class'] ?? '') && NEW_WINDOW.test(textOf(element, 100));
}

/** Whether an element names the language of the code that follows it in a box which does so too. */
function isLanguageLabel({ name, attribs, parent, next }: Element): boolean {
  if (name !== 'span' || attribs['class'] !== 'lang' || !isElement(parent)) return false;
  return /(?:^|\s)language-/.test(parent.attribs['class'] ?? '') && isElement(next) && next.name === 'pre';
}

/** Classes of the boxes in which editors number the lines beside them. */
const GUTTERS = /(?:^|\s)(?:cm-gutters|CodeMirror-gutters|ace_gutter|margin-view-overlays)(?:\s|$)/;

function isGutterOfEditor({ name, attribs }: Element): boolean {
  return name === 'div' && attribs['class'] !== undefined && GUTTERS.test(attribs['class']);
}

/** Whether an element stands beside the text of a page without being a part of it. */
export function isBeside(element: Element): boolean {
  return (
    isPermalink(element) || isWindowRemark(element) || isLanguageLabel(element) || isGutterOfEditor(element)
  );
}
