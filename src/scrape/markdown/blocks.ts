import type { Element } from 'domhandler';
import { linesOf } from '../long-text/lines.ts';
import { escapeHeadingEnd, fenceFor } from './inline/escape.ts';
import type { MarkdownVisitor } from './visitor.ts';

/** Renders a heading on one line, whatever blocks are in it. */
export function renderHeading(visitor: MarkdownVisitor, element: Element, level: number): void {
  visitor.boundary();
  if (visitor.mode !== null) return renderInPlace(visitor, element);
  for (const mark of visitor.marks) if (mark.awaitsHeading) mark.spent = false;
  const text = visitor.inlineOnly('heading', element.children);
  if (text === '') return;
  visitor.writer.begin('heading');
  visitor.writer.line(`${'#'.repeat(level)} ${escapeHeadingEnd(text)}`);
}

export function renderQuote(visitor: MarkdownVisitor, element: Element): void {
  visitor.boundary();
  if (visitor.mode !== null) return renderInPlace(visitor, element);
  const { writer } = visitor;
  const outerTight = writer.tight;
  const before = writer.previous;
  writer.begin('quote');
  const container = writer.open('> ', '> ');
  writer.tight = false;
  visitor.children(element.children);
  visitor.flush();
  writer.tight = outerTight;
  if (container !== null && !writer.close(container)) writer.restore(before);
}

function renderInPlace(visitor: MarkdownVisitor, element: Element): void {
  visitor.children(element.children);
  visitor.boundary();
}

/** `---`, or `___` where a hyphen would start a list. */
export function renderRule(visitor: MarkdownVisitor): void {
  visitor.boundary();
  if (visitor.mode !== null) return;
  visitor.writer.begin('rule');
  visitor.writer.line(visitor.writer.atMarker ? '___' : '---');
}

/** A fenced code block; where no block can stand, a code span for each line. */
export function renderFence(visitor: MarkdownVisitor, code: string, language: string): void {
  if (code.trim() === '') return;
  visitor.boundary();
  if (visitor.mode !== null) return renderCodeLines(visitor, code);
  const fence = fenceFor(code);
  visitor.writer.begin('fence');
  visitor.writer.line(fence + language);
  visitor.writer.lines(code);
  visitor.writer.line(fence);
}

function renderCodeLines(visitor: MarkdownVisitor, code: string): void {
  for (const line of linesOf(code)) {
    visitor.inline.code(line.trim(), visitor.marks);
    visitor.boundary();
  }
}
