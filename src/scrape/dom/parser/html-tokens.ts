import type { Tokenizer } from 'htmlparser2';
import { ScriptEnd } from './script-end.ts';

/** States of htmlparser2's tokenizer. */
const TEXT = 1;
const IN_DECLARATION = 16;
const IN_BOGUS_COMMENT = 20;

const BANG = 0x21;
const DASH = 0x2d;
const SLASH = 0x2f;
const GREATER = 0x3e;
const BRACKET = 0x5b;
const SPACE = 0x20;

const isSpace = (code: number): boolean => code === SPACE || (code >= 9 && code <= 13 && code !== 11);

/** The private parts of a tokenizer that decide where a token ends. */
interface Tokens {
  state: number;
  index: number;
  sectionStart: number;
  sequenceIndex: number;
  readonly buffer: string;
  readonly currentSequence: Uint8Array;
  readonly cbs: { oncomment(start: number, end: number, endOffset: number): void };
  stateBeforeDeclaration(code: number): void;
  stateBeforeComment(code: number): void;
  stateInCommentLike(code: number): void;
  stateBeforeClosingTagName(code: number): void;
  stateInClosingTagName(code: number): void;
  stateInSpecialTag(code: number): void;
}

/** Where a tokenizer of HTML stands. */
interface Place {
  /** Whether it is in SVG or MathML. */
  isForeign: () => boolean;
  isScript: () => boolean;
}

/**
 * Ends tokens where the HTML Standard ends them, and htmlparser2's tokenizer does not: comments,
 * tags without a name, end tags with a slash (13.2.5). The tokenizer must get its text in one
 * piece.
 */
export function endTokensAsHtml(tokenizer: Tokenizer, { isForeign, isScript }: Place): void {
  const tokens = tokenizer as unknown as Tokens;
  endComments(tokens);
  readDeclarations(tokens, isForeign);
  readEndTags(tokens);
  endRawText(tokens, isScript);
}

function toText(tokens: Tokens): void {
  tokens.state = TEXT;
  tokens.sectionStart = tokens.index + 1;
}

/** `--!>` ends a comment, too. */
function endComments(tokens: Tokens): void {
  const inCommentLike = tokens.stateInCommentLike.bind(tokens);
  tokens.stateInCommentLike = (code) => {
    const { index, sectionStart, buffer, currentSequence } = tokens;
    const isComment = currentSequence[0] === DASH;
    const start = index - 3;
    if (code !== GREATER || !isComment || start < sectionStart || !buffer.startsWith('--!', start))
      return inCommentLike(code);
    tokens.cbs.oncomment(sectionStart, index, 3);
    tokens.sequenceIndex = 0;
    toText(tokens);
  };
}

/**
 * `<!>` is an empty comment and `<!->` a short one. Outside of SVG and MathML, `<![CDATA[` opens a
 * comment that the next `>` ends (13.2.5.42).
 */
function readDeclarations(tokens: Tokens, isForeign: () => boolean): void {
  const beforeDeclaration = tokens.stateBeforeDeclaration.bind(tokens);
  tokens.stateBeforeDeclaration = (code) => {
    if (code === GREATER) toText(tokens);
    else beforeDeclaration(code === BRACKET && !isForeign() ? BANG : code);
  };
  const beforeComment = tokens.stateBeforeComment.bind(tokens);
  tokens.stateBeforeComment = (code) => {
    if (code === GREATER) toText(tokens);
    else if (code === DASH) beforeComment(code);
    else tokens.state = IN_DECLARATION;
  };
}

/** `</>` is nothing, `</ b>` a comment, and a slash ends the name of an end tag. */
function readEndTags(tokens: Tokens): void {
  const beforeName = tokens.stateBeforeClosingTagName.bind(tokens);
  tokens.stateBeforeClosingTagName = (code) => {
    if (code === GREATER) toText(tokens);
    else if (isSpace(code)) {
      tokens.state = IN_BOGUS_COMMENT;
      tokens.sectionStart = tokens.index;
    } else beforeName(code);
  };
  const inName = tokens.stateInClosingTagName.bind(tokens);
  tokens.stateInClosingTagName = (code) => inName(code === SLASH ? SPACE : code);
}

/**
 * Ends scripts where browsers do, and the text of scripts, styles and titles at `</style/`, too.
 */
function endRawText(tokens: Tokens, isScript: () => boolean): void {
  const inSpecialTag = tokens.stateInSpecialTag.bind(tokens);
  const scripts = new ScriptEnd();
  tokens.stateInSpecialTag = (code) => {
    const { length } = tokens.currentSequence;
    const atEnd = tokens.sequenceIndex === length && (code === GREATER || code === SLASH || isSpace(code));
    if (!atEnd) return inSpecialTag(code);
    const end = tokens.index - length;
    if (isScript() && !scripts.endsAt(tokens.buffer, tokens.sectionStart, end)) tokens.sequenceIndex = 0;
    inSpecialTag(code === SLASH ? SPACE : code);
  };
}
